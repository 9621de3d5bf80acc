//! Locks on keys, within one process: commands on one key wait for each other instead of repeating their work.
//!
//! What is read of one key does not rest on them: every commit carries preconditions on it, and they make a failed one rare.
//! What no precondition can say does, among the sessions of one handle: that no key was added to those that KEYS listed, and
//! that a watched key which is missing did not come and go while EXEC was under way.
//! A lock is held over the commit, unlike every other lock above the committer's: the next command on the key could not
//! be answered before that anyway. Order: by stripe, ascending; no other lock is taken before them, and a session's and the
//! cursors' only for moments inside.

use std::hash::{BuildHasher, RandomState};

use parking_lot::{Mutex, MutexGuard};

/// How many locks share all keys: collisions among a few dozen writers are rare, and the table takes 256 bytes.
const STRIPES: usize = 256;

/// The keys that a transaction locks.
#[derive(Debug)]
pub(super) enum Wanted<'k> {
    Keys(Vec<&'k [u8]>),
    /// All there are and may be.
    Every,
}

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
    pub(super) fn hold(&self, keys: &Wanted<'_>) -> Vec<MutexGuard<'_, ()>> {
        let Wanted::Keys(keys) = keys else { return self.stripes.iter().map(Mutex::lock).collect() };
        let stripe = |key: &&[u8]| usize::try_from(self.hasher.hash_one(*key) % STRIPES as u64).unwrap_or_default();
        let mut wanted: Vec<usize> = keys.iter().map(stripe).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted.iter().filter_map(|stripe| self.stripes.get(*stripe)).map(Mutex::lock).collect()
    }
}
