//! Items: what the layers of a temporal index hold.
//!
//! ```text
//! item = composite (key, then id) | where the id begins | added | state | payload
//! ```
//! An item is an entry, live or closed, or a closing: it says when an entry that lies in an older layer was removed.
//! Promises: items sort by composite and added, and an entry before its closing. Leaves to others: storing them.

use nedb_types::Seq;

/// Longest key and longest id in bytes: both together fill half a page of an index at most.
pub const INDEX_KEY_BYTES_MAX: usize = 2048;

/// Seqs end here, so that a state fits one word; the log ends long before.
const SEQ_END: u64 = 1 << 62;
const CLOSING: u64 = 1 << 63;

/// One change to a temporal index.
///
/// # Examples
///
/// ```
/// use nedb_index::TemporalChange;
/// use nedb_types::Seq;
///
/// let added = TemporalChange::Added { key: b"red", id: b"1", added: Seq::new(4), payload: b"" };
/// let removed = TemporalChange::Removed { key: b"red", id: b"1", added: Seq::new(4), removed: Seq::new(9) };
/// assert_ne!(added, removed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalChange<'a> {
    /// From `added` on, the document has the value.
    Added {
        /// The value, as a key that is not the beginning of another one.
        key: &'a [u8],
        /// The document.
        id: &'a [u8],
        /// The operation that gave it the value.
        added: Seq,
        /// What scans give back with the entry.
        payload: &'a [u8],
    },
    /// The entry with this key, id and `added` ended at `removed`.
    Removed {
        /// The value.
        key: &'a [u8],
        /// The document.
        id: &'a [u8],
        /// The operation that had given it the value.
        added: Seq,
        /// The operation that took it, greater than `added`.
        removed: Seq,
    },
}

/// Whether and when an entry ended, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ItemState(u64);

impl ItemState {
    pub(crate) const LIVE: Self = Self(0);

    pub(crate) fn closed(removed: Seq) -> Self {
        assert!(removed.get() > 0 && removed.get() < SEQ_END, "an entry ends after seq 0 and below 2^62");
        Self(removed.get())
    }

    pub(crate) fn closing(removed: Seq) -> Self {
        Self(Self::closed(removed).0 | CLOSING)
    }

    #[inline]
    pub(crate) const fn is_closing(self) -> bool {
        self.0 & CLOSING != 0
    }

    /// Returns when the entry ended; zero while it is live.
    #[inline]
    pub(crate) const fn removed(self) -> u64 {
        self.0 & !CLOSING
    }

    /// Returns the state of an entry that this closing ends.
    #[inline]
    pub(crate) const fn as_closed(self) -> Self {
        Self(self.0 & !CLOSING)
    }

    /// Returns the stored form, less than `least` that every removal has: 0 is live.
    pub(crate) const fn code(self, least: u64) -> u64 {
        if self.0 == 0 { 0 } else { ((self.removed() - least) << 1 | self.0 >> 63) + 1 }
    }

    /// Reads the stored form; `None` when it is out of range.
    #[inline]
    pub(crate) fn from_code(code: u64, least: u64) -> Option<Self> {
        let Some(code) = code.checked_sub(1) else { return Some(Self::LIVE) };
        let removed = least.checked_add(code >> 1).filter(|removed| (1..SEQ_END).contains(removed))?;
        Some(Self(removed | (code & 1) << 63))
    }
}

/// One item, borrowed from its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ItemRef<'a> {
    pub(crate) composite: &'a [u8],
    pub(crate) key_length: usize,
    pub(crate) added: u64,
    pub(crate) state: ItemState,
    pub(crate) payload: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct Item {
    start: u32,
    payload: u32,
    composite: u16,
    key: u16,
    added: u64,
    state: ItemState,
}

/// Items one behind the other in memory.
#[derive(Debug, Default)]
pub(crate) struct ItemList {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

impl ItemList {
    pub(crate) fn with_capacity(items: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), items: Vec::with_capacity(items) }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns the length of all composites and payloads.
    pub(crate) fn content_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.items.capacity() * size_of::<Item>()
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<ItemRef<'_>> {
        let item = self.items.get(index)?;
        let start = item.start as usize;
        let middle = start + usize::from(item.composite);
        Some(ItemRef {
            composite: self.bytes.get(start..middle)?,
            key_length: usize::from(item.key),
            added: item.added,
            state: item.state,
            payload: self.bytes.get(middle..middle + item.payload as usize)?,
        })
    }

    /// Returns what items are sorted by.
    #[inline]
    pub(crate) fn order(&self, index: usize) -> (&[u8], u64, ItemState) {
        let Some(item) = self.items.get(index) else { return (&[], 0, ItemState::LIVE) };
        let start = item.start as usize;
        (self.bytes.get(start..start + usize::from(item.composite)).unwrap_or_default(), item.added, item.state)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ItemRef<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub(crate) fn push_change(&mut self, change: &TemporalChange<'_>) {
        let (key, id, added, state, payload): (_, _, _, _, &[u8]) = match *change {
            TemporalChange::Added { key, id, added, payload } => (key, id, added, ItemState::LIVE, payload),
            TemporalChange::Removed { key, id, added, removed } => {
                assert!(added < removed, "an entry added at {added} cannot be removed at {removed}");
                (key, id, added, ItemState::closing(removed), &[])
            }
        };
        self.push_parts((key, id), added.get(), state, payload);
    }

    pub(crate) fn push_parts(&mut self, (key, id): (&[u8], &[u8]), added: u64, state: ItemState, payload: &[u8]) {
        assert!(
            key.len() <= INDEX_KEY_BYTES_MAX && id.len() <= INDEX_KEY_BYTES_MAX,
            "keys and ids of an index have at most {INDEX_KEY_BYTES_MAX} bytes, not {} and {}",
            key.len(),
            id.len()
        );
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(id);
        self.bytes.extend_from_slice(payload);
        self.push_item((start, key.len() + id.len(), key.len()), added, state, payload.len());
    }

    /// Adds an item behind those that sort before it; a closing goes into its entry if that is the last item.
    pub(crate) fn push_sorted(&mut self, item: ItemRef<'_>) {
        if item.state.is_closing()
            && let Some(last) = self.len().checked_sub(1)
            && self.order(last).0 == item.composite
            && let Some(entry) = self.items.last_mut()
            && entry.added == item.added
            && !entry.state.is_closing()
        {
            entry.state = item.state.as_closed();
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(item.composite);
        self.bytes.extend_from_slice(item.payload);
        self.push_item((start, item.composite.len(), item.key_length), item.added, item.state, item.payload.len());
    }

    fn push_item(&mut self, place: (usize, usize, usize), added: u64, state: ItemState, payload: usize) {
        let short = |length: usize| crate::number::u16_from(length);
        self.items.push(Item {
            start: crate::number::u32_from(place.0),
            payload: crate::number::u32_from(payload),
            composite: short(place.1),
            key: short(place.2),
            added,
            state,
        });
    }

    /// Returns the first index from `low` on whose composite is not below `bound`, searching in growing steps.
    pub(crate) fn lower(&self, bound: &[u8], low: usize) -> usize {
        let (mut low, mut step) = (low, 1);
        while low + step < self.len() && self.order(low + step).0 < bound {
            low += step;
            step *= 2;
        }
        let mut high = self.len().min(low + step);
        while low < high {
            let middle = low.midpoint(high);
            if self.order(middle).0 < bound { low = middle + 1 } else { high = middle }
        }
        low
    }
}
