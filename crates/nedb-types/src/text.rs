//! How text is cut into the words that are searched for.
//!
//! One rule serves the index, the query and the search without an index, so that all three find the same. Stemming is
//! a choice of an index and is not done here.

use unicode_segmentation::UnicodeSegmentation;

/// Goes over the words of a text in order, lower-cased.
///
/// Words end where the Unicode rules for word boundaries say so, and at every `"`, which a search needs for its phrases;
/// what has neither a letter nor a digit is no word.
///
/// # Examples
///
/// ```
/// use nedb_types::text::words;
///
/// assert_eq!(words("Don't panic: ÉTÉ 42!").collect::<Vec<_>>(), ["don't", "panic", "été", "42"]);
/// ```
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('"').flat_map(UnicodeSegmentation::unicode_words).map(str::to_lowercase)
}
