//! A moment in microseconds, and its ISO 8601 text.

use crate::{Error, ErrorCode, Result};
use jiff::civil;
use jiff::tz::Offset;
use std::fmt;
use std::str::FromStr;

/// Marks the text form of a moment that no calendar date can express.
const RAW_PREFIX: char = '@';

/// Is a moment: microseconds since 1970-01-01T00:00:00Z, negative before it.
///
/// The text form is RFC 3339 in UTC without trailing zeros of the fraction. A moment outside the years -9999 to 9999
/// is written as `@` and its microseconds. Parsing takes a date (midnight UTC), a date-time with an offset,
/// or one without, which counts as UTC; digits finer than a microsecond are dropped.
///
/// # Examples
///
/// ```
/// use nedb_types::Timestamp;
///
/// let moment: Timestamp = "2024-03-01T12:00:00.250+01:00".parse()?;
/// assert_eq!(moment.to_string(), "2024-03-01T11:00:00.25Z");
/// assert_eq!("1970-01-02".parse::<Timestamp>()?.as_micros(), 86_400_000_000);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Is the earliest moment that can be expressed.
    pub const MIN: Self = Self(i64::MIN);

    /// Is the latest moment that can be expressed.
    pub const MAX: Self = Self(i64::MAX);

    /// Makes a moment from its microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Parses ISO 8601 text; see the type for the accepted forms.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the text is none of them.
    pub fn parse(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(raw) = text.strip_prefix(RAW_PREFIX) {
            return raw.parse().map(Self).map_err(|error| not_a_timestamp(text).with_source(error));
        }
        // The civil parser would ignore a zone annotation, and so shift the moment unseen.
        if text.contains('[') {
            return Err(not_a_timestamp(text));
        }
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_no_offset) => text
                .parse::<civil::DateTime>()
                .and_then(|date_time| Offset::UTC.to_timestamp(date_time))
                .map_err(|error| not_a_timestamp(text).with_source(error))?,
        };
        match i64::try_from(moment.as_nanosecond().div_euclid(1_000)) {
            Ok(micros) => Ok(Self(micros)),
            Err(error) => Err(not_a_timestamp(text).with_source(error)),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => moment.fmt(f),
            Err(_beyond_the_calendar) => write!(f, "{RAW_PREFIX}{}", self.0),
        }
    }
}

fn not_a_timestamp(text: &str) -> Error {
    Error::new(ErrorCode::InvalidArgument, format!("{text:?} is not an ISO 8601 date or date-time"))
}
