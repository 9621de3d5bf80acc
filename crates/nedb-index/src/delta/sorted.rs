//! Sorted runs of keys in memory, and when they are merged.
//!
//! Promises: a run is never changed, so a scan keeps it as long as it likes; keys of different runs of one delta
//! differ. Runs are merged while the newer one is at least half as long, so that a key is copied O(log n) times.
//! Leaves to others: the values, which a run names by number.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use super::tail::{CHUNK_KEYS, KeyChunk};
use crate::number::u32_from;

/// Longest run that is still merged with another: bounds the pause of the scan that has to merge.
const MERGED_KEYS_MAX: usize = 256 * 1024;

/// Keys in byte order, each with its number.
#[derive(Debug, Default)]
pub(crate) struct SortedRun {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl SortedRun {
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    #[inline]
    pub(crate) fn key(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(index).map_or(start, |end| *end as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn item(&self, index: usize) -> Option<u32> {
        self.items.get(index).copied()
    }

    /// Returns the first index whose key is not below the start bound.
    pub(crate) fn lower(&self, start: &Bound<Vec<u8>>) -> usize {
        match start {
            Bound::Unbounded => 0,
            Bound::Included(bound) => self.partition((0, self.len()), |key| key < bound.as_slice()),
            Bound::Excluded(bound) => self.partition((0, self.len()), |key| key <= bound.as_slice()),
        }
    }

    /// Returns the index behind the last key inside the end bound, which is not below `lower`.
    pub(crate) fn upper(&self, end: &Bound<Vec<u8>>, lower: usize) -> usize {
        match end {
            Bound::Unbounded => self.len(),
            Bound::Included(bound) => self.gallop(lower, |key| key <= bound.as_slice()),
            Bound::Excluded(bound) => self.gallop(lower, |key| key < bound.as_slice()),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + (self.ends.capacity() + self.items.capacity()) * size_of::<u32>()
    }

    /// Searches from `low` on in growing steps, because most ranges are short.
    fn gallop(&self, low: usize, is_before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut step) = (low, 1);
        while low + step < self.len() && is_before(self.key(low + step)) {
            low += step;
            step *= 2;
        }
        self.partition((low, self.len().min(low + step)), is_before)
    }

    fn partition(&self, (mut low, mut high): (usize, usize), is_before: impl Fn(&[u8]) -> bool) -> usize {
        while low < high {
            let middle = low.midpoint(high);
            if is_before(self.key(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn with_capacity(keys: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(keys), items: Vec::with_capacity(keys) }
    }

    fn push(&mut self, key: &[u8], item: u32) {
        self.bytes.extend_from_slice(key);
        self.ends.push(u32_from(self.bytes.len()));
        self.items.push(item);
    }

    /// Sorts the keys with the numbers `from..until`; `chunks` begin with the key number `first`.
    fn sort(chunks: &[Arc<KeyChunk>], first: u32, from: u32, until: u32) -> Self {
        let key = |item: u32| {
            let place = (item - first) as usize;
            chunks.get(place / CHUNK_KEYS).map(|chunk| chunk.key(place % CHUNK_KEYS)).unwrap_or_default()
        };
        let shared = (from..until).map(key).fold(None, |shared: Option<&[u8]>, key| {
            let shared = shared.unwrap_or(key);
            shared.get(..shared_length(shared, key))
        });
        let skipped = shared.unwrap_or_default().len();
        let mut order: Vec<(u64, u32)> = (from..until).map(|item| (digits(key(item), skipped), item)).collect();
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))));
        let mut sorted = Self::with_capacity(order.len(), order.iter().map(|(_, item)| key(*item).len()).sum());
        for (_, item) in order {
            sorted.push(key(item), item);
        }
        sorted
    }

    fn merge(a: &Self, b: &Self) -> Self {
        let mut merged = Self::with_capacity(a.len() + b.len(), a.bytes.len() + b.bytes.len());
        let (mut at_a, mut at_b) = (0, 0);
        while let (Some(item_a), Some(item_b)) = (a.item(at_a), b.item(at_b)) {
            if a.key(at_a).cmp(b.key(at_b)) == Ordering::Less {
                merged.push(a.key(at_a), item_a);
                at_a += 1;
            } else {
                merged.push(b.key(at_b), item_b);
                at_b += 1;
            }
        }
        for (rest, at) in [(a, at_a), (b, at_b)] {
            for index in at..rest.len() {
                merged.push(rest.key(index), rest.item(index).unwrap_or_default());
            }
        }
        merged
    }
}

/// The sorted runs of a delta, the oldest and longest first, and how many keys they hold.
#[derive(Debug, Default)]
pub(crate) struct SortedRuns {
    pub(crate) runs: Vec<Arc<SortedRun>>,
    pub(crate) count: u32,
}

impl SortedRuns {
    /// Sorts the keys up to number `until`; `chunks` begin with the key number `first`.
    pub(crate) fn extend(&mut self, chunks: &[Arc<KeyChunk>], first: u32, until: u32) {
        let (mut chunks, mut first) = (chunks, first);
        while self.count < until {
            let end = until.min(first.saturating_add(u32_from(MERGED_KEYS_MAX)));
            self.runs.push(Arc::new(SortedRun::sort(chunks, first, self.count, end)));
            (self.count, first) = (end, end);
            chunks = chunks.get(MERGED_KEYS_MAX / CHUNK_KEYS..).unwrap_or_default();
            self.merge_last();
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.runs.iter().map(|run| run.heap_bytes()).sum()
    }

    fn merge_last(&mut self) {
        while let [.., older, newer] = self.runs.as_slice() {
            let total = older.len() + newer.len();
            if newer.len() * 2 < older.len() || total > MERGED_KEYS_MAX {
                return;
            }
            let merged = Arc::new(SortedRun::merge(older, newer));
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
    }
}

pub(crate) fn shared_length(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The eight bytes behind the shared ones as a number in byte order: most comparisons end there.
fn digits(key: &[u8], skipped: usize) -> u64 {
    let rest = key.get(skipped..).unwrap_or_default();
    rest.iter().take(8).enumerate().fold(0, |digits, (index, byte)| digits | u64::from(*byte) << (56 - 8 * index))
}
