//! The state that belongs to the one committer and to nobody else.

use nedb_crypto::Frontier;
use nedb_types::Digest;

use super::clients::RecentClients;

/// What the committer needs to build the next frame.
#[derive(Debug)]
pub(crate) struct Committer {
    /// The tree over all entries logged so far; its size is the next seq.
    pub(crate) frontier: Frontier,
    /// Its root, which takes hashing to find: every commit needs it several times.
    pub(crate) root: Digest,
    /// Commit time of the last frame.
    pub(crate) commit_time_us: i64,
    /// Number and digest of the catalogue when no entry commits to them yet.
    pub(crate) unsealed_catalogue: Option<(u64, Digest)>,
    /// The last operations of clients.
    pub(crate) recent: RecentClients,
}
