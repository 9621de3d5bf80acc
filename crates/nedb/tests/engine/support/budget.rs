//! How long a random test goes on: a short time in every run, a number of cases when a person asks for more.
//!
//! `NEDB_CASES=n` runs exactly n cases. Otherwise `NEDB_STEP_MINUTES=m`, the box of the whole step, gives each test its share of it;
//! without either the default holds.

use nedb_io::{Clock, RealClock};

/// Several tests that bound themselves, all others and the build share the box of the step.
const SHARES: u64 = 12;

/// Decides whether one more case is run.
#[derive(Debug)]
pub struct Budget {
    clock: RealClock,
    end_us: u64,
    cases: Option<u64>,
    done: u64,
    name: &'static str,
}

impl Budget {
    /// Begins a budget of this many seconds unless the environment says otherwise.
    pub fn seconds(name: &'static str, seconds: u64) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let clock = RealClock::new();
        let seconds = number("NEDB_STEP_MINUTES").map_or(seconds, |minutes| minutes * 60 / SHARES);
        let end_us = clock.monotonic_us() + seconds * 1_000_000;
        Self { clock, end_us, cases: number("NEDB_CASES"), done: 0, name }
    }

    /// Whether there is budget for one more case, which is then counted. The first one always runs.
    pub fn has_next(&mut self) -> bool {
        let goes_on = match self.cases {
            Some(cases) => self.done < cases,
            None => self.done == 0 || self.clock.monotonic_us() < self.end_us,
        };
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
