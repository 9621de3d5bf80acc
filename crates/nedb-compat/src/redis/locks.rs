//! Locks on keys, within one process: commands on one key wait for each other instead of repeating their work.
//!
//! Correctness does not rest on them: every commit carries preconditions on what it read. They make a failed one rare.
//! A lock is held over the commit, unlike every other lock above the committer's: the next command on the key could not
//! be answered before that anyway. Order: by stripe, ascending; no other lock is taken before them, and a session's and the
//! cursors' only for moments inside.

use std::hash::{BuildHasher, RandomState};

use parking_lot::{Mutex, MutexGuard};

/// How many locks share all keys: collisions among a few dozen writers are rare, and the table takes 256 bytes.
const STRIPES: usize = 256;

#[derive(Debug)]
pub(super) struct KeyLocks {
    stripes: [Mutex<()>; STRIPES],
    hasher: RandomState,
}

impl KeyLocks {
    pub(super) fn new() -> Self {
        Self { stripes: [const { Mutex::new(()) }; STRIPES], hasher: RandomState::new() }
    }

    /// Waits for all of the keys and holds them until the answer goes.
    pub(super) fn hold<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) -> Vec<MutexGuard<'_, ()>> {
        let stripe = |key: &[u8]| usize::try_from(self.hasher.hash_one(key) % STRIPES as u64).unwrap_or_default();
        let mut wanted: Vec<usize> = keys.into_iter().map(stripe).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted.iter().filter_map(|stripe| self.stripes.get(*stripe)).map(Mutex::lock).collect()
    }
}
