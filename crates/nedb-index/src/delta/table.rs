//! The hash part of a delta: open addressing over atomic words.
//!
//! ```text
//! slot = label u64 (high: upper half of the hash, low: number of the key) | packed address and state u64 (0: empty)
//! ```
//! Promises: one writer, any number of readers, no lock and no waiting for readers. A slot's label never changes once
//! its value is set, so a reader that sees the value sees the right label. Growth builds a doubled table and swaps it.
//! Half a hash is enough: the slot's place tells most of the rest, and every candidate is confirmed anyway. Leaves to
//! others: keeping writers apart, and telling keys with equal hashes apart.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Address;
use arc_swap::ArcSwap;
use nedb_types::Result;

use crate::KeyHash;
use crate::entry::Packed;

/// Slots of a new table: small, because hundreds of idle databases may be open.
const SLOTS_MIN: usize = 64;

/// What an insertion found.
pub(crate) enum Upsert {
    /// The key was there under this number; its value was replaced.
    Replaced(u32),
    /// The key is new.
    Inserted,
}

#[derive(Debug)]
pub(crate) struct HashTable {
    table: ArcSwap<Table>,
}

impl HashTable {
    pub(crate) fn new() -> Self {
        Self { table: ArcSwap::from_pointee(Table::new(SLOTS_MIN)) }
    }

    /// Finds the key that has this hash and is confirmed by `is_match`.
    #[inline]
    pub(crate) fn find(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Packed>> {
        let table = self.table.load();
        let mut probe = table.probe(hash);
        while let Some((_, packed)) = probe.next_with_hash() {
            if is_match(packed.address())? {
                return Ok(Some(packed));
            }
        }
        Ok(None)
    }

    /// Loads the first slots of many hashes side by side, so that their cache misses overlap.
    #[inline]
    pub(crate) fn touch(&self, hashes: impl Iterator<Item = KeyHash>) {
        let table = self.table.load();
        let mut mixed = 0;
        for hash in hashes {
            let slot = table.slots.get(table.start(hash.get()));
            mixed ^= slot.map_or(0, |slot| slot.value.load(Ordering::Relaxed));
        }
        black_box(mixed);
    }

    /// Replaces the value of the key whose number `is_same` confirms, or inserts `item`; for the one writer.
    pub(crate) fn upsert(
        &self,
        hash: KeyHash,
        value: Packed,
        item: u32,
        mut is_same: impl FnMut(u32) -> bool,
    ) -> Upsert {
        let table = self.table.load();
        let mut probe = table.probe(hash);
        while let Some((slot, _)) = probe.next_with_hash() {
            let known = item_of(slot.label.load(Ordering::Relaxed));
            if is_same(known) {
                slot.value.store(value.word(), Ordering::Release);
                return Upsert::Replaced(known);
            }
        }
        let label = label(hash, item);
        if (item as usize).saturating_mul(4) < table.slots.len().saturating_mul(3) {
            probe.insert(label, value);
        } else {
            drop(table);
            self.grow(label, value);
        }
        Upsert::Inserted
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.table.load().slots.len() * size_of::<Slot>()) as u64
    }

    fn grow(&self, label: u64, value: Packed) {
        let old = self.table.load_full();
        let grown = Table::new(old.slots.len().saturating_mul(2));
        for slot in &old.slots {
            if let Some(packed) = Packed::from_word(slot.value.load(Ordering::Relaxed)) {
                grown.insert_new(slot.label.load(Ordering::Relaxed), packed);
            }
        }
        grown.insert_new(label, value);
        self.table.store(Arc::new(grown));
    }
}

fn label(hash: KeyHash, item: u32) -> u64 {
    hash.get() >> 32 << 32 | u64::from(item)
}

fn item_of(label: u64) -> u32 {
    let [a, b, c, d, ..] = label.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[derive(Debug, Default)]
struct Slot {
    label: AtomicU64,
    value: AtomicU64,
}

#[derive(Debug)]
struct Table {
    slots: Box<[Slot]>,
    mask: usize,
    /// What to shift the hash by to get the slot where a search begins.
    shift: u32,
}

impl Table {
    fn new(count: usize) -> Self {
        assert!(count.is_power_of_two(), "the table's length is a power of two, not {count}");
        let slots = std::iter::repeat_with(Slot::default).take(count).collect();
        Self { slots, mask: count - 1, shift: u64::BITS - count.ilog2() }
    }

    #[inline]
    fn start(&self, hash: u64) -> usize {
        usize::try_from(hash >> self.shift).unwrap_or_default()
    }

    #[inline]
    fn probe(&self, hash: KeyHash) -> Probe<'_> {
        Probe { table: self, half: hash.get() >> 32, index: self.start(hash.get()) }
    }

    fn insert_new(&self, label: u64, value: Packed) {
        let mut probe = Probe { table: self, half: label >> 32, index: self.start(label) };
        while probe.next_with_hash().is_some() {}
        probe.insert(label, value);
    }
}

/// Walks the slots of one hash up to the first empty one, where it stays.
struct Probe<'a> {
    table: &'a Table,
    half: u64,
    index: usize,
}

impl<'a> Probe<'a> {
    /// Ends because a quarter of the slots is always empty.
    #[inline]
    fn next_with_hash(&mut self) -> Option<(&'a Slot, Packed)> {
        loop {
            let slot = self.table.slots.get(self.index)?;
            let packed = Packed::from_word(slot.value.load(Ordering::Acquire))?;
            self.index = (self.index + 1) & self.table.mask;
            if slot.label.load(Ordering::Relaxed) >> 32 == self.half {
                return Some((slot, packed));
            }
        }
    }

    fn insert(&self, label: u64, value: Packed) {
        if let Some(slot) = self.table.slots.get(self.index) {
            slot.label.store(label, Ordering::Relaxed);
            slot.value.store(value.word(), Ordering::Release);
        }
    }
}
