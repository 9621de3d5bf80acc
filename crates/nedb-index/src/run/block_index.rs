//! The block index of a key run: one separator per block.
//!
//! ```text
//! entry = pages of the block u8 | length varint | separator
//! ```
//! A separator is the shortest prefix of the block's first key that is greater than the last key of the block before.
//! Promises: read once, on the first scan; small (a few bytes per thousand bytes of keys), so it stays in memory.
//! Leaves to others: the blocks.

use nedb_types::Result;
use nedb_types::codec::{Reader, Writer};

use crate::delta::shared_length;
use crate::number::u32_from;

/// Adds the entry of a block.
pub(crate) fn put(index: &mut Writer, pages: u8, last_before: &[u8], first: &[u8]) {
    let shared = shared_length(last_before, first);
    let separator = first.get(..=shared).unwrap_or(first);
    index.u8(pages);
    index.varint(separator.len() as u64);
    index.bytes(separator);
}

/// The separators and first pages of all blocks.
#[derive(Debug)]
pub(crate) struct BlockIndex {
    separators: Vec<u8>,
    ends: Vec<u32>,
    first_pages: Vec<u32>,
}

impl BlockIndex {
    /// Reads the index of `count` blocks, the first of which begins at `first_page`.
    pub(crate) fn read(bytes: &[u8], count: u64, first_page: u32) -> Result<Self> {
        let mut reader = Reader::new(bytes, "block index");
        let (mut separators, mut ends, mut first_pages) = (Vec::new(), Vec::new(), Vec::new());
        let mut page = first_page;
        for _ in 0..count {
            let pages = reader.u8()?;
            let length = reader.varint()?;
            separators.extend_from_slice(reader.bytes(length)?);
            ends.push(u32_from(separators.len()));
            first_pages.push(page);
            page = page.saturating_add(u32::from(pages));
        }
        reader.finish()?;
        Ok(Self { separators, ends, first_pages })
    }

    pub(crate) fn len(&self) -> usize {
        self.first_pages.len()
    }

    pub(crate) fn first_page(&self, block: usize) -> Option<u32> {
        self.first_pages.get(block).copied()
    }

    /// Returns the last block whose separator is not above the key, or the first block.
    pub(crate) fn seek(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.separator(middle) <= key { low = middle + 1 } else { high = middle }
        }
        low.saturating_sub(1)
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        (self.separators.len() + (self.ends.len() + self.first_pages.len()) * size_of::<u32>()) as u64
    }

    /// Returns what the keys of a block are not below, and those of the block before are; empty behind the last block.
    pub(crate) fn separator(&self, block: usize) -> &[u8] {
        let start = block.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(block).map_or(start, |end| *end as usize);
        self.separators.get(start..end).unwrap_or_default()
    }
}
