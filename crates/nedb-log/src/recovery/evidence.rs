//! Looking behind the end of the log for signs that it once went on.

use super::walk::read_header;
use crate::layout::{FRAME_ALIGN, SEGMENT_HEADER_BYTES};
use crate::segment::{Segment, Window};
use crate::{Address, LogReader};
use nedb_types::Result;
use std::io;

/// How much is looked at together.
const STRETCH_BYTES: usize = 1 << 16;

/// What lies behind the end of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// A valid frame header whose watermark lies behind the end: the log was durable further than it is whole.
    pub(crate) witness: Option<Address>,
    /// The address behind the last byte that is not zero.
    pub(crate) used_end: Option<Address>,
}

/// Looks at every place behind `end` where a frame could begin, in this and all later segments.
pub(crate) fn look_behind(reader: &LogReader, end: Address) -> Result<Remains> {
    let mut remains = Remains::default();
    let mut windows = (Window::default(), Window::default());
    for segment in reader.segments().iter() {
        if segment.logical_end() <= end {
            continue;
        }
        let from = end.bytes_after(segment.first()).max(SEGMENT_HEADER_BYTES as u64);
        look_at_segment(segment, from, end, &mut windows, &mut remains)?;
    }
    Ok(remains)
}

fn look_at_segment(
    segment: &Segment,
    from: u64,
    end: Address,
    (stretches, headers): &mut (Window, Window),
    remains: &mut Remains,
) -> Result<()> {
    let length = segment.file().len_bytes()?;
    let mut offset = from;
    while offset < length {
        let stretch = stretches.bytes(segment, offset, STRETCH_BYTES)?;
        if let Some(last) = stretch.iter().rposition(|byte| *byte != 0) {
            remains.used_end = Some(segment.first().plus(offset + last as u64 + 1));
            for (block, index) in stretch.as_chunks::<FRAME_ALIGN>().0.iter().zip(0_u64..) {
                let at = segment.first().plus(offset + index * FRAME_ALIGN as u64);
                if !is_frame_start(block, at) || at <= end {
                    continue;
                }
                match read_header(headers, segment, at)? {
                    Some(header) if header.watermark > end && remains.witness.is_none() => {
                        remains.witness = Some(at);
                    }
                    _ => {}
                }
            }
        }
        offset += STRETCH_BYTES as u64;
    }
    Ok(())
}

/// Rules most places out by magic and address before any check is computed.
fn is_frame_start(block: &[u8; FRAME_ALIGN], at: Address) -> bool {
    block.starts_with(b"NFRM") && block.get(8..16) == Some(at.get().to_le_bytes().as_slice())
}

/// Tells whether the 64 bytes at an address are all zero, as where nothing was ever written.
pub(super) fn is_blank(reader: &LogReader, at: Address) -> io::Result<bool> {
    let Some(segment) = reader.segments().get(at.get() / reader.segment_bytes()) else {
        return Ok(true);
    };
    let mut window = Window::default();
    let bytes = window.bytes(segment, at.bytes_after(segment.first()), FRAME_ALIGN)?;
    Ok(crate::layout::is_zero(bytes))
}
