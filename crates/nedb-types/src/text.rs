//! How text is cut into the words that are searched for.
//!
//! One rule serves the index, the query and the search without an index, so that all three find the same. Stemming is
//! a choice of an index and is not done here.

use unicode_segmentation::UnicodeSegmentation;

/// Goes over the words of a text in order, lower-cased.
///
/// Words end where the Unicode rules for word boundaries say so, and at every `"`, which a search needs for its phrases;
/// what has neither a letter nor a digit is no word. A word begins with a letter, a digit or `_`: the rules would attach a
/// mark without a letter to the space before it.
///
/// # Examples
///
/// ```
/// use nedb_types::text::words;
///
/// assert_eq!(words("Don't panic: ÉTÉ 42!").collect::<Vec<_>>(), ["don't", "panic", "été", "42"]);
/// ```
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let found = text.split('"').flat_map(UnicodeSegmentation::unicode_words);
    found.map(|word| word.trim_start_matches(|first: char| !first.is_alphanumeric() && first != '_').to_lowercase())
}
