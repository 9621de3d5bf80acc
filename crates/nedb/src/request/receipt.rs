//! The answer to a write.

use nedb_types::{Digest, Seq, Timestamp};

/// What one operation of a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it changed anything: a delete of a missing document, an existing link or a missing one does not.
    pub changed: bool,
    /// Its seq; an operation without effect has one only in a batch with an idempotency key.
    pub seq: Option<Seq>,
}

/// The answer to a committed batch.
///
/// With durability `sync` everything a receipt names is on the disk. See `docs/durability.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// One outcome for each operation, in the batch's order.
    pub outcomes: Vec<Outcome>,
    /// The seq of the last operation that was logged, when any was.
    pub last_seq: Option<Seq>,
    /// Number of operations in the history after the commit group that holds this batch.
    pub size: u64,
    /// Root of the Merkle tree at that size.
    pub root: Digest,
    /// Commit time.
    pub committed_at: Timestamp,
    /// Whether this is the remembered answer to an earlier batch with the same idempotency key.
    pub replayed: bool,
}

impl Receipt {
    /// The outcome of the first operation's seq: what a single put, delete or link was given.
    pub fn seq(&self) -> Option<Seq> {
        self.outcomes.first().and_then(|outcome| outcome.seq)
    }

    /// Whether the first operation changed anything.
    pub fn changed(&self) -> bool {
        self.outcomes.first().is_some_and(|outcome| outcome.changed)
    }
}
