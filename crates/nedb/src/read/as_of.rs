//! Which moment a question is about, and how a timestamp becomes a position in the history.

use std::str::FromStr;

use nedb_log::{LogReader, LogStore, Scratch};
use nedb_types::{Error, ErrorCode, Result, Seq, Timestamp};

use crate::{engine::Engine, options::Access, state::SAMPLE_EVERY};

/// A moment of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AsOf {
    /// Now: everything that is committed.
    #[default]
    Head,
    /// Before the first operation; what a seq of -1 means elsewhere.
    Empty,
    /// Straight after this operation; beyond the head it is the head.
    Seq(Seq),
    /// At this time: everything committed at or before it. The future is refused (`future_timestamp`).
    Time(Timestamp),
}

impl From<Seq> for AsOf {
    fn from(seq: Seq) -> Self {
        Self::Seq(seq)
    }
}

impl From<Timestamp> for AsOf {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl AsOf {
    /// Takes a seq as the language bindings write it, where -1 is the empty database.
    pub fn from_number(seq: i64) -> Self {
        u64::try_from(seq).map_or(Self::Empty, |seq| Self::Seq(Seq::new(seq)))
    }
}

/// Reads a seq, -1 for the time before the first operation, or an ISO 8601 date or time.
///
/// ```
/// use nedb::{AsOf, Seq};
/// assert_eq!("7".parse::<AsOf>()?, AsOf::Seq(Seq::new(7)));
/// assert_eq!("-1".parse::<AsOf>()?, AsOf::Empty);
/// assert!(matches!("2026-03-01T12:00:00Z".parse()?, AsOf::Time(_)));
/// for wrong in ["-2", "", "yesterday", "1.5", "2026-13-01"] {
///     assert!(wrong.parse::<AsOf>().is_err());
/// }
/// # Ok::<(), nedb::Error>(())
/// ```
impl FromStr for AsOf {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("{text:?} is neither a seq (-1 or more) nor an ISO 8601 date or time");
            Error::new(ErrorCode::InvalidArgument, message)
        };
        match text.parse::<i64>() {
            Ok(seq) if seq >= -1 => Ok(Self::from_number(seq)),
            Ok(_below) => Err(wrong()),
            Err(_no_number) => Timestamp::parse(text).map(Self::Time).map_err(|error| wrong().with_source(error)),
        }
    }
}

/// What a moment resolves to.
pub(crate) struct Moment {
    pub(crate) size: u64,
    /// `None`: the commit time of the last operation, looked up when a lifetime makes it matter.
    pub(crate) read_time_us: Option<i64>,
}

impl Engine {
    pub(crate) fn resolve(&self, as_of: AsOf) -> Result<Moment> {
        let head = self.published.head();
        match as_of {
            AsOf::Empty => Ok(Moment { size: 0, read_time_us: Some(i64::MIN) }),
            AsOf::Seq(seq) if seq.get() < head.size => Ok(Moment { size: seq.get() + 1, read_time_us: None }),
            AsOf::Head | AsOf::Seq(_) => Ok(Moment { size: head.size, read_time_us: Some(self.read_time_us()) }),
            AsOf::Time(at) => self.resolve_time(at, head.size),
        }
    }

    fn resolve_time(&self, at: Timestamp, head_size: u64) -> Result<Moment> {
        let now = Timestamp::from_micros(self.read_time_us());
        if at > now {
            let message = format!("{at} lies in the future: the database's time is {now}");
            return Err(Error::new(ErrorCode::FutureTimestamp, message));
        }
        let head_size = self.settle_time(at).unwrap_or(head_size);
        let size = self.size_at(at, head_size)?;
        Ok(Moment { size, read_time_us: Some(at.as_micros()) })
    }

    /// Makes the answer for a time that no commit has passed yet final: waits for the commit under way, whose time was taken
    /// before it, and lets later ones come after that time. Returns the size then.
    fn settle_time(&self, at: Timestamp) -> Option<u64> {
        if self.access == Access::ReadOnly || at < self.published.head().committed_at {
            return None;
        }
        let mut committer = self.committer.lock();
        committer.commit_time_us = committer.commit_time_us.max(at.as_micros().saturating_add(1));
        Some(self.published.size())
    }

    /// The commit time of an operation below the head.
    pub(crate) fn commit_time_of(&self, seq: Seq) -> Result<i64> {
        let reader = self.log.reader();
        let beyond = || Error::corrupt(format!("seq {seq} is below the head, but the log has no such operation"));
        let address = self.address_of(&reader, seq)?.ok_or_else(beyond)?;
        let mut scratch = Scratch::new();
        let record = reader.record_entry(address, &mut scratch)?;
        Ok(reader.frame(record.frame)?.commit_time)
    }

    /// How many operations were committed at or before a time.
    fn size_at(&self, at: Timestamp, head_size: u64) -> Result<u64> {
        let reader = self.log.reader();
        let (mut below, mut above) = (0, head_size.div_ceil(SAMPLE_EVERY));
        // Invariant: samples before `below` were committed by then, those from `above` on were not.
        while below < above {
            let middle = u64::midpoint(below, above);
            if self.commit_time_of(Seq::new(middle * SAMPLE_EVERY))? <= at.as_micros() {
                below = middle + 1;
            } else {
                above = middle;
            }
        }
        let Some(last) = below.checked_sub(1) else { return Ok(0) };
        self.walk_to(&reader, Seq::new(last * SAMPLE_EVERY), at, head_size)
    }

    /// Walks frames from the one that holds `from`, which was committed by then.
    fn walk_to(&self, reader: &LogReader, from: Seq, at: Timestamp, head_size: u64) -> Result<u64> {
        let mut size = from.get();
        self.walk(reader, from, head_size - from.get(), |record| {
            let is_by_then = reader.frame(record.frame)?.commit_time <= at.as_micros();
            size += u64::from(is_by_then);
            Ok(is_by_then)
        })?;
        Ok(size)
    }
}
