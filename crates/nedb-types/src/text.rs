//! How text is cut into the words that are searched for.
//!
//! One rule serves the index, the query and the search without an index, so that all three find the same. Stemming is
//! a choice of an index and is not done here.

use unicode_segmentation::UnicodeSegmentation;

/// Longest part of a word that counts, in bytes: longer ones are taken for equal when they begin alike.
pub const WORD_BYTES_MAX: usize = 128;

/// Goes over the words of a text in order, lower-cased and cut to [`WORD_BYTES_MAX`].
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
    found.map(|word| {
        let mut word = word.trim_start_matches(|first: char| !first.is_alphanumeric() && first != '_').to_lowercase();
        word.truncate(word.floor_char_boundary(WORD_BYTES_MAX));
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_counts_up_to_a_whole_letter() {
        let text = format!("{}é rest", "x".repeat(WORD_BYTES_MAX - 1));
        assert_eq!(words(&text).collect::<Vec<_>>(), ["x".repeat(WORD_BYTES_MAX - 1).as_str(), "rest"]);
    }
}
