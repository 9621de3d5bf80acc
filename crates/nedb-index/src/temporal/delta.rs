//! The changes of a temporal index that no run holds yet.
//!
//! ```text
//! tail   : items in order of arrival      one short lock, writer and sorters
//! sorted : sorted parts                   one lock among sorters
//! ```
//! Promises: applying never sorts and never waits for a sort; items stay put, so that whoever reads at a moment finds
//! what was applied for it, whatever follows. Leaves to others: what is below the delta.
//!
//! Lock order: sorted before tail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nedb_io::Mutex;

use super::item::{ItemList, TemporalChange};
use super::sorted::SortedParts;

/// Content of a chunk of the tail in bytes: growing it copies no more than this.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct TemporalDelta {
    tail: Mutex<Vec<ItemList>>,
    sorted: Mutex<SortedParts>,
    count: AtomicU64,
    tail_bytes: AtomicU64,
    sorted_bytes: AtomicU64,
}

impl TemporalDelta {
    pub(crate) fn apply(&self, changes: &[TemporalChange<'_>]) {
        let mut tail = self.tail.lock();
        for change in changes {
            push(&mut tail, |chunk| chunk.push_change(change), &self.tail_bytes);
        }
        self.count.fetch_add(changes.len() as u64, Ordering::Release);
    }

    /// Returns sorted parts that together hold what was applied up to this moment.
    pub(crate) fn sorted(&self) -> Vec<Arc<ItemList>> {
        let mut sorted = self.sorted.lock();
        let chunks = {
            let mut tail = self.tail.lock();
            self.tail_bytes.store(0, Ordering::Relaxed);
            std::mem::take(&mut *tail)
        };
        if !chunks.is_empty() {
            sorted.extend(&chunks);
            self.sorted_bytes.store(sorted.heap_bytes() as u64, Ordering::Relaxed);
        }
        sorted.parts.clone()
    }

    /// Returns the number of changes.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        self.tail_bytes.load(Ordering::Relaxed) + self.sorted_bytes.load(Ordering::Relaxed)
    }
}

/// Adds an item to the last chunk, or to a new one when that is full.
pub(crate) fn push(tail: &mut Vec<ItemList>, add: impl FnOnce(&mut ItemList), heap_bytes: &AtomicU64) {
    if tail.last().is_none_or(|chunk| chunk.content_bytes() >= CHUNK_BYTES) {
        tail.push(ItemList::default());
    }
    if let Some(chunk) = tail.last_mut() {
        let before = chunk.heap_bytes();
        add(chunk);
        heap_bytes.fetch_add((chunk.heap_bytes() - before) as u64, Ordering::Relaxed);
    }
}
