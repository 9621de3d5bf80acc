//! One secondary index: what it is of, how far it has come, and its entries.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use nedb_index::{TemporalIndex, TemporalRunSet, TextIndex};
use nedb_io::Mutex;
use nedb_types::Result;

use super::{
    change_list::ChangeList,
    definition::{IndexDefinition, Subject},
    info::{IndexInfo, IndexOrigin, IndexState},
};

/// By what an index is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum IndexId {
    /// The number of the catalogue record that defines it.
    Logged(u64),
    /// A number that no other has; the log does not know it.
    Automatic(u64),
}

/// What an index holds.
enum Entries {
    Values(TemporalIndex),
    Texts(TextIndex),
}

/// A secondary index.
pub(crate) struct Index {
    pub(crate) id: IndexId,
    pub(crate) definition: IndexDefinition,
    entries: Entries,
    /// Operations that it covers while it is built; a ready one goes with the others.
    pub(super) built: AtomicU64,
    pub(super) is_ready: AtomicBool,
    is_dropped: AtomicBool,
    /// How often a query went over it.
    pub(super) uses: AtomicU64,
    /// Held by whoever builds it a step further.
    pub(super) building: Mutex<()>,
}

impl Index {
    /// An index without entries, which is still to be built.
    pub(super) fn new(id: IndexId, definition: IndexDefinition) -> Arc<Self> {
        let entries = match definition.subject {
            Subject::Value { .. } | Subject::Causes => Entries::Values(TemporalIndex::new()),
            Subject::Words(_) => Entries::Texts(TextIndex::new()),
        };
        Self::with(id, definition, entries, Some(0))
    }

    /// An index that covers the operations below a position.
    ///
    /// Without a position it covers what the others cover. Errors: damage in the runs of a full-text index.
    pub(super) fn loaded(
        id: IndexId,
        definition: IndexDefinition,
        runs: TemporalRunSet,
        position: Option<u64>,
    ) -> Result<Arc<Self>> {
        let entries = match definition.subject {
            Subject::Value { .. } | Subject::Causes => Entries::Values(TemporalIndex::open(runs)),
            Subject::Words(_) => Entries::Texts(TextIndex::open(runs)?),
        };
        Ok(Self::with(id, definition, entries, position))
    }

    fn with(id: IndexId, definition: IndexDefinition, entries: Entries, position: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            id,
            definition,
            entries,
            built: AtomicU64::new(position.unwrap_or(0)),
            is_ready: AtomicBool::new(position.is_none()),
            is_dropped: AtomicBool::new(false),
            uses: AtomicU64::new(0),
            building: Mutex::new(()),
        })
    }

    /// The entries in the order of their keys.
    pub(crate) fn entries(&self) -> &TemporalIndex {
        match &self.entries {
            Entries::Values(entries) => entries,
            Entries::Texts(texts) => texts.temporal(),
        }
    }

    /// The words of texts; `None` for an index of values.
    pub(super) fn texts(&self) -> Option<&TextIndex> {
        match &self.entries {
            Entries::Values(_) => None,
            Entries::Texts(texts) => Some(texts),
        }
    }

    /// Takes in what changed, all of it.
    pub(super) fn apply(&self, changes: &ChangeList) {
        match &self.entries {
            Entries::Values(entries) => entries.apply(&changes.to_changes()),
            Entries::Texts(texts) => texts.apply(&changes.to_text_changes()),
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.is_dropped.load(Ordering::Acquire)
    }

    /// Ends whatever is done with it.
    pub(super) fn drop_entries(&self) {
        self.is_dropped.store(true, Ordering::Release);
    }

    pub(crate) fn origin(&self) -> IndexOrigin {
        match self.id {
            IndexId::Logged(_) => IndexOrigin::Explicit,
            IndexId::Automatic(_) => IndexOrigin::Automatic,
        }
    }

    /// How it stands for one of the definitions that it covers, when the ready ones cover `followed` operations of `size`.
    pub(super) fn info(&self, definition: &IndexDefinition, followed: u64, size: u64) -> IndexInfo {
        let is_ready = self.is_ready();
        let built = self.built.load(Ordering::Relaxed);
        IndexInfo {
            collection: definition.collection.as_str().to_owned(),
            field: definition.fields(),
            kind: definition.kind(),
            origin: self.origin(),
            state: if is_ready { IndexState::Ready } else { IndexState::Building { done: built, total: size } },
            entries: self.entries().entry_count(),
            memory_bytes: self.entries().memory_bytes(),
            disk_bytes: self.entries().runs().length_bytes(),
            position: if is_ready { followed } else { built },
        }
    }
}
