//! Following the log frame by frame.

use crate::recovery::{Step, Walk};
use crate::{Address, FrameView, LogReader};
use nedb_types::{Error, ErrorCode, Result};
use std::sync::Arc;

/// Hands out the durable frames of a log in order, each checked in full.
///
/// It ends at the end that was durable when it was made; a new one continues from [`Frames::position`].
#[derive(Debug)]
pub struct Frames {
    walk: Walk,
    end: Address,
}

impl Frames {
    /// Starts at `from`, which is the start of a frame, the end of one, or zero for the first frame.
    pub(crate) fn new(reader: Arc<LogReader>, from: Address, end: Address) -> Result<Self> {
        let walk = Walk::from_frame(reader, from);
        if from > end {
            let text = format!("address {from} lies behind the durable end of the log, {end}");
            return Err(Error::new(ErrorCode::InvalidArgument, text));
        }
        Ok(Self { walk, end })
    }

    /// Returns where the next frame begins or will begin.
    pub fn position(&self) -> Address {
        self.walk.next_address()
    }

    /// Returns the next frame, or `None` at the durable end.
    #[expect(
        clippy::should_implement_trait,
        reason = "a frame borrows the walk's buffer, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<FrameView<'_>>> {
        if self.walk.next_address() >= self.end {
            return Ok(None);
        }
        match self.walk.step()? {
            Step::Frame(frame) => Ok(Some(frame)),
            Step::End(error) => Err(error),
        }
    }
}
