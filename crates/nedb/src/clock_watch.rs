//! Steps of the wall clock: somebody set it, or the machine slept.
//!
//! Commit times come from the wall clock and never decrease; expiries and reads as of a time depend on it too. A step is
//! therefore counted and told in the statistics, and changes nothing else. Slow corrections are no steps.

use nedb_io::{Clock, Mutex};
use nedb_types::Timestamp;

/// A difference to the monotonic clock beyond this is a step: far above what corrections do between two looks.
pub(crate) const CLOCK_STEP_US_MIN: i64 = 60_000_000;

/// The steps of the wall clock that a handle has seen.
///
/// ```
/// use nedb::Database;
/// # fn main() -> nedb::Result<()> {
/// assert_eq!(Database::in_memory()?.stats()?.clock_steps.count, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSteps {
    /// How many there were since the database was opened.
    pub count: u64,
    /// The last one.
    pub last: Option<ClockStep>,
}

/// One step of the wall clock by more than 60 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// How far it went, in microseconds; negative when the clock was set back.
    pub by_us: i64,
    /// What the clock showed when the step was noticed.
    pub noticed_at: Timestamp,
}

/// Compares the two clocks, at every commit and whenever the statistics are asked for.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Wall time less monotonic time, at the last look.
    offset_us: i64,
    steps: ClockSteps,
}

impl ClockWatch {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        let offset_us = Now::read(clock).offset_us();
        Self { state: Mutex::new(State { offset_us, steps: ClockSteps::default() }) }
    }

    /// Looks at both clocks, and counts a step.
    pub(crate) fn look(&self, clock: &dyn Clock) -> Now {
        let mut state = self.state.lock();
        let now = Now::read(clock);
        let by_us = now.offset_us().saturating_sub(state.offset_us);
        state.offset_us = now.offset_us();
        if by_us.saturating_abs() > CLOCK_STEP_US_MIN {
            state.steps.count += 1;
            state.steps.last = Some(ClockStep { by_us, noticed_at: Timestamp::from_micros(now.wall_us) });
        }
        now
    }

    /// The steps so far, this moment included.
    pub(crate) fn steps(&self, clock: &dyn Clock) -> ClockSteps {
        let _now = self.look(clock);
        self.state.lock().steps
    }
}

/// What both clocks show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) wall_us: i64,
    pub(crate) monotonic_us: u64,
}

impl Now {
    fn read(clock: &dyn Clock) -> Self {
        Self { wall_us: clock.wall_us(), monotonic_us: clock.monotonic_us() }
    }

    /// How far the wall time is ahead of the monotonic time.
    fn offset_us(self) -> i64 {
        self.wall_us.saturating_sub(i64::try_from(self.monotonic_us).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use nedb_io::ManualClock;

    use super::*;

    #[test]
    fn only_more_than_a_minute_against_the_monotonic_clock_is_a_step() {
        let clock = ManualClock::new(1_000_000_000);
        let watch = ClockWatch::new(&clock);
        let step = |by_us: i64| {
            clock.advance_us(3_600_000_000);
            clock.set_wall_us(clock.wall_us() + by_us);
            watch.steps(&clock)
        };
        assert_eq!(step(0), ClockSteps::default(), "time that passes is no step");
        assert_eq!(step(CLOCK_STEP_US_MIN).count, 0);
        assert_eq!(step(-CLOCK_STEP_US_MIN).count, 0);
        let forward = step(CLOCK_STEP_US_MIN + 1);
        assert_eq!((forward.count, forward.last.unwrap().by_us), (1, CLOCK_STEP_US_MIN + 1));
        let back = step(-CLOCK_STEP_US_MIN - 1);
        let noticed_at = Timestamp::from_micros(clock.wall_us());
        let last = Some(ClockStep { by_us: -CLOCK_STEP_US_MIN - 1, noticed_at });
        assert_eq!(back, ClockSteps { count: 2, last });
        assert_eq!(watch.steps(&clock), back, "a step is counted once");
    }
}
