//! Going on in the next segment.
//!
//! In this order, so that no crash leaves frames behind a gap: seal frame, sync, next file with a durable name, HEAD,
//! first frame. A failure in between leaves a sealed log; the next frame tries again from there.

use super::{Inner, Tail};
use crate::segment::{CreateFailure, Segment, create_segment};
use crate::{Address, Append, FrameBuilder, FramePlan};
use nedb_types::{Error, ErrorCode, Result, Seq};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Inner {
    /// Writes the last frame of the segment and makes it durable.
    pub(super) fn seal(&self, tail: &mut Tail) -> Result<()> {
        let written = self.state.lock().written;
        let plan = FramePlan {
            first_seq: Seq::new(written.size),
            commit_time: written.commit_time,
            catalogue: &[],
            records_bytes_max: 0,
        };
        let frame = FrameBuilder::new(self.base(tail)?, &plan)?.seal();
        if self.write_frame(tail, &frame)? != Append::Committed {
            return Err(Error::new(ErrorCode::Poisoned, "whether a segment was sealed is not known"));
        }
        tail.is_sealed = true;
        let _gate = self.gate.lock();
        self.sync_written()?;
        Ok(())
    }

    /// Makes the next segment the current one; it may have been prepared.
    pub(super) fn enter_next_segment(&self, tail: &mut Tail) -> Result<()> {
        {
            // What was sealed but never synced must not be passed by.
            let _gate = self.gate.lock();
            self.sync_written()?;
        }
        let number = tail.number + 1;
        let mut room = self.room.lock();
        if self.reader.segments().get(number).is_none() {
            self.reader.segments().push(self.make_segment(number)?);
        }
        let Some(segment) = self.reader.segments().get(number) else {
            return Err(Error::corrupt(format!("segment {number} is not open")));
        };
        let file = Arc::clone(segment.file());
        self.zeroed.store(file.len_bytes()?, Ordering::Release);
        room.number = number;
        room.file = Arc::clone(&file);
        room.is_growth_requested = false;
        room.is_successor_requested = false;
        drop(room);
        self.state.lock().file = Arc::clone(&file);
        *tail = Tail { number, file, is_sealed: false };
        self.write_head()
    }

    /// Makes the segment with a number; a failed sync poisons the log.
    pub(super) fn make_segment(&self, number: u64) -> Result<Segment> {
        let first = Address::new(number * self.segment_bytes());
        match create_segment(&self.io, &self.dir, self.database, first, &self.options) {
            Ok(segment) => Ok(segment),
            Err(CreateFailure::Write(error)) => Err(error),
            Err(CreateFailure::Sync(error)) => {
                self.poison_with(error.message());
                Err(error)
            }
        }
    }
}
