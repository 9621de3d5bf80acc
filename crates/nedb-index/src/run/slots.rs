//! The slot section of a run: a hash table that is read in place.
//!
//! ```text
//! home = hash x homes / 2^64; a slot stands at its home or, sorted by hash, in the first free place behind it
//! slot of a key run  (5 to 8 bytes): address / 16 in the low address bits, low bits of the hash above (the tag)
//! slot of a slot run (20 bytes): hash u64 | address / 16 u48 | address / 16 of the entry it replaces u48
//! ```
//! An all-zero address is an empty slot, which ends a search. Slots never cross a page; the slots pushed off the last
//! home stand behind it.
//! Promises: a search touches one cache line, seldom two. Leaves to others: confirming candidates.

use super::header::{RunHeader, RunKind};
use super::page::BODY_BYTES;
use super::page_writer::PageWriter;
use crate::KeyHash;
use crate::entry::ADDRESS_ALIGN_BYTES;
use nedb_types::Result;

/// Length of a slot in a slot run in bytes.
pub(crate) const WIDE_SLOT_BYTES: usize = 20;
/// Fewest tag bits of a key run: one false candidate in 16,384, which costs one read of the log.
const TAG_BITS_MIN: u8 = 14;
/// Most tag bits of a key run: more would repeat bits that the home already tells.
const TAG_BITS_MAX: u8 = 20;
/// Five homes for four entries: fuller tables have longer searches, emptier ones more bytes.
const HOMES: (u64, u64) = (5, 4);
/// Slots of a key run are read as 8 bytes, whatever their length.
const READ_BYTES: usize = 8;

/// Where slots lie and how they are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotLayout {
    pub(crate) homes: u64,
    pub(crate) slot_bytes: usize,
    pub(crate) slot_count: u64,
    first_page: u32,
    per_page: u64,
    address_bits: u8,
    tag_mask: u64,
}

impl SlotLayout {
    /// Chooses the shortest slots for a key run of so many entries whose addresses end below `address_end`.
    pub(crate) fn for_keys(entry_count: u64, address_end: u64) -> (u8, u8, u64) {
        let units = address_end.div_ceil(ADDRESS_ALIGN_BYTES).max(1);
        let address_bits = u8::try_from(u64::BITS - units.leading_zeros()).unwrap_or(u8::MAX);
        let slot_bytes = (address_bits + TAG_BITS_MIN).div_ceil(8).max(5);
        (slot_bytes, address_bits, homes(entry_count))
    }

    /// Reads the layout from a header; `None` when its numbers make no sense.
    pub(crate) fn of(header: &RunHeader) -> Option<Self> {
        let slot_bytes = usize::from(header.slot_bytes);
        let is_valid = match header.kind {
            RunKind::Keys => {
                (5..=READ_BYTES).contains(&slot_bytes)
                    && header.address_bits > 0
                    && u32::from(header.address_bits) + u32::from(TAG_BITS_MIN) <= 8 * u32::from(header.slot_bytes)
            }
            RunKind::Slots => slot_bytes == WIDE_SLOT_BYTES && header.address_bits == 0,
            RunKind::Live | RunKind::Closed => false,
        };
        let per_page = per_page(slot_bytes.max(1));
        let slot_count = u64::from(header.slots.page_count) * per_page;
        let layout = Self {
            homes: header.slots.items,
            slot_bytes,
            slot_count,
            first_page: header.slots.first_page,
            per_page,
            address_bits: header.address_bits,
            tag_mask: tag_mask(header.slot_bytes, header.address_bits),
        };
        (is_valid && layout.homes > 0 && layout.homes <= slot_count).then_some(layout)
    }

    /// Returns where the search for a hash begins.
    #[inline]
    pub(crate) fn home(&self, hash: KeyHash) -> u64 {
        home(hash, self.homes)
    }

