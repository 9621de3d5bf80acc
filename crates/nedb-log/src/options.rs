//! How a log is laid out and read.

use nedb_types::{Error, ErrorCode, Result};

/// The smallest logical segment, so that a simulation can roll often.
pub const SEGMENT_BYTES_MIN: u32 = 64 << 10;

/// The largest logical segment: a lost file costs little, and a map of one is cheap to reserve.
pub const SEGMENT_BYTES_MAX: u32 = 64 << 20;

/// The unit in which files grow, and so the smallest first size.
pub(crate) const GROW_BYTES_MIN: u32 = 4 << 10;

/// How records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadMode {
    /// From a read-only map of each segment where the disk can map, otherwise as [`ReadMode::Pread`].
    Map,
    /// By positional reads into the caller's scratch.
    Pread,
}

/// Says how a log is laid out and read.
///
/// # Examples
///
/// ```
/// use nedb_log::{LogOptions, ReadMode};
///
/// let options = LogOptions { read: ReadMode::Pread, ..LogOptions::default() };
/// assert_eq!(options.segment_bytes, 64 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// The logical size of a segment of a new log, a power of two; an existing log keeps its own.
    pub segment_bytes: u32,
    /// The size of a new segment file; it doubles from there.
    pub first_segment_bytes: u32,
    /// The greatest step in which a segment file grows.
    pub grow_step_bytes_max: u32,
    /// How records are read.
    pub read: ReadMode,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES_MAX,
            first_segment_bytes: 64 << 10,
            grow_step_bytes_max: 16 << 20,
            read: ReadMode::Map,
        }
    }
}

impl LogOptions {
    /// Returns the options with the sizes of files limited to the segment's, which an existing log decides.
    pub(crate) fn fitted(self) -> Self {
        Self { first_segment_bytes: self.first_segment_bytes.min(self.segment_bytes), ..self }
    }

    /// Refuses sizes that the format or the growth of files cannot serve.
    pub(crate) fn admit(&self) -> Result<()> {
        let is_segment_sane = self.segment_bytes.is_power_of_two()
            && (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes);
        let is_first_sane = self.first_segment_bytes.is_multiple_of(GROW_BYTES_MIN)
            && (2 * GROW_BYTES_MIN..=self.segment_bytes).contains(&self.first_segment_bytes);
        let is_step_sane = self.grow_step_bytes_max.is_multiple_of(GROW_BYTES_MIN) && self.grow_step_bytes_max > 0;
        if is_segment_sane && is_first_sane && is_step_sane {
            return Ok(());
        }
        let text = format!("the sizes of the log's files do not fit together: {self:?}");
        Err(Error::new(ErrorCode::InvalidArgument, text))
    }
}
