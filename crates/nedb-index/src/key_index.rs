//! The key index: every key to the address of its newest version.
//!
//! Promises: point look-ups take no lock and see, for each key, the newest address that was applied before they began;
//! freezing and installing replace the layers in one step, in which no key is missing. Leaves to others: comparing
//! keys of equal hashes (the caller reads them in the log), older versions (chains in the log), and that only one
//! thread applies, freezes and installs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use nedb_io::Mutex;
use nedb_types::Result;

use crate::Address;
use crate::delta::Delta;
use crate::layers::{FrozenDelta, Layers};
use crate::scan::{Direction, KeyRange, KeyScan};
use crate::{KeyEntry, KeyHash, KeyHasher, RunSet};

/// Memory that the deltas of one database may take, in bytes: 64 MiB hold about a million keys, which is what one
/// checkpoint writes in half a second.
pub const DELTA_BYTES_MAX: u64 = 64 << 20;

/// Says how much memory the changes since the last checkpoint may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaLimits {
    /// From here on a checkpoint is due; at twice as much, writers have to wait.
    pub bytes_max: u64,
}

impl Default for DeltaLimits {
    fn default() -> Self {
        Self { bytes_max: DELTA_BYTES_MAX }
    }
}

/// What the size of the deltas asks of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// Nothing.
    None,
    /// A checkpoint should begin.
    CheckpointDue,
    /// Writers should wait for the checkpoint.
    WritersWait,
}

/// Maps every key to the address of its newest version.
///
/// # Examples
///
/// ```
/// use nedb_index::{DeltaLimits, KeyEntry, KeyHasher, KeyIndex, KeyState};
/// use nedb_log::Address;
///
/// let index = KeyIndex::new(KeyHasher::new([1; 16]), DeltaLimits::default());
/// let (hash, address) = (index.hash(b"key"), Address::new(4096));
/// index.apply(&[KeyEntry { key: b"key", hash, address, state: KeyState::Live }]);
///
/// // The caller confirms a candidate by comparing the key in the log.
/// assert_eq!(index.newest(hash, |_| Ok(true))?, Some(address));
/// assert_eq!(index.newest(index.hash(b"other"), |_| Ok(true))?, None);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct KeyIndex {
    hasher: KeyHasher,
    limits: DeltaLimits,
    layers: ArcSwap<Layers>,
    /// Held while layers are replaced, so that a freeze and an install do not undo each other.
    replacing: Mutex<()>,
}

impl KeyIndex {
    /// Creates an empty index.
    pub fn new(hasher: KeyHasher, limits: DeltaLimits) -> Self {
        Self::open(hasher, limits, RunSet::default())
    }

    /// Creates an index over the runs of a checkpoint, which were hashed with the same secret.
    pub fn open(hasher: KeyHasher, limits: DeltaLimits, runs: RunSet) -> Self {
        let layers = Layers { active: Arc::new(Delta::new()), frozen: Vec::new(), runs };
        Self { hasher, limits, layers: ArcSwap::from_pointee(layers), replacing: Mutex::new(()) }
    }

