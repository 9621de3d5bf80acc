//! How long a random test goes on: the same cases in every run, more of them when a person asks for more.
//!
//! A run of CI tries only cases that were tried before, so what it says depends on the code and on nothing else: a test ends
//! at its number of cases, or earlier where a slow machine has used up the test's share of `NEDB_STEP_MINUTES`, the box of the
//! whole step. `NEDB_CASES=n` runs exactly n cases.

use nedb_io::{Clock, RealClock};

/// Several tests that bound themselves, all others and the build share the box of the step.
const SHARES: u64 = 12;

/// Decides whether one more case is run.
#[derive(Debug)]
pub struct Budget {
    clock: RealClock,
    /// When a slow machine has tried long enough.
    end_us: Option<u64>,
    cases: u64,
    done: u64,
    name: &'static str,
}

impl Budget {
    /// Begins a budget of this many cases unless the environment says otherwise.
    pub fn cases(name: &'static str, cases: u64) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let clock = RealClock::new();
        let asked_for = number("NEDB_CASES");
        let minutes = number("NEDB_STEP_MINUTES").filter(|_| asked_for.is_none());
        let end_us = minutes.map(|minutes| clock.monotonic_us() + minutes * 60_000_000 / SHARES);
        Self { clock, end_us, cases: asked_for.unwrap_or(cases), done: 0, name }
    }

    /// Whether there is budget for one more case, which is then counted. The first one always runs.
    pub fn has_next(&mut self) -> bool {
        let in_time = self.end_us.is_none_or(|end_us| self.clock.monotonic_us() < end_us);
        let goes_on = self.done < self.cases && (self.done == 0 || in_time);
        self.done += u64::from(goes_on);
        goes_on
    }

    /// Counts further cases that were run together with the last one.
    pub fn count(&mut self, more: u64) {
        self.done += more;
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        println!("{}: {} cases", self.name, self.done);
    }
}
