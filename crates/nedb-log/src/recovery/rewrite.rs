//! Making the tail durable before anything is served from it.
//!
//! Frames above the durable mark may exist in the page cache only; a later power cut would take away what was already
//! answered from. So they are written again byte for byte, what follows is zeroed, and both are synced. Files are
//! zeroed, never shortened: a shorter length could be lost on its own.

use super::End;
use crate::LogReader;
use crate::layout::SEGMENT_HEADER_BYTES;
use crate::segment::{Segment, Window};
use nedb_types::{Error, Result};
use std::io;

/// How much is written at once.
const PIECE_BYTES: usize = 1 << 18;

/// Rewrites and zeroes the tail, syncs it, and returns how many bytes of frames were written again.
pub(crate) fn rewrite_tail(reader: &LogReader, end: &End) -> Result<u64> {
    let mut rewritten = 0;
    for segment in reader.segments().iter().filter(|segment| segment.logical_end() > end.durable) {
        let count = rewrite_segment(segment, end).map_err(|error| {
            Error::from(error).context(format_args!("writing the tail of segment {} again", segment.name()))
        })?;
        rewritten += count;
    }
    Ok(rewritten)
}

fn rewrite_segment(segment: &Segment, end: &End) -> io::Result<u64> {
    let length = segment.file().len_bytes()?;
    let header = SEGMENT_HEADER_BYTES as u64;
    let from = end.durable.bytes_after(segment.first()).max(header);
    let used = end.position.end.bytes_after(segment.first()).max(header).min(length);
    copy_onto_itself(segment, from, used)?;
    // A segment that the log has passed is full of frames up to its seal; behind the end only zeros may lie.
    if end.position.end < segment.logical_end() {
        fill_with_zeros(segment, used, length)?;
    }
    if from < length {
        segment.file().sync_data()?;
    }
    Ok(used.saturating_sub(from))
}

fn copy_onto_itself(segment: &Segment, from: u64, to: u64) -> io::Result<()> {
    let mut window = Window::default();
    let mut offset = from;
    while offset < to {
        let len = usize::try_from(to - offset).unwrap_or(usize::MAX).min(PIECE_BYTES);
        segment.file().write_all_at(window.bytes(segment, offset, len)?, offset)?;
        offset += len as u64;
    }
    Ok(())
}

fn fill_with_zeros(segment: &Segment, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; PIECE_BYTES.min(usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX))];
    let mut offset = from;
    while offset < to {
        let len = (to - offset).min(PIECE_BYTES as u64);
        let piece = zeros.get(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or(&zeros);
        segment.file().write_all_at(piece, offset)?;
        offset += len;
    }
    Ok(())
}
