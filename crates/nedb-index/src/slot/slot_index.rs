//! Small indexes from a hash to a log record: clients and idempotency keys.
//!
//! Promises: no names in memory; of equal hashes each keeps its own entry, because an entry says which one it
//! replaces. Leaves to others: comparing the name in the log, and that one thread applies and freezes.

use std::sync::Arc;

use hashbrown::HashTable;
use nedb_io::Mutex;
use nedb_types::Result;

use super::record::{SlotEntry, drop_replaced};
use super::slot_set::SlotRunSet;
use crate::{Address, KeyHash};

/// What a look-up in a slot index found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotFound {
    /// The record in the log.
    pub address: Address,
    /// The number that was applied with it, if that was since the last checkpoint; otherwise it is in the log.
    pub number: Option<u64>,
}

/// Maps hashes of names to log records.
///
/// # Examples
///
/// ```
/// use nedb_index::{KeyHasher, SlotEntry, SlotIndex};
/// use nedb_log::Address;
///
/// let hash = KeyHasher::new([1; 16]).hash(b"client");
/// let index = SlotIndex::new();
/// let first = Address::new(4096);
/// index.apply([SlotEntry { hash, address: first, replaces: None, number: 7 }]);
///
/// let found = index.find(hash, |address| Ok(address == first))?.expect("it was applied");
/// assert_eq!(found.number, Some(7));
/// let second = Address::new(4160);
/// index.apply([SlotEntry { hash, address: second, replaces: Some(found.address), number: 8 }]);
/// assert_eq!(index.find(hash, |_| Ok(true))?.map(|found| found.address), Some(second));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct SlotIndex {
    layers: Mutex<SlotLayers>,
}

#[derive(Debug, Default)]
struct SlotLayers {
    active: HashTable<SlotEntry>,
    /// Sorted by hash, the newest first; the newest part first.
    frozen: Vec<Arc<[SlotEntry]>>,
    runs: SlotRunSet,
}

impl SlotIndex {
    /// Creates an empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an index over the runs of a checkpoint.
    pub fn open(runs: SlotRunSet) -> Self {
        Self { layers: Mutex::new(SlotLayers { runs, ..SlotLayers::default() }) }
    }

    /// Returns the newest entry with this hash that `is_match` confirms by comparing the name in the log.
    ///
    /// Errors: those of `is_match`; `corrupt` with file and offset when a touched page of a run is damaged.
    pub fn find(&self, hash: KeyHash, mut is_match: impl FnMut(Address) -> Result<bool>) -> Result<Option<SlotFound>> {
        // The log is read after the lock is given back.
        let (candidates, runs) = {
            let layers = self.layers.lock();
            (layers.candidates(hash), layers.runs.clone())
        };
        for entry in candidates {
            if is_match(entry.address)? {
                return Ok(Some(SlotFound { address: entry.address, number: Some(entry.number) }));
            }
        }
        let found = runs.find(hash, &mut is_match)?;
        Ok(found.map(|address| SlotFound { address, number: None }))
    }

    /// Inserts entries, each in the place of the one it replaces; for the committer only.
    pub fn apply(&self, entries: impl IntoIterator<Item = SlotEntry>) {
        let mut layers = self.layers.lock();
        for entry in entries {
            layers.apply(entry);
        }
    }

    /// Begins a checkpoint; `None` when there is nothing to write. After one that failed, its part comes again.
    pub fn freeze(&self) -> Option<FrozenSlots> {
        let mut layers = self.layers.lock();
        let mut part: Vec<SlotEntry> = layers.active.drain().collect();
        if !part.is_empty() {
            part.sort_unstable_by_key(SlotEntry::order);
            layers.frozen.insert(0, part.into());
        }
        (!layers.frozen.is_empty()).then(|| FrozenSlots { parts: layers.frozen.clone() })
    }

    /// Ends a checkpoint: `runs` take the place of the present runs and of everything frozen.
    pub fn install(&self, runs: SlotRunSet) {
        let mut layers = self.layers.lock();
        layers.frozen.clear();
        layers.runs = runs;
    }

    /// Returns the runs that the next checkpoint builds on.
    pub fn runs(&self) -> SlotRunSet {
        self.layers.lock().runs.clone()
    }

    /// Returns the heap memory of what no checkpoint has written yet, in bytes.
    pub fn delta_bytes(&self) -> u64 {
        let layers = self.layers.lock();
        let frozen: usize = layers.frozen.iter().map(|part| part.len()).sum();
        ((layers.active.capacity() + frozen) * size_of::<SlotEntry>()) as u64
    }
}

impl SlotLayers {
    fn candidates(&self, hash: KeyHash) -> Vec<SlotEntry> {
        let mut found: Vec<SlotEntry> =
            self.active.iter_hash(hash.get()).filter(|entry| entry.hash == hash).copied().collect();
        for part in &self.frozen {
            let start = part.partition_point(|entry| entry.hash < hash);
            found.extend(part.iter().skip(start).take_while(|entry| entry.hash == hash));
        }
        found.sort_unstable_by_key(SlotEntry::order);
        found
    }

    fn apply(&mut self, entry: SlotEntry) {
        let is_replaced = |old: &SlotEntry| old.hash == entry.hash && Some(old.address) == entry.replaces;
        match self.active.find_mut(entry.hash.get(), is_replaced) {
            // What the old entry replaced still lies in a frozen part or a run.
            Some(old) => *old = SlotEntry { replaces: old.replaces, ..entry },
            None => {
                self.active.insert_unique(entry.hash.get(), entry, |entry| entry.hash.get());
            }
        }
    }
}

/// The part of a slot index that a checkpoint has to write.
#[derive(Clone, Debug)]
pub struct FrozenSlots {
    parts: Vec<Arc<[SlotEntry]>>,
}

impl FrozenSlots {
    /// Returns all entries by hash, without those that a newer one replaces.
    pub(crate) fn entries(&self) -> Vec<SlotEntry> {
        let mut all: Vec<SlotEntry> = self.parts.iter().flat_map(|part| part.iter().copied()).collect();
        all.sort_unstable_by_key(SlotEntry::order);
        let mut entries = Vec::with_capacity(all.len());
        for group in all.chunk_by(|a, b| a.hash == b.hash) {
            let mut group = group.to_vec();
            drop_replaced(&mut group);
            entries.append(&mut group);
        }
        entries
    }
}
