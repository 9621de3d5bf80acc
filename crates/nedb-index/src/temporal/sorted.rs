//! Sorting items in memory.
//!
//! Promises: a sorted part is never changed, so that a scan keeps it as long as it likes; parts are merged while the
//! newer one is at least half as long, so that an item is copied O(log n) times. Leaves to others: when to sort.

use std::sync::Arc;

use super::item::ItemList;
use crate::number::u32_from;

/// Longest part in items that is still merged with another: bounds the pause of the scan that has to merge.
const MERGED_ITEMS_MAX: usize = 256 * 1024;
/// Longest part in bytes that is still merged or sorted as one, whatever the payloads.
const MERGED_BYTES_MAX: usize = 64 << 20;

/// Sorted parts, the oldest and longest first.
#[derive(Debug, Default)]
pub(crate) struct SortedParts {
    pub(crate) parts: Vec<Arc<ItemList>>,
}

impl SortedParts {
    /// Sorts chunks of items and adds them.
    pub(crate) fn extend(&mut self, chunks: &[ItemList]) {
        let mut rest = chunks;
        while !rest.is_empty() {
            let (mut items, mut bytes) = (0, 0);
            let fitting = rest.iter().take_while(|chunk| {
                items += chunk.len();
                bytes += chunk.content_bytes();
                items <= MERGED_ITEMS_MAX && bytes <= MERGED_BYTES_MAX
            });
            let (now, later) = rest.split_at(fitting.count().max(1));
            self.parts.push(Arc::new(sort(now)));
            self.merge_last();
            rest = later;
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.heap_bytes()).sum()
    }

    fn merge_last(&mut self) {
        while let [.., older, newer] = self.parts.as_slice() {
            let is_too_long = older.len() + newer.len() > MERGED_ITEMS_MAX
                || older.content_bytes() + newer.content_bytes() > MERGED_BYTES_MAX;
            if newer.len() * 2 < older.len() || is_too_long {
                return;
            }
            let merged = Arc::new(merge(older, newer));
            self.parts.truncate(self.parts.len() - 2);
            self.parts.push(merged);
        }
    }
}

fn sort(chunks: &[ItemList]) -> ItemList {
    let order_of = |(chunk, item): (u32, u32)| {
        chunks.get(chunk as usize).map(|chunk| chunk.order(item as usize)).unwrap_or_default()
    };
    let places =
        (0..).zip(chunks).flat_map(|(number, chunk)| (0..u32_from(chunk.len())).map(move |item| (number, item)));
    let shared = places.clone().map(|place| order_of(place).0).fold(None, |shared: Option<&[u8]>, composite| {
        let shared = shared.unwrap_or(composite);
        shared.get(..crate::delta::shared_length(shared, composite))
    });
    let skipped = shared.unwrap_or_default().len();
    let mut order: Vec<(u64, (u32, u32))> = places.map(|place| (digits(order_of(place).0, skipped), place)).collect();
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| order_of(a.1).cmp(&order_of(b.1))));
    let mut sorted = ItemList::with_capacity(order.len(), chunks.iter().map(ItemList::content_bytes).sum());
    for (_, (chunk, item)) in order {
        if let Some(item) = chunks.get(chunk as usize).and_then(|chunk| chunk.get(item as usize)) {
            sorted.push_sorted(item);
        }
    }
    sorted
}

fn merge(a: &ItemList, b: &ItemList) -> ItemList {
    let mut merged = ItemList::with_capacity(a.len() + b.len(), a.content_bytes() + b.content_bytes());
    let (mut at_a, mut at_b) = (0, 0);
    while let (Some(item_a), Some(item_b)) = (a.get(at_a), b.get(at_b)) {
        if a.order(at_a) <= b.order(at_b) {
            merged.push_sorted(item_a);
            at_a += 1;
        } else {
            merged.push_sorted(item_b);
            at_b += 1;
        }
    }
    for (rest, at) in [(a, at_a), (b, at_b)] {
        rest.iter().skip(at).for_each(|item| merged.push_sorted(item));
    }
    merged
}

/// The eight bytes behind the shared ones as a number in byte order: most comparisons end there.
fn digits(composite: &[u8], skipped: usize) -> u64 {
    let rest = composite.get(skipped..).unwrap_or_default();
    rest.iter().take(8).enumerate().fold(0, |digits, (index, byte)| digits | u64::from(*byte) << (56 - 8 * index))
}
