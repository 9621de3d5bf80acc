//! The canonical entry: what the tree commits to.
//!
//! It is the stored body behind a prefix that follows from the entry's place, so that the place is hashed too.

use crate::layout::put;
use crate::{FrameHeader, Record};
use nedb_types::{DatabaseId, Seq};

/// The bytes before the body: magic, version, database id, seq, commit time, padded payload length.
pub(crate) const PREFIX_BYTES: usize = 41;

const MAGIC: [u8; 4] = *b"NEDB";
const VERSION: u8 = 1;

/// Holds what a canonical entry adds to the stored body.
///
/// # Examples
///
/// ```
/// use nedb_log::EntryContext;
/// use nedb_types::{DatabaseId, Seq};
///
/// let context = EntryContext {
///     database: DatabaseId::from_bytes([7; 16]),
///     seq: Seq::new(3),
///     commit_time: 1_700_000_000_000_000,
///     payload_bytes: 64,
/// };
/// assert_eq!(&context.prefix()[..5], b"NEDB\x01");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryContext {
    /// The database.
    pub database: DatabaseId,
    /// The operation's number.
    pub seq: Seq,
    /// The commit time of its frame in microseconds.
    pub commit_time: i64,
    /// The padded payload length: the payload unit without its check field, 0 without a payload.
    pub payload_bytes: u32,
}

impl EntryContext {
    /// Returns the bytes before the body.
    pub fn prefix(&self) -> [u8; PREFIX_BYTES] {
        let mut bytes = [0; PREFIX_BYTES];
        let rest = put(&mut bytes, MAGIC);
        let rest = put(rest, [VERSION]);
        let rest = put(rest, *self.database.as_bytes());
        let rest = put(rest, self.seq.get().to_le_bytes());
        let rest = put(rest, self.commit_time.to_le_bytes());
        put(rest, self.payload_bytes.to_le_bytes());
        bytes
    }
}

/// Returns the canonical entry of a record: the leaf is its hash, and tiles and proofs publish it.
pub fn canonical_entry(database: DatabaseId, frame: &FrameHeader, record: &Record<'_>) -> Vec<u8> {
    let context = EntryContext {
        database,
        seq: record.seq,
        commit_time: frame.commit_time,
        payload_bytes: record.padded_payload_bytes(),
    };
    [context.prefix().as_slice(), record.entry.body()].concat()
}
