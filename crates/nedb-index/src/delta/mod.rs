//! The changes since the last checkpoint, in memory.
//!
//! ```text
//! table  : hash -> newest address      readers: point look-ups, no lock
//! values : key number -> newest address      readers: scans, no lock
//! tail   : keys in order of arrival          one short lock, writer and sorters
//! sorted : sorted runs of keys               one lock among sorters
//! ```
//! Promises: applying never sorts, so a bulk load pays nothing for order; a scan sorts what came since the last one.
//! A key stands in a delta once; its value is replaced in place. Leaves to others: what is below the delta.
//!
//! Lock order: sorted before tail.

mod sorted;
mod table;
mod tail;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::Address;
use nedb_io::Mutex;
use nedb_types::Result;

use crate::entry::{KeyEntry, Packed};
use crate::hasher::KeyHash;
use sorted::SortedRuns;
use table::{HashTable, Upsert};
use tail::Tail;
use values::Values;

pub(crate) use sorted::{SortedRun, shared_length};

/// Entries whose slots are loaded side by side before they are written.
const TOUCHED_AT_ONCE: usize = 16;

#[derive(Debug)]
pub(crate) struct Delta {
    table: HashTable,
    values: Values,
    tail: Mutex<Tail>,
    sorted: Mutex<SortedRuns>,
    sorted_bytes: AtomicU64,
    /// Whether a key was ever applied: a look-up in the empty delta after a checkpoint costs next to nothing.
    has_keys: AtomicBool,
}

impl Delta {
    pub(crate) fn new() -> Self {
        Self {
            table: HashTable::new(),
            values: Values::default(),
            tail: Mutex::default(),
            sorted: Mutex::default(),
            sorted_bytes: AtomicU64::new(0),
            has_keys: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn find(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Packed>> {
        if !self.has_keys.load(Ordering::Acquire) {
            return Ok(None);
        }
        self.table.find(hash, is_match)
    }

    #[inline]
    pub(crate) fn touch(&self, hashes: &[KeyHash]) {
        if self.has_keys.load(Ordering::Acquire) {
            self.table.touch(hashes.iter().copied());
        }
    }

    pub(crate) fn apply(&self, entries: &[KeyEntry<'_>]) {
        let mut tail = self.tail.lock();
        for group in entries.chunks(TOUCHED_AT_ONCE) {
            if group.len() > 1 {
                self.table.touch(group.iter().map(|entry| entry.hash));
            }
            for entry in group {
                self.apply_one(&mut tail, entry);
            }
        }
        if !entries.is_empty() {
            self.has_keys.store(true, Ordering::Release);
        }
    }

    fn apply_one(&self, tail: &mut Tail, entry: &KeyEntry<'_>) {
        let value = Packed::new(entry.address, entry.state);
        let next = tail.count();
        match self.table.upsert(entry.hash, value, next, |item| tail.key(item) == entry.key) {
            Upsert::Replaced(item) => self.values.set(item, value),
            Upsert::Inserted => {
                tail.push(entry.key);
                self.values.set(next, value);
            }
        }
    }

    /// Returns sorted runs that together hold each key of this moment once.
    pub(crate) fn sorted(&self) -> Vec<Arc<SortedRun>> {
        let mut sorted = self.sorted.lock();
        let unsorted = {
            let tail = self.tail.lock();
            let until = tail.count();
            (until > sorted.count).then(|| (tail.chunks_from(sorted.count), until))
        };
        if let Some(((chunks, first), until)) = unsorted {
            sorted.extend(&chunks, first, until);
            self.sorted_bytes.store(sorted.heap_bytes() as u64, Ordering::Relaxed);
        }
        sorted.runs.clone()
    }

    #[inline]
    pub(crate) fn value(&self, item: u32) -> Option<Packed> {
        self.values.get(item)
    }

    pub(crate) fn count(&self) -> u64 {
        u64::from(self.tail.lock().count())
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        let tail = self.tail.lock().heap_bytes() as u64;
        // Read without the sorters' lock, because the committer asks and must not wait for a sort.
        self.table.bytes() + self.values.bytes() + tail + self.sorted_bytes.load(Ordering::Relaxed)
    }
}
