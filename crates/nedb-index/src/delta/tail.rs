//! The keys of a delta in order of arrival.
//!
//! Promises: a key keeps its number; full chunks are never changed, so that a sorter takes them without copying while
//! the writer goes on. Leaves to others: sorting, and the values.

use std::sync::Arc;

/// Keys per chunk: small enough that copying the open chunk for a sorter costs microseconds.
pub(crate) const CHUNK_KEYS: usize = 1024;

/// A bounded list of keys, one behind the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyChunk {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl KeyChunk {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(crate::number::u32_from(self.bytes.len()));
    }

    #[inline]
    pub(crate) fn key(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(index).map_or(start, |end| *end as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn suffix(&self, from: usize) -> Self {
        let mut suffix = Self::default();
        for index in from..self.len() {
            suffix.push(self.key(index));
        }
        suffix
    }

    fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// All keys of a delta; the last chunk is open.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    full: Vec<Arc<KeyChunk>>,
    open: KeyChunk,
    full_bytes: usize,
}

impl Tail {
    /// Returns how many keys there are, which is the number of the next one.
    pub(crate) fn count(&self) -> u32 {
        crate::number::u32_from(self.full.len() * CHUNK_KEYS + self.open.len())
    }

    pub(crate) fn push(&mut self, key: &[u8]) {
        self.open.push(key);
        if self.open.len() == CHUNK_KEYS {
            let next =
                KeyChunk { bytes: Vec::with_capacity(self.open.bytes.len()), ends: Vec::with_capacity(CHUNK_KEYS) };
            let full = std::mem::replace(&mut self.open, next);
            self.full_bytes += full.heap_bytes();
            self.full.push(Arc::new(full));
        }
    }

    #[inline]
    pub(crate) fn key(&self, item: u32) -> &[u8] {
        let item = item as usize;
        let chunk = self.full.get(item / CHUNK_KEYS).map_or(&self.open, Arc::as_ref);
        chunk.key(item % CHUNK_KEYS)
    }

    /// Returns chunks that hold the keys from number `from` on, and the number of the first key in them.
    ///
    /// The open chunk is copied, but not the keys before `from`.
    pub(crate) fn chunks_from(&self, from: u32) -> (Vec<Arc<KeyChunk>>, u32) {
        let skipped = from as usize / CHUNK_KEYS;
        if skipped == self.full.len() {
            return (vec![Arc::new(self.open.suffix(from as usize % CHUNK_KEYS))], from);
        }
        let mut chunks: Vec<_> = self.full.iter().skip(skipped).cloned().collect();
        chunks.push(Arc::new(self.open.clone()));
        (chunks, crate::number::u32_from(skipped * CHUNK_KEYS))
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.full_bytes + self.open.heap_bytes()
    }
}
