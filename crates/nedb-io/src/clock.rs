//! The seam for time: what the wall clock shows and how much time has passed.
//!
//! The wall clock may jump either way, the monotonic one never goes back. Deciding what a jump means is left to the
//! callers.

use std::{
    fmt::Debug,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

/// A source of time in microseconds.
pub trait Clock: Send + Sync + Debug {
    /// Returns microseconds since 1970-01-01 UTC; may jump when the system's clock is set.
    fn wall_us(&self) -> i64;

    /// Returns microseconds since a fixed but arbitrary start; never decreases.
    fn monotonic_us(&self) -> u64;
}

/// A clock that stands still until it is told to move.
///
/// ```
/// use nedb_io::{Clock, ManualClock};
///
/// let clock = ManualClock::new(1_000);
/// clock.advance_us(5);
/// assert_eq!((clock.wall_us(), clock.monotonic_us()), (1_005, 5));
/// clock.set_wall_us(0);
/// assert_eq!((clock.wall_us(), clock.monotonic_us()), (0, 5));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    wall_us: AtomicI64,
    monotonic_us: AtomicU64,
}

impl ManualClock {
    /// Creates a clock that shows this wall time and a monotonic time of zero.
    pub fn new(wall_us: i64) -> Self {
        Self { wall_us: AtomicI64::new(wall_us), monotonic_us: AtomicU64::new(0) }
    }

    /// Moves both times forward.
    pub fn advance_us(&self, by_us: u64) {
        self.monotonic_us.fetch_add(by_us, Ordering::SeqCst);
        self.wall_us.fetch_add(by_us.cast_signed(), Ordering::SeqCst);
    }

    /// Sets the wall time, forward or back, as an operator would; the monotonic time stays.
    pub fn set_wall_us(&self, wall_us: i64) {
        self.wall_us.store(wall_us, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall_us(&self) -> i64 {
        self.wall_us.load(Ordering::SeqCst)
    }

    fn monotonic_us(&self) -> u64 {
        self.monotonic_us.load(Ordering::SeqCst)
    }
}
