//! The seam between the engine and the log: what any store of frames must do.
//!
//! [`FileLog`](crate::FileLog) is the one on files. A store that replicates frames would sit behind the same trait,
//! which is why an append names the end it expects and may answer that it does not know.

use crate::{Address, Frame, FrameBuilder, FramePlan, Frames, LogPosition, LogReader};
use nedb_types::Result;
use std::fmt::Debug;
use std::sync::Arc;

/// The answer to an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Append {
    /// The frame is part of the log and can be read; it is durable after the next sync.
    Committed,
    /// The log ends elsewhere; nothing was written.
    Conflict(LogPosition),
    /// The frame may or may not be part of the log; reading the next position tells.
    Unknown,
}

/// Stores frames one behind the other.
///
/// One thread begins and appends; any thread may sync, and read.
pub trait LogStore: Send + Sync + Debug {
    /// Returns the end of what was appended.
    fn position(&self) -> LogPosition;

    /// Returns the end of what is known durable; never ahead of [`position`](Self::position).
    fn durable(&self) -> LogPosition;

    /// Chooses the place of the next frame and returns its builder; rolls to the next segment where needed.
    ///
    /// `batch_too_large` when no segment could hold the plan. Until the frame is appended nothing is promised to anyone;
    /// a builder that is dropped leaves no trace.
    fn begin(&self, plan: &FramePlan<'_>) -> Result<FrameBuilder>;

    /// Appends a frame to a log that ends at `expected`, which is the builder's [`follows`](FrameBuilder::follows).
    ///
    /// After an error nothing of the frame is visible, and a later append may succeed; after `poisoned` none will.
    fn append(&self, expected: Address, frame: Frame) -> Result<Append>;

    /// Makes everything appended so far durable and returns the durable number of operations.
    ///
    /// A failure poisons the store: every later append and sync answers `poisoned`; reads go on.
    fn sync(&self) -> Result<u64>;

    /// Returns the reader of records, for any number of threads.
    fn reader(&self) -> Arc<LogReader>;

    /// Iterates over the durable frames from `from`, which is where a frame begins or ends; [`Address::ZERO`] means all.
    fn tail(&self, from: Address) -> Result<Frames>;

    /// Records the durable end outside the log, so that a loss of frames is noticed; does nothing when it stands there.
    fn write_head(&self) -> Result<()>;

    /// Forgets the frames before an address; `unsupported` in this version.
    fn trim(&self, before: Address) -> Result<()>;

    /// Erases the payload of a record; `unsupported` in this version.
    fn redact(&self, record: Address) -> Result<()>;
}
