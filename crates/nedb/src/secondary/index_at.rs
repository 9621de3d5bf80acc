//! A ready index at the moment of a snapshot: what every reader of an index is made of.
//!
//! Promises: the index covers the moment, however it was dropped or rebuilt meanwhile; damage that a reader meets is an error,
//! and the end of the index that has it: it is built anew. Leaves to others: what the entries mean.

use std::sync::{Arc, atomic::Ordering};

use nedb_index::{TemporalIndex, TemporalSnapshot, TextIndex, TextSnapshot};
use nedb_types::{ErrorKind, Result, Seq};

use super::{definition::IndexDefinition, follow::Look, index::Index, info::IndexOrigin};
use crate::{engine::Engine, read::Snapshot};

/// An index that may be read as of a snapshot.
#[derive(Clone)]
pub(super) struct IndexAt {
    snapshot: Snapshot,
    index: Arc<Index>,
}

impl Snapshot {
    /// The index of a definition, brought up to this moment; `None` when there is none or it is still being built.
    pub(super) fn index_at(&self, wanted: &IndexDefinition, look: &Look<'_>) -> Result<Option<IndexAt>> {
        let engine = self.engine();
        let Some(index) = engine.secondary.find(wanted).filter(|index| index.is_ready()) else { return Ok(None) };
        engine.catch_up_within(self.size(), look)?;
        // Dropped in between: whoever caught up may not have known it any more.
        Ok((!index.is_dropped()).then(|| IndexAt { snapshot: self.clone(), index }))
    }
}

impl IndexAt {
    /// The entries as of the moment; before the first operation there are none.
    pub(super) fn entries(&self) -> TemporalSnapshot {
        match self.snapshot.seq() {
            Some(seq) => self.index.entries().snapshot(seq),
            None => TemporalIndex::new().snapshot(Seq::FIRST),
        }
    }

    /// The words of texts as of the moment.
    pub(super) fn texts(&self) -> TextSnapshot {
        match (self.index.texts(), self.snapshot.seq()) {
            (Some(texts), Some(seq)) => texts.snapshot(seq),
            _ => TextIndex::new().snapshot(Seq::FIRST),
        }
    }

    pub(super) fn origin(&self) -> IndexOrigin {
        self.index.origin()
    }

    /// Notes that a query goes this way, and not merely thought about it.
    pub(super) fn note_use(&self) {
        self.index.uses.fetch_add(1, Ordering::Relaxed);
    }

    /// Passes a result on; damage is also the end of the index that has it.
    pub(super) fn checked<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.kind() == ErrorKind::Integrity {
                self.snapshot.engine().rebuild(&self.index);
            }
        })
    }
}

impl Engine {
    /// Puts an empty index in the place of a damaged one, to be built from the log.
    pub(super) fn rebuild(&self, damaged: &Arc<Index>) {
        self.secondary.replace(damaged);
        self.schedule_builds();
    }
}
