//! Postings: what the index keeps of one token in one text.
//!
//! ```text
//! key     = 01 | token | 00
//! payload = tokens in the text varint | frequency varint | first position varint | distance to the next varint ...
//! ```
//! Promises: what ranking needs comes first, so that positions are read for phrases only. Leaves to others: tokens.

use std::collections::BTreeMap;

use nedb_types::Result;
use nedb_types::codec::{Reader, Writer};

/// Longest part of a token that counts, in bytes: longer ones are taken for equal when they begin alike.
pub const TOKEN_BYTES_MAX: usize = 128;

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
    let bytes = beginning.bytes().filter(|byte| *byte != 0).take(TOKEN_BYTES_MAX);
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

/// Returns the postings of a text: keys and payloads, in the order of keys.
pub(crate) fn postings(tokens: &[impl AsRef<str>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut places: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
    for (position, token) in (0..).zip(tokens) {
        places.entry(token_key(token.as_ref())).or_default().push(position);
    }
    places.into_iter().map(|(key, places)| (key, payload(tokens.len() as u64, &places))).collect()
}

fn payload(length: u64, places: &[u64]) -> Vec<u8> {
    let mut payload = Writer::with_capacity(2 + places.len());
    payload.varint(length);
    payload.varint(places.len() as u64);
    let mut before = 0;
    for place in places {
        payload.varint(place - before);
        before = *place;
    }
    payload.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_posting_are_fixed_and_read_back() {
        let postings = postings(&["b", "a", "b", "b"]);
        assert_eq!(postings, [(vec![1, b'a', 0], vec![4, 1, 1]), (vec![1, b'b', 0], vec![4, 3, 0, 2, 1])]);
        let mut places = Vec::new();
        positions(&postings[1].1, &mut places).unwrap();
        assert_eq!(places, [0, 2, 3]);
        assert_eq!(Weight::read(&postings[1].1).unwrap(), Weight { length: 4, frequency: 3 });
        for length in 0..5 {
            assert!(positions(&postings[1].1[..length], &mut places).is_err());
        }
    }
}
