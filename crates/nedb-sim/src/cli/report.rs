//! The lines that tell what was reached, and the last one, which counts.

use std::{io::Write, process::ExitCode};

use nedb_io::{Clock, RealClock};

/// Prints as it goes; a run is well when nothing failed.
#[derive(Debug)]
pub struct Report {
    clock: RealClock,
    begun_us: u64,
    passed: u64,
    failed: u64,
}

impl Report {
    /// Begins the clock.
    pub fn new() -> Self {
        let clock = RealClock::new();
        let begun_us = clock.monotonic_us();
        Self { clock, begun_us, passed: 0, failed: 0 }
    }

    /// Prints a line. A closed output is no reason to stop: the exit code still tells.
    pub fn line(text: &str) {
        let mut out = std::io::stdout().lock();
        let _closed = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Seconds since the beginning.
    pub fn seconds(&self) -> u64 {
        (self.clock.monotonic_us() - self.begun_us) / 1_000_000
    }

    /// Counts one check and says what it reached, or what was wrong.
    pub fn check(&mut self, name: &str, outcome: Result<String, String>) {
        let seconds = self.seconds();
        match outcome {
            Ok(reached) => {
                self.passed += 1;
                Self::line(&format!("ok      {name}: {reached} ({seconds} s)"));
            }
            Err(wrong) => {
                self.failed += 1;
                Self::line(&format!("FAILED  {name}: {wrong} ({seconds} s)"));
            }
        }
    }

    /// Prints the count in the form of a test run.
    pub fn finish(self) -> ExitCode {
        let word = if self.failed == 0 { "ok" } else { "FAILED" };
        let (passed, failed) = (self.passed, self.failed);
        Self::line(&format!(
            "test result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
        ));
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
