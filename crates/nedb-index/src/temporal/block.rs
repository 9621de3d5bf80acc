//! Blocks of items in a run.
//!
//! ```text
//! items u16 | pages u16 | added bits u8 | state bits u8 | flags u8 (bit 0: payloads) | zero u8
//! | entries length u32 | least added u64 | least removed u64 | offset of each restart u16 ...
//! | entries ... | added less the least, added bits each | states, state bits each
//! entry = shared and rest as in key blocks | rest bytes | id length varint | [payload length varint | payload]
//! state = 0 live, else ((removed - least removed) x 2 + 1 if it only closes an entry elsewhere) + 1
//! ```
//! Every 16th entry is a restart: it shares nothing, so that a search may begin there. A block fills one page; only a
//! single item that is longer than that takes more.
//! Promises: decoding checks every length, so that no bytes make it fail other than with `corrupt`. Leaves to others:
//! pages and their checks.

use nedb_types::codec::{Reader, Writer};
use nedb_types::{Error, Result};

use super::item::{ItemRef, ItemState};
use crate::delta::shared_length;
use crate::number::{u16_from, u32_from};
use crate::run::{
    BODY_BYTES, DecodedKeys, MomentSummary, bits, packed_bytes, put_entry, put_packed, take_entry, take_packed,
};

/// Items from one restart to the next: a seek decodes half of them for nothing.
pub(crate) const RESTART_ITEMS: usize = 16;

/// What most composites take at most.
const COMPOSITE_BYTES: usize = 48;

const STRUCTURE: &str = "temporal block";
const HEADER_BYTES: usize = 28;
const FLAG_PAYLOADS: u8 = 1;
/// Most bytes that the lengths of one item take.
const LENGTHS_BYTES_MAX: usize = 1 + 2 * 3 + 3 + 5;

/// Collects items until a block is full.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    entries: Writer,
    restarts: Vec<u16>,
    added: Vec<u64>,
    states: Vec<ItemState>,
    first: Vec<u8>,
    last: Vec<u8>,
    /// Whether the entries of this block have payloads: from the first payload of the run on, all blocks do.
    has_payloads: bool,
    least_removed: u64,
    greatest_removed: u64,
    summary: MomentSummary,
}

impl BlockBuilder {
    pub(crate) fn len(&self) -> usize {
        self.added.len()
    }

    pub(crate) fn first(&self) -> &[u8] {
        &self.first
    }

    pub(crate) fn last(&self) -> &[u8] {
        &self.last
    }

    pub(crate) const fn summary(&self) -> MomentSummary {
        self.summary
    }

    /// Adds an item that sorts behind all before; returns false, and adds nothing, when the block is full.
    pub(crate) fn push(&mut self, item: &ItemRef<'_>) -> bool {
        let is_empty = self.added.is_empty();
        if is_empty {
            self.has_payloads |= !item.payload.is_empty();
            (self.least_removed, self.greatest_removed) = (u64::MAX, 0);
            self.summary = MomentSummary::default();
        } else if !self.has_payloads && !item.payload.is_empty() {
            return false;
        }
        let is_restart = self.added.len().is_multiple_of(RESTART_ITEMS);
        let shared = if is_restart { 0 } else { shared_length(&self.last, item.composite) };
        let rest = item.composite.get(shared..).unwrap_or_default();
        let summary = self.summary.with(summary_of(item));
        let (mut least, mut greatest) = (self.least_removed, self.greatest_removed);
        if item.state != ItemState::LIVE {
            (least, greatest) = (least.min(item.state.removed()), greatest.max(item.state.removed()));
        }
        let count = self.added.len() + 1;
        let numbers = packed_bytes(count, bits(summary.greatest_added - summary.least_added))
            + packed_bytes(count, state_bits(least, greatest));
        let restarts = self.restarts.len() + usize::from(is_restart);
        let entry_bytes_max = LENGTHS_BYTES_MAX + rest.len() + item.payload.len();
        let total = HEADER_BYTES + 2 * restarts + self.entries.position() + entry_bytes_max + numbers;
        if total > BODY_BYTES && !is_empty {
            return false;
        }
        if is_restart {
            self.restarts.push(u16_from(self.entries.position()));
        }
        if is_empty {
            self.first.clear();
            self.first.extend_from_slice(item.composite);
        }
        self.put(item, shared, rest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        (self.least_removed, self.greatest_removed, self.summary) = (least, greatest, summary);
        true
    }

    fn put(&mut self, item: &ItemRef<'_>, shared: usize, rest: &[u8]) {
        put_entry(&mut self.entries, shared, rest);
        self.entries.varint((item.composite.len() - item.key_length) as u64);
        if self.has_payloads {
            self.entries.varint(item.payload.len() as u64);
            self.entries.bytes(item.payload);
        }
        self.added.push(item.added);
        self.states.push(item.state);
    }

    /// Returns the block's bytes and begins the next one.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let added_bits = bits(self.summary.greatest_added - self.summary.least_added);
        let state_bits = state_bits(self.least_removed, self.greatest_removed);
        let count = self.added.len();
        let numbers = packed_bytes(count, added_bits) + packed_bytes(count, state_bits);
        let length = HEADER_BYTES + 2 * self.restarts.len() + self.entries.position() + numbers;
        let mut block = Writer::with_capacity(length);
        block.u16(u16_from(count));
        block.u16(u16_from(length.div_ceil(BODY_BYTES)));
        block.u8(added_bits);
        block.u8(state_bits);
        block.u8(if self.has_payloads { FLAG_PAYLOADS } else { 0 });
        block.u8(0);
        block.u32(u32_from(self.entries.position()));
        block.u64(self.summary.least_added);
        block.u64(if self.greatest_removed == 0 { 0 } else { self.least_removed });
        for restart in &self.restarts {
            block.u16(*restart);
        }
        block.bytes(self.entries.as_bytes());
        put_packed(&mut block, self.added.iter().map(|added| added - self.summary.least_added), added_bits);
        put_packed(&mut block, self.states.iter().map(|state| state.code(self.least_removed)), state_bits);
        self.entries.clear();
        self.restarts.clear();
        self.added.clear();
        self.states.clear();
        block.into_bytes()
    }
}

