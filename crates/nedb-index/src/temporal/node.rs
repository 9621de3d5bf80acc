//! Index nodes of a run: what the blocks below, or the nodes below, begin with and which moments they hold.
//!
//! ```text
//! children u32 | length of the node u32 | record of each child ... | separators ...
//! record = least added, greatest added, least removed, greatest removed u64
//!          | items before the child u64 | its first page in its section u32 | end of its separator u32
//! ```
//! A separator is the shortest prefix of the child's first composite that is greater than the last one before.
//! Promises: a search reads the bytes in place, so that a node costs nothing to open. Leaves to others: where nodes lie.

use nedb_types::codec::{Reader, Writer};
use nedb_types::{Error, Result};

use crate::delta::shared_length;
use crate::number::u32_from;
use crate::run::MomentSummary;

const STRUCTURE: &str = "index node";
pub(crate) const HEADER_BYTES: usize = 8;
const RECORD_BYTES: usize = 48;

/// What a node says about a child.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Child {
    pub(crate) moments: MomentSummary,
    pub(crate) items_before: u64,
    pub(crate) first_page: u32,
}

/// Returns the shortest prefix of `first` that is greater than `last_before`.
pub(crate) fn separator<'a>(last_before: &[u8], first: &'a [u8]) -> &'a [u8] {
    first.get(..=shared_length(last_before, first)).unwrap_or(first)
}

/// Collects the children of a node.
#[derive(Debug, Default)]
pub(crate) struct NodeBuilder {
    records: Writer,
    separators: Vec<u8>,
    count: u32,
    first: Option<(Vec<u8>, u64)>,
    moments: MomentSummary,
}

impl NodeBuilder {
    pub(crate) fn push(&mut self, separator: &[u8], child: &Child) {
        self.first.get_or_insert_with(|| (separator.to_vec(), child.items_before));
        self.separators.extend_from_slice(separator);
        self.moments = self.moments.with(child.moments);
        child.moments.encode(&mut self.records);
        self.records.u64(child.items_before);
        self.records.u32(child.first_page);
        self.records.u32(u32_from(self.separators.len()));
        self.count += 1;
    }

    /// Returns the length of the node with one more child.
    pub(crate) fn length_with(&self, separator: &[u8]) -> usize {
        self.length() + RECORD_BYTES + separator.len()
    }

    pub(crate) const fn moments(&self) -> MomentSummary {
        self.moments
    }

    /// Returns the node with what its own parent says of it; `None` when it has no children.
    pub(crate) fn finish(&mut self, first_page: u32) -> Option<(Vec<u8>, Vec<u8>, Child)> {
        let (separator, items_before) = self.first.take()?;
        let child = Child { moments: self.moments, items_before, first_page };
        let mut node = Writer::with_capacity(self.length());
        node.u32(self.count);
        node.u32(u32_from(self.length()));
        node.bytes(self.records.as_bytes());
        node.bytes(&self.separators);
        *self = Self::default();
        Some((node.into_bytes(), separator, child))
    }

    fn length(&self) -> usize {
        HEADER_BYTES + self.records.position() + self.separators.len()
    }
}

/// A node that was read.
#[derive(Debug, Default)]
pub(crate) struct Node {
    bytes: Vec<u8>,
    count: usize,
}

impl Node {
    /// Returns the length of the node that begins with these bytes.
    pub(crate) fn length_of(bytes: &[u8]) -> Option<usize> {
        bytes.get(4..).and_then(|rest| rest.first_chunk()).map(|length| u32::from_le_bytes(*length) as usize)
    }

    /// Takes the bytes that `fill` puts into the buffer of a node that is no longer needed.
    pub(crate) fn refill(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        self.count = 0;
        self.bytes.clear();
        fill(&mut self.bytes)?;
        let mut reader = Reader::new(&self.bytes, STRUCTURE);
        let (count, length) = (reader.u32()? as usize, reader.u32()? as usize);
        let records = count.checked_mul(RECORD_BYTES).filter(|records| *records <= reader.remaining());
        if count == 0 || records.is_none() || length > self.bytes.len() {
            return Err(Error::corrupt("index node: its lengths make no sense"));
        }
        self.bytes.truncate(length);
        self.count = count;
        Ok(())
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        self.bytes.capacity() as u64
    }

    pub(crate) fn child(&self, index: usize) -> Option<Child> {
        let mut reader = Reader::new(self.record(index)?, STRUCTURE);
        let moments = MomentSummary::decode(&mut reader).ok()?;
        Some(Child { moments, items_before: reader.u64().ok()?, first_page: reader.u32().ok()? })
    }

    pub(crate) fn separator(&self, index: usize) -> Option<&[u8]> {
        let base = HEADER_BYTES + self.count * RECORD_BYTES;
        let start = match index.checked_sub(1) {
            Some(before) => self.separator_end(before)?,
            None => 0,
        };
        self.bytes.get(base + start..base + self.separator_end(index)?)
    }

    /// Returns the last child whose separator is below the bound, or the first one.
    pub(crate) fn seek(&self, bound: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            if self.separator(middle).is_some_and(|separator| separator < bound) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.saturating_sub(1)
    }

    fn record(&self, index: usize) -> Option<&[u8]> {
        let start = HEADER_BYTES + index.checked_mul(RECORD_BYTES)?;
        self.bytes.get(start..start + RECORD_BYTES).filter(|_| index < self.count)
    }

    fn separator_end(&self, index: usize) -> Option<usize> {
        let end = self.record(index)?.last_chunk()?;
        Some(u32::from_le_bytes(*end) as usize)
    }
}
