//! Choosing a frame's place, and writing it there.

use super::{Inner, LogAccess, Tail};
use crate::frame::FrameBase;
use crate::layout::{
    FRAME_ALIGN, LOCAL_HEADER_BYTES, SEAL_FRAME_BYTES, SEGMENT_HEADER_BYTES, SHARED_HEADER_BYTES, UNIT_ALIGN,
};
use crate::{Address, Append, CatalogueRecord, Frame, FrameBuilder, FramePlan, LogPosition};
use nedb_types::limits::FRAME_BYTES_MAX;
use nedb_types::{Error, ErrorCode, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The most memory that stays with a log between two frames, in bytes: a group of writers fills at most as much.
const SPARE_BYTES_MAX: usize = 8 << 20;

impl Inner {
    pub(super) fn begin(self: &Arc<Self>, plan: &FramePlan<'_>) -> Result<FrameBuilder> {
        let mut tail = self.tail.lock();
        self.check_writable()?;
        let written = self.state.lock().written;
        check_plan(plan, &written)?;
        let frame_bytes_max = self.frame_bytes_max(plan)?;
        if !tail.is_sealed && self.offset_of(written.end) + frame_bytes_max + SEAL_FRAME_BYTES > self.segment_bytes() {
            self.seal(&mut tail)?;
        }
        if tail.is_sealed {
            self.enter_next_segment(&mut tail)?;
        }
        FrameBuilder::new(self.base(&tail)?, plan)
    }

    pub(super) fn append(self: &Arc<Self>, expected: Address, frame: Frame) -> Result<Append> {
        let tail = self.tail.lock();
        self.check_writable()?;
        let written = self.state.lock().written;
        if expected != written.end || frame.follows() != expected || frame.address() != self.next_address(&tail) {
            return Ok(Append::Conflict(written));
        }
        let outcome = self.write_frame(&tail, &frame)?;
        if outcome == Append::Committed {
            self.request_room(&tail);
        }
        let room = frame.into_bytes();
        if room.capacity() <= SPARE_BYTES_MAX {
            *self.spare.lock() = room;
        }
        Ok(outcome)
    }

    /// Returns what the next frame is built on.
    pub(super) fn base(&self, tail: &Tail) -> Result<FrameBase> {
        let Some(segment) = self.reader.segments().get(tail.number) else {
            return Err(Error::corrupt(format!("segment {} is not open", tail.number)));
        };
        Ok(FrameBase {
            address: self.next_address(tail),
            seed: segment.seed(),
            database: self.database,
            epoch: self.epoch,
            previous: self.state.lock().written,
            watermark: Arc::clone(&self.watermark),
            buffer: std::mem::take(&mut *self.spare.lock()),
        })
    }

    /// Writes a frame into room that was zeroed before, then lets readers see it.
    pub(super) fn write_frame(&self, tail: &Tail, frame: &Frame) -> Result<Append> {
        let offset = self.offset_of(frame.address());
        let end = offset + frame.bytes().len() as u64;
        self.note_frame(frame.bytes().len());
        self.reserve(end)?;
        if let Err(error) = tail.file.write_all_at(frame.bytes(), offset) {
            return self.undo(tail, frame, error);
        }
        self.state.lock().written = *frame.position();
        self.reader.publish(frame.position().end);
        Ok(Append::Committed)
    }

    /// Takes back a frame whose write failed, durably, so that it can never appear later.
    ///
    /// When that fails too, nobody knows what is on the disk, and nothing more is written.
    fn undo(&self, tail: &Tail, frame: &Frame, error: std::io::Error) -> Result<Append> {
        let zeros = vec![0; frame.bytes().len()];
        let _gate = self.gate.lock();
        let undone = tail.file.write_all_at(&zeros, self.offset_of(frame.address()));
        match undone.and_then(|()| tail.file.sync_data()) {
            Ok(()) => Err(Error::from(error).context(format_args!("writing the frame at {}", frame.address()))),
            Err(second) => {
                self.poison_with(&format!("a frame could not be taken back after {error}: {second}"));
                Ok(Append::Unknown)
            }
        }
    }

    /// Returns the most bytes that a planned frame takes, or refuses it.
    fn frame_bytes_max(&self, plan: &FramePlan<'_>) -> Result<u64> {
        let catalogue: usize = plan.catalogue.iter().map(CatalogueRecord::encoded_len).sum();
        let shared = (SHARED_HEADER_BYTES + catalogue).next_multiple_of(UNIT_ALIGN);
        let headers = (LOCAL_HEADER_BYTES + shared) as u64;
        let frame = headers.saturating_add(plan.records_bytes_max).checked_next_multiple_of(FRAME_ALIGN as u64);
        let room = self.segment_bytes() - SEGMENT_HEADER_BYTES as u64 - SEAL_FRAME_BYTES;
        let max = room.min(FRAME_BYTES_MAX as u64);
        match frame {
            Some(frame) if frame <= max => Ok(frame),
            _ => {
                let (code, actual) = (ErrorCode::BatchTooLarge, frame.unwrap_or(u64::MAX));
                Err(Error::over_limit(code, "frame", "FRAME_BYTES_MAX", max, actual))
            }
        }
    }

    /// Returns where the next frame begins.
    pub(super) fn next_address(&self, tail: &Tail) -> Address {
        let number = if tail.is_sealed { tail.number + 1 } else { tail.number };
        let first = Address::new(number * self.segment_bytes() + SEGMENT_HEADER_BYTES as u64);
        self.state.lock().written.end.max(first)
    }

    pub(super) fn segment_bytes(&self) -> u64 {
        self.reader.segment_bytes()
    }

    pub(super) fn offset_of(&self, address: Address) -> u64 {
        address.get() % self.segment_bytes()
    }

    /// Refuses writes to a log that is read-only, closed or poisoned.
    pub(super) fn check_writable(&self) -> Result<()> {
        if self.access == LogAccess::ReadOnly {
            return Err(Error::new(ErrorCode::ReadOnly, "the log was opened for reading only"));
        }
        self.check_not_poisoned()?;
        if self.is_closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorCode::Closed, "the log is closed"));
        }
        Ok(())
    }

    pub(super) fn check_not_poisoned(&self) -> Result<()> {
        match self.poison.get() {
            Some(why) => Err(Error::new(ErrorCode::Poisoned, format!("the log takes no more writes: {why}"))),
            None => Ok(()),
        }
    }

    pub(super) fn poison_with(&self, why: &str) {
        // The first reason is the one that matters; later failures follow from it.
        let _first = self.poison.set(why.to_owned()).is_ok();
    }
}

fn check_plan(plan: &FramePlan<'_>, written: &LogPosition) -> Result<()> {
    if plan.first_seq.get() != written.size {
        let text = format!("a frame that begins at seq {} does not continue a log of {}", plan.first_seq, written.size);
        return Err(Error::new(ErrorCode::InvalidArgument, text));
    }
    if plan.commit_time < written.commit_time {
        let text = format!("commit time {} is earlier than the last one, {}", plan.commit_time, written.commit_time);
        return Err(Error::new(ErrorCode::InvalidArgument, text));
    }
    if let Some(record) = plan.catalogue.iter().find(|record| record.at_seq != plan.first_seq) {
        let text =
            format!("catalogue record {} applies to seq {}, not to the frame's first", record.number, record.at_seq);
        return Err(Error::new(ErrorCode::InvalidArgument, text));
    }
    Ok(())
}
