//! Recovery in the abstract: where the log ends, what of it is known durable, and when it must be refused.

use super::commit::{FRAMES, Frame, Head};

/// Where a log ends.
pub(super) struct Opened {
    /// Number of whole frames.
    pub(super) end: usize,
    /// How many of them are known durable.
    pub(super) known_durable: usize,
}

/// Finds the end by checks alone.
pub(super) fn recover(frames: &[Option<Frame>; FRAMES], head: Head) -> Result<Opened, &'static str> {
    let (mut end, mut chain, mut watermark) = (0, 0, 0);
    for frame in frames.iter().map_while(|frame| *frame) {
        if frame.before() != chain {
            break;
        }
        (end, chain, watermark) = (end + 1, frame.chain, watermark.max(usize::from(frame.watermark)));
        if end == usize::from(head.end) && head.chain != chain {
            return Err("rollback: another history than HEAD's");
        }
    }
    let is_witness = |frame: &Frame| usize::from(frame.watermark) > end;
    if frames.iter().skip(end + 1).flatten().any(is_witness) {
        return Err("corrupt: a later frame proves that it went on");
    }
    if usize::from(head.end) > end {
        return Err("rollback: the log ends below HEAD");
    }
    Ok(Opened { end, known_durable: watermark.max(head.end.into()) })
}
