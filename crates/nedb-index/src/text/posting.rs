//! Postings: what the index keeps of one token in one text.
//!
//! ```text
//! key     = 01 | token | 00
//! payload = tokens in the text varint | frequency varint | first position varint | distance to the next varint ...
//! ```
//! Promises: what ranking needs comes first, so that positions are read for phrases only. Leaves to others: tokens.

use std::ops::Range;

use nedb_types::Result;
use nedb_types::codec::{Reader, Writer};
use nedb_types::text::WORD_BYTES_MAX;

use super::words::places;

const SPACE_POSTING: u8 = 1;
const STRUCTURE: &str = "posting";

/// Returns the key of a token.
pub(crate) fn token_key(token: &str) -> Vec<u8> {
    let mut key = token_prefix(token);
    key.push(0);
    key
}

/// Returns what the keys of all tokens with this beginning begin with.
pub(crate) fn token_prefix(beginning: &str) -> Vec<u8> {
    let bytes = beginning.bytes().filter(|byte| *byte != 0).take(WORD_BYTES_MAX);
    std::iter::once(SPACE_POSTING).chain(bytes).collect()
}

/// What ranking needs of a posting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Tokens of the text.
    pub(crate) length: u64,
    /// How often the token is among them.
    pub(crate) frequency: u64,
}

impl Weight {
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Result<Self> {
        // Nearly all texts are short enough for one byte each.
        if let [length @ ..0x80, frequency @ ..0x80, ..] = payload {
            return Ok(Self { length: u64::from(*length), frequency: u64::from(*frequency) });
        }
        let mut reader = Reader::new(payload, STRUCTURE);
        Ok(Self { length: reader.varint()?, frequency: reader.varint()? })
    }
}

/// Reads the positions of a posting, ascending.
pub(crate) fn positions(payload: &[u8], positions: &mut Vec<u64>) -> Result<()> {
    positions.clear();
    let mut reader = Reader::new(payload, STRUCTURE);
    let (_length, frequency) = (reader.varint()?, reader.varint()?);
    let mut position = 0_u64;
    for _ in 0..frequency {
        position = position.saturating_add(reader.varint()?);
        positions.push(position);
    }
    reader.finish()
}

/// The postings of one document: keys and payloads, in the order of keys.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    bytes: Vec<u8>,
    /// Where each key and, behind it, its payload lies.
    places: Vec<(Range<usize>, usize)>,
    /// Words of the document.
    pub(crate) length: u64,
}

impl Postings {
    /// Makes the postings of words in the form of [`TextWords`](super::TextWords).
    pub(crate) fn of(words: &[u8]) -> Self {
        let cut = |word: &[u8]| word.len().min(WORD_BYTES_MAX);
        let mut tokens: Vec<(&[u8], u64)> =
            places(words).map(|(place, word)| (word.get(..cut(word)).unwrap_or(word), place)).collect();
        tokens.sort_unstable();
        let length = tokens.len() as u64;
        let mut postings = Self { bytes: Vec::with_capacity(words.len() * 2), places: Vec::new(), length };
        let mut payload = Writer::new();
        for group in tokens.chunk_by(|a, b| a.0 == b.0) {
            let Some((token, _)) = group.first() else { continue };
            payload.clear();
            payload.varint(length);
            payload.varint(group.len() as u64);
            let mut before = 0;
            for (_, place) in group {
                payload.varint(place - before);
                before = *place;
            }
            postings.push(token, payload.as_bytes());
        }
        postings
    }

    fn push(&mut self, token: &[u8], payload: &[u8]) {
        let start = self.bytes.len();
        self.bytes.push(SPACE_POSTING);
        self.bytes.extend_from_slice(token);
        self.bytes.push(0);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.places.push((start..middle, self.bytes.len()));
    }

    /// Goes over keys and payloads.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let bytes = |range| self.bytes.get(range).unwrap_or_default();
        self.places.iter().map(move |(key, end)| (bytes(key.clone()), bytes(key.end..*end)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextWords;

    #[test]
    fn the_bytes_of_a_posting_are_fixed_and_read_back() {
        let postings = Postings::of(TextWords::of(["b", "a", "b", "b"]).as_bytes());
        let found: Vec<_> = postings.iter().collect();
        assert_eq!(found, [(&[1, b'a', 0][..], &[4, 1, 1][..]), (&[1, b'b', 0], &[4, 3, 0, 2, 1])]);
        let mut places = Vec::new();
        positions(found[1].1, &mut places).unwrap();
        assert_eq!(places, [0, 2, 3]);
        assert_eq!(Weight::read(found[1].1).unwrap(), Weight { length: 4, frequency: 3 });
        for length in 0..5 {
            assert!(positions(&found[1].1[..length], &mut places).is_err());
        }
    }
}
