//! The bytes of one file in memory: chunks that exist only where something other than zeros was written.
//!
//! Chunks are taken from the budget before they are allocated and given back when they are cut off or the file ends.

use std::{io, sync::Arc};

use super::budget::Budget;
use crate::chunked;

/// Large enough that a segment has few chunks, small enough that a small database wastes little.
pub(super) const CHUNK_BYTES: usize = 1 << 20;
const CHUNK_LEN: u64 = CHUNK_BYTES as u64;

#[derive(Debug)]
pub(super) struct Content {
    budget: Arc<Budget>,
    len_bytes: u64,
    chunks: Vec<Option<Box<[u8]>>>,
}

impl Content {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, len_bytes: 0, chunks: Vec::new() }
    }

    pub(super) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Copies what lies at the offset and returns how many bytes that were; 0 at the end.
    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let chunk = |index| self.chunks.get(index).and_then(Option::as_deref);
        chunked::read::<CHUNK_BYTES>(buf, offset, self.len_bytes, chunk)
    }

    /// Writes all bytes, or those before the first chunk that the budget refuses.
    pub(super) fn write(&mut self, buf: &[u8], offset: u64) -> io::Result<()> {
        if offset.checked_add(buf.len() as u64).is_none() {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the write ends beyond the largest offset"));
        }
        for (index, start, piece) in chunked::pieces::<CHUNK_BYTES>(buf, offset) {
            self.write_chunk(index, start, piece)?;
            self.len_bytes = self.len_bytes.max(index as u64 * CHUNK_LEN + (start + piece.len()) as u64);
        }
        Ok(())
    }

    pub(super) fn set_len(&mut self, len_bytes: u64) {
        if len_bytes < self.len_bytes {
            let (index, start) = chunked::place::<CHUNK_BYTES>(len_bytes);
            let kept = if start == 0 { index } else { index + 1 };
            let cut = self.chunks.split_off(kept.min(self.chunks.len()));
            self.budget.give_back(bytes_of(&cut));
            // What is cut off must not come back when the file grows again.
            if let Some(tail) = self.chunks.get_mut(index).and_then(Option::as_mut).and_then(|c| c.get_mut(start..)) {
                tail.fill(0);
            }
        }
        self.len_bytes = len_bytes;
    }

    fn write_chunk(&mut self, index: usize, start: usize, part: &[u8]) -> io::Result<()> {
        let is_absent = self.chunks.get(index).is_none_or(Option::is_none);
        if is_absent && is_zero(part) {
            return Ok(());
        }
        if is_absent {
            self.budget.take(CHUNK_LEN)?;
        }
        if self.chunks.len() <= index {
            self.chunks.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.chunks.get_mut(index) {
            let chunk = slot.get_or_insert_with(|| vec![0; CHUNK_BYTES].into_boxed_slice());
            if let Some(target) = chunk.get_mut(start..start + part.len()) {
                target.copy_from_slice(part);
            }
        }
        Ok(())
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.budget.give_back(bytes_of(&self.chunks));
    }
}

/// Compares in blocks, which the processor does many bytes at a time.
fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|block| ZEROS.get(..block.len()) == Some(block))
}

fn bytes_of(chunks: &[Option<Box<[u8]>>]) -> u64 {
    CHUNK_LEN * chunks.iter().flatten().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(chunks_max: u64) -> (Arc<Budget>, Content) {
        let budget = Arc::new(Budget::new(chunks_max * CHUNK_LEN));
        (Arc::clone(&budget), Content::new(budget))
    }

    #[test]
    fn zeros_cost_nothing() {
        let (budget, mut content) = content(1);
        content.write(&vec![0; 3 * CHUNK_BYTES], 0).unwrap();
        content.set_len(1 << 40);
        assert_eq!((budget.bytes_used(), content.len_bytes()), (0, 1 << 40));
    }

    #[test]
    fn a_write_across_chunks_reads_back() {
        let (_, mut content) = content(2);
        content.write(b"abcdef", CHUNK_LEN - 3).unwrap();
        let mut buf = [9; 8];
        assert_eq!(content.read(&mut buf, CHUNK_LEN - 4), 7);
        assert_eq!(&buf, b"\0abcdef\x09");
    }

    #[test]
    fn the_budget_is_kept_and_given_back() {
        let (budget, mut content) = content(1);
        content.write(b"x", 0).unwrap();
        let error = content.write(b"x", CHUNK_LEN).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        content.set_len(0);
        assert_eq!(budget.bytes_used(), 0);
        content.write(b"x", CHUNK_LEN).unwrap();
        drop(content);
        assert_eq!(budget.bytes_used(), 0);
    }

    #[test]
    fn cut_bytes_do_not_come_back() {
        let (_, mut content) = content(1);
        content.write(b"abcdef", 0).unwrap();
        content.set_len(2);
        content.set_len(6);
        let mut buf = [9; 6];
        assert_eq!(content.read(&mut buf, 0), 6);
        assert_eq!(&buf, b"ab\0\0\0\0");
    }

    #[test]
    fn a_write_past_the_largest_offset_is_refused() {
        let (_, mut content) = content(1);
        assert_eq!(content.write(b"xy", u64::MAX).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
