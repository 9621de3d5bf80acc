//! The body of a catalogue record that defines an index.
//!
//! ```text
//! kind u8 | stemming | collection | count of paths varint | paths        each text: length varint | UTF-8
//! ```
//! Promises: one definition has one encoding, and nothing is accepted that would be written in another way. Leaves to
//! others: whether the names are allowed, and what an index does.

use nedb_types::codec::{Reader, Writer};
use nedb_types::{Error, Result};

/// Names the kind of index that was asked for.
///
/// Equality and order are answered by the same structure; the word that the user chose is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexBodyKind {
    /// Asked for as `eq`.
    Eq,
    /// Asked for as `ordered`.
    Ordered,
    /// Full text.
    Search,
}

impl IndexBodyKind {
    const fn number(self) -> u8 {
        match self {
            Self::Eq => 1,
            Self::Ordered => 2,
            Self::Search => 3,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Eq),
            2 => Some(Self::Ordered),
            3 => Some(Self::Search),
            _ => None,
        }
    }
}

/// Defines an index, as the catalogue stores it.
///
/// # Examples
///
/// ```
/// use nedb_log::{IndexBody, IndexBodyKind};
///
/// let body = IndexBody {
///     kind: IndexBodyKind::Eq,
///     stemming: String::new(),
///     collection: "blocks".to_owned(),
///     paths: vec!["miner.name".to_owned()],
/// };
/// assert_eq!(IndexBody::decode(&body.encode())?, body);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexBody {
    /// What was asked for.
    pub kind: IndexBodyKind,
    /// The language by whose rules words are cut to their stems; empty for none, and for all kinds but full text.
    pub stemming: String,
    /// The collection.
    pub collection: String,
    /// The text of each path, in byte order and without repetition; one, unless it is full text, where none means every
    /// string of a document.
    pub paths: Vec<String>,
}

impl IndexBody {
    /// Encodes the body.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(self.kind.number());
        put(&mut writer, &self.stemming);
        put(&mut writer, &self.collection);
        writer.varint(self.paths.len() as u64);
        self.paths.iter().for_each(|path| put(&mut writer, path));
        writer.into_bytes()
    }

    /// Decodes a body to its last byte.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "index definition");
        let number = reader.u8()?;
        let Some(kind) = IndexBodyKind::from_number(number) else {
            return Err(reader.corrupt(format_args!("an index of kind {number} is not known")));
        };
        let (stemming, collection) = (take(&mut reader)?, take(&mut reader)?);
        let count = reader.varint()?;
        let mut paths = Vec::new();
        for _ in 0..count {
            paths.push(take(&mut reader)?);
        }
        reader.finish()?;
        let is_text = kind == IndexBodyKind::Search;
        if !is_text && (paths.len() != 1 || !stemming.is_empty()) || !paths.is_sorted_by(|a, b| a < b) {
            return Err(reader.corrupt("its paths or its language do not fit its kind"));
        }
        Ok(Self { kind, stemming, collection, paths })
    }
}

fn put(writer: &mut Writer, text: &str) {
    writer.varint(text.len() as u64);
    writer.bytes(text.as_bytes());
}

fn take(reader: &mut Reader<'_>) -> Result<String> {
    let length = reader.varint()?;
    let bytes = reader.bytes(length)?.to_vec();
    String::from_utf8(bytes).map_err(|error| Error::corrupt("index definition: a text is not UTF-8").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> IndexBody {
        IndexBody {
            kind: IndexBodyKind::Search,
            stemming: "english".to_owned(),
            collection: "notes".to_owned(),
            paths: vec!["body".to_owned(), "title".to_owned()],
        }
    }

    #[test]
    fn a_definition_cut_anywhere_is_refused() {
        let bytes = search().encode();
        assert_eq!(IndexBody::decode(&bytes).unwrap(), search());
        for end in 0..bytes.len() {
            assert!(IndexBody::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn no_flipped_bit_reads_as_another_spelling_of_the_same_definition() {
        let bytes = search().encode();
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            if let Ok(read) = IndexBody::decode(&flipped) {
                assert_eq!(read.encode(), flipped, "bit {at}");
                assert_ne!(read, search(), "bit {at}");
            }
        }
    }

    #[test]
    fn paths_that_are_not_in_order_or_repeated_are_refused() {
        let twice = IndexBody { paths: vec!["a".to_owned(), "a".to_owned()], ..search() };
        let unsorted = IndexBody { paths: vec!["b".to_owned(), "a".to_owned()], ..search() };
        let stemmed_order = IndexBody { kind: IndexBodyKind::Ordered, paths: vec!["a".to_owned()], ..search() };
        for wrong in [twice, unsorted, stemmed_order] {
            assert!(IndexBody::decode(&wrong.encode()).is_err(), "{wrong:?}");
        }
    }
}