    /// Returns page and byte of a slot.
    #[inline]
    pub(crate) fn place(&self, slot: u64) -> (u32, usize) {
        let page = u32::try_from(slot / self.per_page).unwrap_or(u32::MAX);
        let byte = usize::try_from(slot % self.per_page).unwrap_or_default() * self.slot_bytes;
        (self.first_page.saturating_add(page), byte)
    }

    /// Returns how many slots follow in the page of a slot, itself included.
    #[inline]
    pub(crate) fn left_in_page(&self, slot: u64) -> u64 {
        self.per_page - slot % self.per_page
    }

    /// Splits a slot of a key run into address units (0: empty) and tag.
    #[inline]
    pub(crate) fn split(&self, body: &[u8], byte: usize) -> Option<(u64, u64)> {
        let word = u64::from_le_bytes(*body.get(byte..)?.first_chunk()?);
        Some((word & ((1 << self.address_bits) - 1), word >> self.address_bits & self.tag_mask))
    }

    /// Returns the tag of a hash.
    #[inline]
    pub(crate) fn tag(&self, hash: KeyHash) -> u64 {
        hash.get() & self.tag_mask
    }
}

/// Maps a hash to one of so many equal parts of the hash space.
pub(crate) fn home(hash: KeyHash, homes: u64) -> u64 {
    // The high half of the product is below `homes`.
    u64::try_from((u128::from(hash.get()) * u128::from(homes)) >> 64).unwrap_or_default()
}

fn tag_mask(slot_bytes: u8, address_bits: u8) -> u64 {
    let bits = slot_bytes.min(8).saturating_mul(8).saturating_sub(address_bits).min(TAG_BITS_MAX);
    (1 << bits) - 1
}

/// Makes the slot of a key run.
pub(crate) fn join(hash: KeyHash, units: u64, slot_bytes: u8, address_bits: u8) -> u64 {
    units | (hash.get() & tag_mask(slot_bytes, address_bits)) << address_bits
}

/// Returns how many homes a run of so many entries gets.
pub(crate) fn homes(entry_count: u64) -> u64 {
    (entry_count.saturating_mul(HOMES.0) / HOMES.1).max(1)
}

fn per_page(slot_bytes: usize) -> u64 {
    let read = slot_bytes.max(READ_BYTES);
    ((BODY_BYTES - read) / slot_bytes + 1) as u64
}

/// Writes a slot section from slots in the order of their hashes.
pub(crate) struct SlotWriter<'a> {
    pages: &'a mut PageWriter,
    body: Vec<u8>,
    homes: u64,
    slot_bytes: usize,
    per_page: u64,
    next: u64,
    page: u64,
}

impl<'a> SlotWriter<'a> {
    pub(crate) fn new(pages: &'a mut PageWriter, homes: u64, slot_bytes: usize) -> Self {
        let per_page = per_page(slot_bytes);
        Self { pages, body: vec![0; BODY_BYTES], homes, slot_bytes, per_page, next: 0, page: 0 }
    }

    /// Places the next slot: `bytes` are as long as a slot, or longer with zeros at the end.
    pub(crate) fn push(&mut self, hash: KeyHash, bytes: &[u8]) -> Result<()> {
        let slot = home(hash, self.homes).max(self.next);
        self.next = slot + 1;
        while self.page < slot / self.per_page {
            self.flush()?;
        }
        let byte = usize::try_from(slot % self.per_page).unwrap_or_default() * self.slot_bytes;
        if let Some(place) = self.body.get_mut(byte..byte + self.slot_bytes) {
            place.copy_from_slice(bytes.get(..self.slot_bytes).unwrap_or_default());
        }
        Ok(())
    }

    /// Writes the last pages: at least one slot for every home.
    pub(crate) fn finish(mut self) -> Result<()> {
        while self.page * self.per_page < self.homes.max(self.next) {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.pages.push(&self.body)?;
        self.body.fill(0);
        self.page += 1;
        Ok(())
    }
}
