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

/// The frame length from which the room ahead is made for large frames: that of bulk loads. Rounds of many connections come one after the other
/// all the time, and wait for each large call as small frames do.
const LARGE_FRAME_BYTES: usize = 512 << 10;

/// How many large frames must follow each other before it is: whoever writes small ones between them would wait for
/// each large call of the growth, as the kernel lets one call at a time write a file.
const LARGE_FRAMES_MIN: u32 = 32;

/// How zeros are written. The kernel keeps in one piece of its page cache what one call wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zeroing {
    /// Length of one call and of the address where it ends, in bytes.
    call_bytes: u64,
    /// How much is zeroed at once, in bytes: background growth holds its lock for one piece at a time.
    piece_bytes: u64,
}

impl Zeroing {
    /// For small frames: every write into a piece of the page cache costs time that grows with the piece, which one
    /// writer with small frames would wait for at each of them.
    const SMALL: Self = Self { call_bytes: 64 << 10, piece_bytes: 1 << 20 };

    /// For large frames alone: pieces of the length of a large page, so that the log is mapped with large pages and a
    /// read of a record costs half.
    const LARGE: Self = Self { call_bytes: 2 << 20, piece_bytes: 2 << 20 };

    /// Returns where the piece that begins at `from` ends on the way to `target`.
    pub(super) fn piece_end(self, from: u64, target: u64) -> u64 {
        (from + 1).next_multiple_of(self.piece_bytes).min(target)
    }
}

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
        let zeroing = self.zeroing();
        let grown = match write_zeros(&*room.file, zeroed, wanted, zeroing) {
            // A nearly full disk may still hold this frame.
            Err(_) => {
                let least = end.next_multiple_of(u64::from(GROW_BYTES_MIN)).min(self.segment_bytes());
                write_zeros(&*room.file, zeroed, least, zeroing).map(|()| least)
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

    /// Notes how long the frames are that the room is made for; the one thread that appends does.
    pub(super) fn note_frame(&self, frame_bytes: usize) {
        let is_large = frame_bytes >= LARGE_FRAME_BYTES;
        let before = self.large_frames.load(Ordering::Relaxed);
        self.large_frames.store(if is_large { before.saturating_add(1) } else { 0 }, Ordering::Relaxed);
    }

    /// Returns how the room ahead is zeroed, going by the last frames.
    pub(super) fn zeroing(&self) -> Zeroing {
        if self.large_frames.load(Ordering::Relaxed) >= LARGE_FRAMES_MIN { Zeroing::LARGE } else { Zeroing::SMALL }
    }
}

/// Writes zeros from one offset to another.
pub(super) fn write_zeros(file: &dyn File, from: u64, to: u64, zeroing: Zeroing) -> io::Result<()> {
    let len = to.saturating_sub(from).min(zeroing.call_bytes);
    let zeros = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    let mut offset = from;
    while offset < to {
        let end = (offset + 1).next_multiple_of(zeroing.call_bytes).min(to);
        let len = usize::try_from(end - offset).unwrap_or(usize::MAX);
        file.write_all_at(zeros.get(..len).unwrap_or(&zeros), offset)?;
        offset = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileLog, LogOptions};
    use nedb_io::{Access, Io};
    use nedb_types::DatabaseId;
    use std::path::Path;

    #[test]
    fn the_room_is_made_for_large_frames_when_many_follow_each_other_and_for_small_ones_at_the_first() {
        let io = Io::memory(16 << 20);
        io.disk.create_dir(Path::new("/db")).unwrap();
        let id = DatabaseId::from_bytes([1; 16]);
        let log = FileLog::create(&io, Path::new("/db"), id, LogOptions::default()).unwrap();
        for _ in 1..LARGE_FRAMES_MIN {
            log.inner.note_frame(LARGE_FRAME_BYTES);
            assert_eq!(log.inner.zeroing(), Zeroing::SMALL);
        }
        log.inner.note_frame(LARGE_FRAME_BYTES);
        assert_eq!(log.inner.zeroing(), Zeroing::LARGE);
        log.inner.note_frame(LARGE_FRAME_BYTES - 1);
        assert_eq!(log.inner.zeroing(), Zeroing::SMALL);
    }

    #[test]
    fn pieces_and_calls_end_at_multiples_of_their_length() {
        for zeroing in [Zeroing::SMALL, Zeroing::LARGE] {
            let Zeroing { call_bytes, piece_bytes } = zeroing;
            assert!(piece_bytes.is_multiple_of(call_bytes));
            let ends = [0, 4096, piece_bytes - 1, piece_bytes].map(|from| zeroing.piece_end(from, u64::MAX));
            assert_eq!(ends, [piece_bytes, piece_bytes, piece_bytes, 2 * piece_bytes]);
            assert_eq!(zeroing.piece_end(4096, 8192), 8192);
        }
    }

    #[test]
    fn all_bytes_between_two_offsets_become_zero_and_no_other() {
        let io = Io::memory(16 << 20);
        for zeroing in [Zeroing::SMALL, Zeroing::LARGE] {
            let path = Path::new("/file");
            let file = io.disk.create_new(path).unwrap();
            let (from, to, end) = (70_000, 5_000_001, 5_000_100);
            file.write_all_at(&vec![7; end], 0).unwrap();
            write_zeros(&*file, from as u64, to as u64, zeroing).unwrap();
            let mut bytes = vec![1; end];
            io.disk.open(path, Access::Read).unwrap().read_exact_at(&mut bytes, 0).unwrap();
            assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == if (from..to).contains(&at) { 0 } else { 7 }));
            io.disk.remove(path).unwrap();
        }
    }
}
