//! What queries ask of indexes.
//!
//! ```text
//! ordered(collection, path, snapshot) ──> catch up to the snapshot's size ──> reader of that moment
//! ```
//! Promises: a reader shows every document of the collection that lives at its moment exactly once, under the key of the
//! value it had then; null and a missing field share a key. Damage in a file of an index is an error, and the index is
//! built anew. Leaves to others: fetching the documents, of which some may have expired, and comparing whole values where
//! a key was cut ([`has_whole_value`](nedb_types::key::has_whole_value)).

use std::ops::Bound;

use nedb_index::{KeyRange, TemporalEntry, TemporalScan, TemporalSnapshot};
use nedb_types::{Collection, FieldPath, Result};

use super::{
    definition::{IndexDefinition, Subject},
    follow::Look,
    index_at::IndexAt,
};
use crate::read::Snapshot;

/// An index in the order of values, at one moment.
#[derive(Clone)]
pub(crate) struct OrderedReader {
    at: IndexAt,
    entries: TemporalSnapshot,
}

/// The keys that a scan covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys<'a> {
    pub(crate) start: Bound<&'a [u8]>,
    pub(crate) end: Bound<&'a [u8]>,
}

impl<'a> Keys<'a> {
    /// The keys between two bounds.
    pub(crate) fn between([start, end]: &'a [Bound<Vec<u8>>; 2]) -> Self {
        Self { start: start.as_ref().map(Vec::as_slice), end: end.as_ref().map(Vec::as_slice) }
    }
}

/// Which end of the keys a scan begins with; the ids of one key ascend either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    Ascending,
    Descending,
}

impl Snapshot {
    /// The index that knows the order of a field; `None` when there is none or it is still being built.
    pub(crate) fn ordered(
        &self,
        collection: &Collection,
        path: &FieldPath,
        look: &Look<'_>,
    ) -> Result<Option<OrderedReader>> {
        let subject = Subject::Value { path: path.clone(), asked_eq: false };
        let at = self.index_at(&IndexDefinition { collection: collection.clone(), subject }, look)?;
        Ok(at.map(|at| OrderedReader { entries: at.entries(), at }))
    }
}

impl OrderedReader {
    /// Documents whose value keys lie in a range, by key and then by id.
    pub(crate) fn scan(&self, keys: Keys<'_>, order: KeyOrder) -> Result<OrderedScan> {
        let range = KeyRange::of_keys(keys.start, keys.end);
        let scan = match order {
            KeyOrder::Ascending => self.entries.scan(&range),
            KeyOrder::Descending => self.entries.scan_descending(&range),
        };
        Ok(OrderedScan { scan: self.checked(scan)?, reader: self.clone() })
    }

    /// About how many documents there are in a range.
    pub(crate) fn estimate(&self, keys: Keys<'_>) -> Result<u64> {
        self.checked(self.entries.estimate(&KeyRange::of_keys(keys.start, keys.end)))
    }

    /// Notes that a query goes this way.
    pub(crate) fn note_use(&self) {
        self.at.note_use();
    }

    fn checked<T>(&self, result: Result<T>) -> Result<T> {
        self.at.checked(result)
    }
}

/// The entries of a scan, in order.
pub(crate) struct OrderedScan {
    scan: TemporalScan,
    reader: OrderedReader,
}

impl OrderedScan {
    /// Blocks of runs that were read so far.
    #[cfg(test)]
    pub(crate) fn blocks_read(&self) -> u64 {
        self.scan.blocks_read()
    }

    /// The next entry, whose document may have expired.
    pub(crate) fn next(&mut self) -> Result<Option<TemporalEntry<'_>>> {
        let Self { scan, reader } = self;
        reader.checked(scan.next())
    }
}
