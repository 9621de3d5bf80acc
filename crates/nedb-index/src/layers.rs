//! The layers of the key index at one moment.
//!
//! Promises: a set of layers is never changed; a new one replaces it in one step, so that no reader sees a key in no
//! layer. Leaves to others: when to freeze and what to install.

use std::sync::Arc;

use nedb_types::Result;

use crate::delta::Delta;
use crate::scan::{Direction, KeyRange, KeyScan, MemoryCursor, Source};
use crate::{Address, KeyHash, RunSet};

#[derive(Clone, Debug)]
pub(crate) struct Layers {
    /// Takes the writes.
    pub(crate) active: Arc<Delta>,
    /// Waits to be written to a run; the newest first.
    pub(crate) frozen: Vec<Arc<Delta>>,
    /// What checkpoints wrote.
    pub(crate) runs: RunSet,
}

impl Layers {
    pub(crate) fn deltas(&self) -> impl Iterator<Item = &Arc<Delta>> {
        std::iter::once(&self.active).chain(&self.frozen)
    }

    /// Finds the newest address of the key that has this hash and is confirmed by `is_match`.
    #[inline]
    pub(crate) fn newest(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Address>> {
        for delta in self.deltas() {
            if let Some(found) = delta.find(hash, is_match)? {
                return Ok(Some(found.address()));
            }
        }
        self.runs.find(hash, is_match)
    }

    pub(crate) fn scan(&self, range: &KeyRange, direction: Direction) -> Result<KeyScan> {
        let mut sources = Vec::new();
        if !range.is_empty() {
            add_deltas(&mut sources, self.deltas(), range, direction);
            for run in self.runs.iter() {
                sources.push(Source::File(Box::new(run.cursor(range, direction)?)));
            }
        }
        Ok(KeyScan::new(sources, direction))
    }
}

/// The part of the index that a checkpoint has to write: everything applied before the freeze and not yet in a run.
///
/// Made by [`KeyIndex::freeze`](crate::KeyIndex::freeze), written by
/// [`IndexDirectory::write_key_runs`](crate::IndexDirectory::write_key_runs).
#[derive(Clone, Debug)]
pub struct FrozenDelta {
    pub(crate) parts: Vec<Arc<Delta>>,
}

impl FrozenDelta {
    /// Returns the number of keys; a key that waits in two parts counts twice.
    pub fn key_count(&self) -> u64 {
        self.parts.iter().map(|part| part.count()).sum()
    }

    /// Adds the parts to a merge, the newest first.
    pub(crate) fn add_to(&self, sources: &mut Vec<Source>) {
        add_deltas(sources, self.parts.iter(), &KeyRange::all(), Direction::Forward);
    }
}

fn add_deltas<'a>(
    sources: &mut Vec<Source>,
    deltas: impl Iterator<Item = &'a Arc<Delta>>,
    range: &KeyRange,
    direction: Direction,
) {
    for delta in deltas {
        for run in delta.sorted() {
            sources.push(Source::Memory(MemoryCursor::new(Arc::clone(delta), run, range, direction)));
        }
    }
}
