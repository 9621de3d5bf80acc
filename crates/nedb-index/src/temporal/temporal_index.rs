//! The temporal index: who had which value from when until when, in the order of values.
//!
//! Promises: applying cannot fail and waits for no reader; freezing and installing replace the layers in one step, in
//! which no entry is missing or doubled. Leaves to others: what keys mean, and that one thread applies and freezes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use nedb_io::Mutex;
use nedb_types::Seq;

use super::builder::TemporalBase;
use super::delta::TemporalDelta;
use super::item::TemporalChange;
use super::layers::{FrozenPart, TemporalLayers};
use super::run_set::TemporalRunSet;
use super::snapshot::TemporalSnapshot;

/// Maps values to the documents that have them, as of any moment.
///
/// # Examples
///
/// ```
/// use nedb_index::{KeyRange, TemporalChange, TemporalIndex};
/// use nedb_types::Seq;
///
/// let index = TemporalIndex::new();
/// index.apply(&[TemporalChange::Added { key: b"red", id: b"1", added: Seq::new(3), payload: b"" }]);
/// index.apply(&[TemporalChange::Removed { key: b"red", id: b"1", added: Seq::new(3), removed: Seq::new(8) }]);
///
/// let count = |seq| index.snapshot(Seq::new(seq)).count(&KeyRange::prefix(b"red"));
/// assert_eq!((count(2)?, count(3)?, count(7)?, count(8)?), (0, 1, 1, 0));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct TemporalIndex {
    layers: ArcSwap<TemporalLayers>,
    /// Held while layers are replaced, so that a freeze and an install do not undo each other.
    replacing: Mutex<()>,
}

impl Default for TemporalIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl TemporalIndex {
    /// Creates an empty index.
    pub fn new() -> Self {
        Self::open(TemporalRunSet::default())
    }

    /// Creates an index over the runs of a checkpoint.
    pub fn open(runs: TemporalRunSet) -> Self {
        let layers = TemporalLayers { active: Arc::default(), frozen: Vec::new(), runs };
        Self { layers: ArcSwap::from_pointee(layers), replacing: Mutex::new(()) }
    }

    /// Takes changes; for the committer only, before the seqs in them are visible to readers.
    ///
    /// An entry is removed at most once. A rewrite of a document that leaves its value alone is no change.
    ///
    /// # Panics
    ///
    /// If a key or id is longer than [`INDEX_KEY_BYTES_MAX`](crate::INDEX_KEY_BYTES_MAX), or an entry ends before it
    /// begins.
    pub fn apply(&self, changes: &[TemporalChange<'_>]) {
        self.layers.load().active.apply(changes);
    }

    /// Pins the index as it was at a seq, for which everything was applied.
    pub fn snapshot(&self, seq: Seq) -> TemporalSnapshot {
        TemporalSnapshot::new(self.layers.load_full(), seq)
    }

    /// Begins a checkpoint: what was applied so far changes no more, and a new delta takes the changes.
    ///
    /// For the committer only, between two calls of [`apply`](Self::apply). Returns `None` when there is nothing to
    /// write. After a checkpoint that failed, the next freeze returns its part too.
    pub fn freeze(&self) -> Option<FrozenTemporal> {
        let _replacing = self.replacing.lock();
        let mut layers = TemporalLayers::clone(&self.layers.load());
        if layers.active.count() > 0 {
            let active = std::mem::replace(&mut layers.active, Arc::new(TemporalDelta::default()));
            layers.frozen.insert(0, FrozenPart::Delta(active));
        }
        if layers.frozen.is_empty() {
            return None;
        }
        let frozen = FrozenTemporal { parts: layers.frozen.clone() };
        self.layers.store(Arc::new(layers));
        Some(frozen)
    }

    /// Ends a checkpoint: `runs` take the place of the present runs and of what was frozen for it.
    ///
    /// Not while another checkpoint has begun. Snapshots that were taken before keep what they pinned.
    pub fn install(&self, frozen: &FrozenTemporal, runs: TemporalRunSet) {
        let _replacing = self.replacing.lock();
        let mut layers = TemporalLayers::clone(&self.layers.load());
        layers.frozen.retain(|part| !frozen.parts.iter().any(|written| written.is_same(part)));
        self.layers.store(Arc::new(TemporalLayers { runs, ..layers }));
    }

    /// Puts the past under the index: what a [`TemporalBuilder`](crate::TemporalBuilder) gathered from before the
    /// changes that this index was given.
    ///
    /// Until then snapshots lack the past. The next checkpoint writes it to a run.
    pub fn install_base(&self, base: TemporalBase) {
        let _replacing = self.replacing.lock();
        let mut layers = TemporalLayers::clone(&self.layers.load());
        layers.frozen.push(FrozenPart::Base(Arc::new(base)));
        self.layers.store(Arc::new(layers));
    }

    /// Returns the runs that the next checkpoint builds on.
    pub fn runs(&self) -> TemporalRunSet {
        self.layers.load().runs.clone()
    }

    /// Returns the heap memory of the index in bytes; mapped files are not counted.
    pub fn memory_bytes(&self) -> u64 {
        self.delta_bytes() + self.layers.load().runs.heap_bytes()
    }

    /// Returns the heap memory of what no checkpoint has written yet, in bytes.
    pub fn delta_bytes(&self) -> u64 {
        let layers = self.layers.load();
        layers.active.heap_bytes() + layers.frozen.iter().map(FrozenPart::heap_bytes).sum::<u64>()
    }

    /// Returns the number of entries, removed ones included, and of removals that were not merged with them yet.
    pub fn entry_count(&self) -> u64 {
        let layers = self.layers.load();
        let frozen: u64 = layers.frozen.iter().map(FrozenPart::count).sum();
        layers.active.count() + frozen + layers.runs.entry_count()
    }
}

/// The part of a temporal index that a checkpoint has to write.
///
/// Made by [`TemporalIndex::freeze`], written by
/// [`IndexDirectory::write_temporal_runs`](crate::IndexDirectory::write_temporal_runs).
#[derive(Clone, Debug)]
pub struct FrozenTemporal {
    pub(crate) parts: Vec<FrozenPart>,
}

impl FrozenTemporal {
    /// Returns the number of changes.
    pub fn change_count(&self) -> u64 {
        self.parts.iter().map(FrozenPart::count).sum()
    }
}