    /// Returns the hasher of this index.
    pub const fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// Hashes a key with the hasher of this index.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        self.hasher.hash(key)
    }

    /// Hashes the key that these parts are, one behind the other.
    #[inline]
    pub fn hash_parts(&self, parts: &[&[u8]]) -> KeyHash {
        self.hasher.hash_parts(parts)
    }

    /// Returns the address of the newest version of the key that has this hash and that `is_match` confirms.
    ///
    /// `is_match` is called with the address of each candidate and compares the key there; nearly always once.
    /// Errors: those of `is_match`; `corrupt` with file and offset when a touched page of a run is damaged.
    #[inline]
    pub fn newest(&self, hash: KeyHash, mut is_match: impl FnMut(Address) -> Result<bool>) -> Result<Option<Address>> {
        self.layers.load().newest(hash, &mut is_match)
    }

    /// Loads what a later [`newest`](Self::newest) of this hash will read first, so that misses of a batch overlap.
    #[inline]
    pub fn prefetch(&self, hash: KeyHash) {
        let layers = self.layers.load();
        layers.active.touch(&[hash]);
        layers.runs.prefetch(hash);
    }

    /// Hands over, for each hash of a batch in order, the address that [`newest`](Self::newest) would ask about first.
    ///
    /// The memory accesses of the batch overlap. A candidate that turns out to be another key's is rare; then `newest`
    /// finds the right one. Errors: `corrupt` with file and offset when a touched page of a run is damaged.
    #[inline]
    pub fn candidates(&self, hashes: &[KeyHash], mut candidate: impl FnMut(Option<Address>)) -> Result<()> {
        let layers = self.layers.load();
        layers.active.touch(hashes);
        for hash in hashes {
            layers.runs.prefetch(*hash);
        }
        for hash in hashes {
            candidate(layers.newest(*hash, &mut |_| Ok(true))?);
        }
        Ok(())
    }

    /// Inserts or replaces keys; for the committer only. Readers see the entries one by one.
    ///
    /// # Panics
    ///
    /// If an address is not that of a record: a positive multiple of 16 below 2^48.
    pub fn apply(&self, entries: &[KeyEntry<'_>]) {
        self.layers.load().active.apply(entries);
    }

    /// Returns the keys of a range in byte order.
    pub fn scan(&self, range: &KeyRange) -> Result<KeyScan> {
        self.layers.load().scan(range, Direction::Forward)
    }

    /// Returns the keys of a range in reverse byte order.
    pub fn scan_reverse(&self, range: &KeyRange) -> Result<KeyScan> {
        self.layers.load().scan(range, Direction::Reverse)
    }

    /// Begins a checkpoint: what was applied so far changes no more, and a new delta takes the writes.
    ///
    /// For the committer only, between two calls of [`apply`](Self::apply). Returns `None` when there is nothing to
    /// write. After a checkpoint that failed, the next freeze returns its part too.
    pub fn freeze(&self) -> Option<FrozenDelta> {
        let _replacing = self.replacing.lock();
        let mut layers = Layers::clone(&self.layers.load());
        if layers.active.count() > 0 {
            layers.frozen.insert(0, std::mem::replace(&mut layers.active, Arc::new(Delta::new())));
        }
        if layers.frozen.is_empty() {
            return None;
        }
        let frozen = FrozenDelta { parts: layers.frozen.clone() };
        self.layers.store(Arc::new(layers));
        Some(frozen)
    }

    /// Ends a checkpoint: `runs` take the place of the present runs and of everything frozen.
    ///
    /// Not while another checkpoint has begun. Scans that began before keep what they pinned.
    pub fn install(&self, runs: RunSet) {
        let _replacing = self.replacing.lock();
        let active = Arc::clone(&self.layers.load().active);
        self.layers.store(Arc::new(Layers { active, frozen: Vec::new(), runs }));
    }

    /// Returns the runs that the next checkpoint builds on.
    pub fn runs(&self) -> RunSet {
        self.layers.load().runs.clone()
    }

    /// Returns the heap memory of the index in bytes; mapped files are not counted.
    pub fn memory_bytes(&self) -> u64 {
        self.delta_bytes() + self.layers.load().runs.heap_bytes()
    }

    /// Returns the heap memory of what no checkpoint has written yet, in bytes.
    pub fn delta_bytes(&self) -> u64 {
        self.layers.load().deltas().map(|delta| delta.heap_bytes()).sum()
    }

    /// Returns the number of keys, tombstones included; a key that lies in several layers counts several times.
    pub fn entry_count(&self) -> u64 {
        let layers = self.layers.load();
        layers.deltas().map(|delta| delta.count()).sum::<u64>() + layers.runs.entry_count()
    }

    /// Says whether the deltas have reached their limit.
    pub fn pressure(&self) -> Pressure {
        match self.delta_bytes() {
            bytes if bytes >= self.limits.bytes_max.saturating_mul(2) => Pressure::WritersWait,
            bytes if bytes >= self.limits.bytes_max => Pressure::CheckpointDue,
            _ => Pressure::None,
        }
    }
}
