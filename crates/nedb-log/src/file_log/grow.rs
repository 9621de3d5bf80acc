//! Room ahead of the tail: files grow in steps of zeros that were really written.
//!
//! A sync of bytes written into such room costs half of one that must also record a new length. A full disk shows here,
//! before any byte of a frame is written.

use super::Inner;
use crate::options::GROW_BYTES_MIN;
use nedb_io::File;
use nedb_types::{Error, Result};
use std::io;
use std::sync::atomic::Ordering;

/// How much is zeroed at once: background growth holds its lock for one piece at a time.
pub(super) const PIECE_BYTES: u64 = 1 << 20;

impl Inner {
    /// Makes sure that the current segment's file is zeroed up to the offset `end`.
    pub(super) fn reserve(&self, end: u64) -> Result<()> {
        if self.zeroed.load(Ordering::Acquire) >= end {
            return Ok(());
        }
        let room = self.room.lock();
        let zeroed = self.zeroed.load(Ordering::Acquire);
        if zeroed >= end {
            return Ok(());
        }
        let wanted = self.next_len(zeroed, end);
        let grown = match write_zeros(&*room.file, zeroed, wanted) {
            // A nearly full disk may still hold this frame.
            Err(_) => {
                let least = end.next_multiple_of(u64::from(GROW_BYTES_MIN)).min(self.segment_bytes());
                write_zeros(&*room.file, zeroed, least).map(|()| least)
            }
            Ok(()) => Ok(wanted),
        };
        match grown {
            Ok(grown) => {
                self.zeroed.store(grown, Ordering::Release);
                Ok(())
            }
            Err(error) => Err(Error::from(error).context("growing a segment of the log")),
        }
    }

    /// Returns the length to grow to: doubled, by at most the greatest step, and at least up to `end`.
    pub(super) fn next_len(&self, zeroed: u64, end: u64) -> u64 {
        let first = u64::from(self.options.first_segment_bytes);
        let step_max = u64::from(self.options.grow_step_bytes_max);
        let mut len = zeroed.max(first);
        while len < end {
            len += len.min(step_max);
        }
        len.next_multiple_of(u64::from(GROW_BYTES_MIN)).min(self.segment_bytes())
    }
}

/// Writes zeros from one offset to another.
pub(super) fn write_zeros(file: &dyn File, from: u64, to: u64) -> io::Result<()> {
    let len = to.saturating_sub(from).min(PIECE_BYTES);
    let zeros = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    let mut offset = from;
    while offset < to {
        let len = usize::try_from(to - offset).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all_at(zeros.get(..len).unwrap_or(&zeros), offset)?;
        offset += len as u64;
    }
    Ok(())
}
