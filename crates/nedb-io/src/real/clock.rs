//! The machine's clocks.
//!
//! Times before 1970 come out negative and none can fail; what a jump of the wall clock means is left to the callers.
#![allow(clippy::disallowed_methods, reason = "this is the implementation that the ban points to")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Clock;

/// Reads the machine's wall clock and its monotonic clock.
///
/// ```
/// use nedb_io::{Clock, RealClock};
///
/// let clock = RealClock::new();
/// let before_us = clock.monotonic_us();
/// assert!(clock.monotonic_us() >= before_us);
/// ```
#[derive(Debug)]
pub struct RealClock {
    start: Instant,
}

impl RealClock {
    /// Creates a clock whose monotonic time starts now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    fn wall_us(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since).cast_signed(),
            Err(error) => -micros(error.duration()).cast_signed(),
        }
    }

    fn monotonic_us(&self) -> u64 {
        micros(self.start.elapsed())
    }
}

/// Microseconds of a duration; the cap lies 292,000 years away and keeps the sign bit free.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(i64::MAX as u64)
}