/// Returns the summary of one item.
fn summary_of(item: &ItemRef<'_>) -> MomentSummary {
    let (least_removed, greatest_removed) = match item.state {
        state if state.is_closing() => (0, u64::MAX),
        ItemState::LIVE => (u64::MAX, u64::MAX),
        state => (state.removed(), state.removed()),
    };
    MomentSummary { least_added: item.added, greatest_added: item.added, least_removed, greatest_removed }
}

fn state_bits(least: u64, greatest: u64) -> u8 {
    // The greatest code that can occur: a closing of the greatest removal.
    if greatest == 0 { 0 } else { bits(((greatest - least) << 1 | 1) + 1) }
}

/// Returns how many pages the block takes whose first page has this body.
pub(crate) fn pages_of(body: &[u8]) -> Option<u32> {
    let pages = body.get(2..).and_then(|rest| rest.first_chunk()).map(|bytes| u16::from_le_bytes(*bytes));
    pages.map(u32::from).filter(|pages| *pages > 0)
}

/// The lengths of a block, checked against its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlockShape {
    pub(crate) count: usize,
    added_bits: u8,
    state_bits: u8,
    has_payloads: bool,
    least_added: u64,
    least_removed: u64,
    entries: (usize, usize),
    states: usize,
}

impl BlockShape {
    pub(crate) fn read(block: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(block, STRUCTURE);
        let (count, _pages) = (usize::from(reader.u16()?), reader.u16()?);
        let (added_bits, state_bits, flags, zero) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
        let entries_length = reader.u32()?;
        let (least_added, least_removed) = (reader.u64()?, reader.u64()?);
        reader.take(2 * count.div_ceil(RESTART_ITEMS))?;
        let start = reader.position();
        reader.bytes(u64::from(entries_length))?;
        let end = reader.position();
        let is_known = flags & !FLAG_PAYLOADS == 0 && zero == 0;
        if count == 0 || !is_known || u32::from(added_bits.max(state_bits)) > u64::BITS {
            return Err(reader.corrupt("its count, flags or widths make no sense"));
        }
        reader.take(packed_bytes(count, added_bits))?;
        let states = reader.position();
        reader.take(packed_bytes(count, state_bits))?;
        let has_payloads = flags & FLAG_PAYLOADS != 0;
        Ok(Self {
            count,
            added_bits,
            state_bits,
            has_payloads,
            least_added,
            least_removed,
            entries: (start, end),
            states,
        })
    }

    pub(crate) const fn restarts(&self) -> usize {
        self.count.div_ceil(RESTART_ITEMS)
    }

    /// Returns when the item with this number in the block was added.
    #[inline]
    pub(crate) fn added(&self, block: &[u8], index: usize) -> Option<u64> {
        self.least_added.checked_add(take_packed(block.get(self.entries.1..)?, index, self.added_bits)?)
    }

    /// Returns the state of the item with this number in the block.
    #[inline]
    fn state(&self, block: &[u8], index: usize) -> Option<ItemState> {
        if self.state_bits == 0 {
            return Some(ItemState::LIVE);
        }
        ItemState::from_code(take_packed(block.get(self.states..)?, index, self.state_bits)?, self.least_removed)
    }

