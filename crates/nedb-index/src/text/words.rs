//! The words of a document, in order, in one buffer.
//!
//! ```text
//! word 00 | word 00 | ... | 00 between two texts | word 00 | ...
//! ```
//! Promises: two documents have the same postings exactly when their buffers are equal; each word has a place, and the end
//! of a text takes one too, so that no phrase reaches from one text into the next. Leaves to others: cutting text into words.

/// The words of the texts of one document.
///
/// # Examples
///
/// ```
/// use nedb_index::TextWords;
///
/// let mut words = TextWords::new();
/// words.push("red");
/// words.push("wine");
/// words.end_text();
/// words.push("1982");
/// assert_eq!(words.as_bytes(), b"red\0wine\0\x001982\0");
/// assert_eq!(TextWords::of(["red", "wine"]).as_bytes(), b"red\0wine\0");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextWords {
    bytes: Vec<u8>,
}

impl TextWords {
    /// Begins without words.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Takes the words of a single text.
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut all = Self::new();
        for word in words {
            all.push(word);
        }
        all
    }

    /// Adds a word behind the others; an empty one is none, and a zero byte in it does not count.
    pub fn push(&mut self, word: &str) {
        let start = self.bytes.len();
        self.bytes.extend(word.bytes().filter(|byte| *byte != 0));
        if self.bytes.len() > start {
            self.bytes.push(0);
        }
    }

    /// Ends a text: what follows stands in another one.
    pub fn end_text(&mut self) {
        self.bytes.push(0);
    }

    /// Forgets all words.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Returns the buffer, by which two documents are compared.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Goes over the words of a buffer with their places.
pub(crate) fn places(words: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    (0..).zip(words.split(|byte| *byte == 0)).filter(|(_, word)| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_one_text_stands_next_to_one_of_another() {
        let mut words = TextWords::of(["a", "b"]);
        words.end_text();
        words.push("c");
        let found: Vec<_> = places(words.as_bytes()).collect();
        assert_eq!(found, [(0, &b"a"[..]), (1, b"b"), (3, b"c")]);
        assert_ne!(words, TextWords::of(["a", "b", "c"]));
    }
}
