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
/// mark without a letter to the space before it. Whoever writes the words down with spaces in between reads the same words
/// again.
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
    found.filter_map(|word| {
        let word = word.trim_start_matches(|first| !begins_word(first)).to_lowercase();
        if word.len() <= WORD_BYTES_MAX {
            return (!word.is_empty()).then_some(word);
        }
        // The word ends before the cut where that leaves a mark that stands between letters, such as an apostrophe, with
        // no letter behind it.
        let start = word.get(..word.floor_char_boundary(WORD_BYTES_MAX))?;
        start.unicode_words().next().map(str::to_owned)
    })
}

/// Whether a word may begin with this letter: some scripts have vowels that count as letters and belong to what is before.
fn begins_word(first: char) -> bool {
    if first.is_ascii() {
        return first.is_ascii_alphanumeric() || first == '_';
    }
    first.is_alphanumeric() && format!(" {first}").split_word_bounds().nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_word_counts_up_to_a_whole_letter() {
        let text = format!("{}é rest", "x".repeat(WORD_BYTES_MAX - 1));
        assert_eq!(words(&text).collect::<Vec<_>>(), ["x".repeat(WORD_BYTES_MAX - 1).as_str(), "rest"]);
    }

    #[test]
    fn a_long_word_does_not_end_with_a_mark_that_stands_between_letters() {
        let (letters, digits) = ("x".repeat(WORD_BYTES_MAX - 1), "7".repeat(WORD_BYTES_MAX - 1));
        for text in [format!("{letters}'s rest"), format!("{letters}:s rest"), format!("{letters}. rest")] {
            assert_eq!(words(&text).collect::<Vec<_>>(), [&*letters, "rest"], "{text}");
        }
        assert_eq!(words(&format!("{digits},5")).collect::<Vec<_>>(), [digits]);
        assert_eq!(words(&format!("{}a b", "_".repeat(WORD_BYTES_MAX))).collect::<Vec<_>>(), ["b"]);
    }

    proptest! {
        #[test]
        fn words_are_their_own_words(
            pieces in vec(
                prop_oneof!["[a-cA-C]{1,60}", "[0-9]{1,40}", "['.:,_·’]", "[ \"-]", Just("\u{301}".to_owned()), "[İΣßéא]", "\\PC{1,3}"],
                0..40,
            )
        ) {
            let found: Vec<String> = words(&pieces.concat()).collect();
            prop_assert!(found.iter().all(|word| !word.is_empty() && word.len() <= WORD_BYTES_MAX), "{:?}", found);
            let again: Vec<String> = words(&found.join(" ")).collect();
            prop_assert_eq!(again, found);
        }
    }
}