    /// Returns the whole composite of a restart.
    fn restart_key<'a>(&self, block: &'a [u8], restart: usize) -> Result<&'a [u8]> {
        let (shared, rest) = take_entry(&mut self.reader_at(block, restart)?)?;
        if shared != 0 {
            return Err(Error::corrupt("temporal block: a restart shares bytes with the item before"));
        }
        Ok(rest)
    }

    /// Returns the last restart whose composite is below `to`, or the first one.
    pub(crate) fn seek(&self, block: &[u8], to: &[u8]) -> Result<usize> {
        let (mut low, mut high) = (0, self.restarts());
        while low < high {
            let middle = low.midpoint(high);
            if self.restart_key(block, middle)? < to {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    /// Decodes the items from one restart to the next.
    pub(crate) fn decode(&self, block: &[u8], restart: usize, items: &mut DecodedItems) -> Result<()> {
        items.begin();
        let mut reader = self.reader_at(block, restart)?;
        let first = restart * RESTART_ITEMS;
        for _ in first..self.count.min(first + RESTART_ITEMS) {
            let (shared, rest) = take_entry(&mut reader)?;
            if !items.composites.push(shared, rest) {
                return Err(reader.corrupt("an item shares more bytes than the one before has"));
            }
            let id = reader.varint()?;
            let payload = if self.has_payloads { reader.varint()? } else { 0 };
            // The reader begins at the restart and ends with the entries.
            let start = self.entries.1 - reader.remaining();
            reader.bytes(payload)?;
            items.tails.push(Tail { id: u32::try_from(id).unwrap_or(u32::MAX), payload: (u32_from(start), payload) });
        }
        Ok(())
    }

    /// Returns a decoded item, named by its restart and its place behind that, with its moments.
    #[inline]
    pub(crate) fn item<'a>(
        &self,
        block: &'a [u8],
        items: &'a DecodedItems,
        (restart, index): (usize, usize),
    ) -> Result<ItemRef<'a>> {
        let number = restart * RESTART_ITEMS + index;
        let item = items.get(block, index).and_then(|(composite, key_length, payload)| {
            let (added, state) = (self.added(block, number)?, self.state(block, number)?);
            Some(ItemRef { composite, key_length, added, state, payload })
        });
        item.ok_or_else(|| Error::corrupt("temporal block: an item's numbers are out of range"))
    }

    fn reader_at<'a>(&self, block: &'a [u8], restart: usize) -> Result<Reader<'a>> {
        let offset = block
            .get(HEADER_BYTES + 2 * restart..)
            .filter(|_| restart < self.restarts())
            .and_then(|rest| rest.first_chunk())
            .map(|bytes| usize::from(u16::from_le_bytes(*bytes)));
        let entries = offset.and_then(|offset| block.get(self.entries.0 + offset..self.entries.1));
        entries
            .map(|entries| Reader::new(entries, STRUCTURE))
            .ok_or_else(|| Error::corrupt("temporal block: a restart lies outside the entries"))
    }
}

#[derive(Clone, Copy, Debug)]
struct Tail {
    id: u32,
    payload: (u32, u64),
}

/// The items of one restart interval, but for their moments.
#[derive(Debug, Default)]
pub(crate) struct DecodedItems {
    composites: DecodedKeys,
    tails: Vec<Tail>,
}

impl DecodedItems {
    pub(crate) fn len(&self) -> usize {
        self.tails.len()
    }

    #[inline]
    pub(crate) fn composite(&self, index: usize) -> Option<&[u8]> {
        self.composites.key(index)
    }

    /// Returns composite, length of the key, and payload.
    #[inline]
    fn get<'a>(&'a self, block: &'a [u8], index: usize) -> Option<(&'a [u8], usize, &'a [u8])> {
        let (composite, tail) = (self.composites.key(index)?, self.tails.get(index)?);
        let key_length = composite.len().checked_sub(tail.id as usize)?;
        let (start, length) = tail.payload;
        let payload = block.get(start as usize..)?.get(..usize::try_from(length).ok()?)?;
        Some((composite, key_length, payload))
    }

    pub(crate) fn clear(&mut self) {
        self.composites.clear();
        self.tails.clear();
    }

    /// Empties the list and makes room for an interval.
    fn begin(&mut self) {
        self.clear();
        self.composites.reserve(RESTART_ITEMS, RESTART_ITEMS * COMPOSITE_BYTES);
        self.tails.reserve(RESTART_ITEMS);
    }
}
