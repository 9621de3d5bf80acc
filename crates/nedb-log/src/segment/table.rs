//! The segments of an open log, for readers without locks.
//!
//! Segments are only ever added, so a reader borrows one for as long as it borrows the table, at the cost of two
//! atomic loads and without counting references.

use super::Segment;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Chunk `i` has room for `2^i` segments; 40 chunks outlast 64-bit addresses at the smallest segment size in practice.
const CHUNKS: usize = 40;

#[derive(Debug)]
pub(crate) struct SegmentTable {
    chunks: [OnceLock<Box<[OnceLock<Segment>]>>; CHUNKS],
    count: AtomicU64,
}

impl SegmentTable {
    pub(crate) fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], count: AtomicU64::new(0) }
    }

    /// Returns the segment with a number.
    #[inline]
    pub(crate) fn get(&self, number: u64) -> Option<&Segment> {
        let (chunk, slot) = place(number);
        self.chunks.get(chunk)?.get()?.get(slot)?.get()
    }

    /// Returns how many segments there are.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Adds the next segment; only one thread does so at a time.
    pub(crate) fn push(&self, segment: Segment) {
        let number = self.count();
        let (chunk, slot) = place(number);
        if let Some(chunk) = self.chunks.get(chunk) {
            let slots = chunk.get_or_init(|| (0..=slot_count_less_one(number)).map(|_| OnceLock::new()).collect());
            if let Some(slot) = slots.get(slot) {
                slot.get_or_init(|| segment);
            }
        }
        self.count.store(number + 1, Ordering::Release);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Segment> {
        (0..self.count()).map_while(|number| self.get(number))
    }
}

/// Returns chunk and slot of a segment number.
#[inline]
fn place(number: u64) -> (usize, usize) {
    let shifted = number.saturating_add(1);
    let chunk = shifted.ilog2();
    (chunk as usize, usize::try_from(shifted - (1 << chunk)).unwrap_or(usize::MAX))
}

fn slot_count_less_one(number: u64) -> u64 {
    (1 << number.saturating_add(1).ilog2()) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let places: std::collections::BTreeSet<_> = (0..1000).map(place).collect();
        assert_eq!(places.len(), 1000);
        assert!((0..1000).all(|number| place(number).1 as u64 <= slot_count_less_one(number)));
    }
}
