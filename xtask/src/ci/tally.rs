//! Counts of tests, read from the summaries that the test runners print.

use std::fmt;

/// What the last line of a run says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, ran out of time or did not start.
    pub failed: u64,
    /// Tests that did not run.
    pub skipped: u64,
}

impl Tally {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Reads one line of output; only summary lines count.
    pub fn read(&mut self, line: &str) {
        let plain = without_colours(line);
        self.read_unittest(&plain);
        self.read_pytest(&plain);
        // nextest: `Summary [ 0.1s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped`
        // cargo test: `test result: ok. 2 passed; 0 failed; 1 ignored; ...`
        let counts = if plain.trim_start().starts_with("Summary [") {
            plain.split_once("run: ").map(|(_, counts)| counts)
        } else {
            plain.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")).map(|(_, counts)| counts)
        };
        for part in counts.unwrap_or_default().split([',', ';']) {
            self.read_part(part.trim());
        }
    }

    /// Python: `Ran 9 tests in 0.1s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=1)`.
    fn read_unittest(&mut self, line: &str) {
        if let Some((number, words)) = line.strip_prefix("Ran ").and_then(|rest| rest.split_once(' '))
            && (words.starts_with("tests in ") || words.starts_with("test in "))
        {
            self.passed += number.parse::<u64>().unwrap_or(0);
        }
        let inside = line.strip_prefix("OK (").or_else(|| line.strip_prefix("FAILED ("));
        let counts = inside.and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
        for (what, number) in counts.split(", ").filter_map(|part| part.split_once('=')) {
            let number = number.parse::<u64>().unwrap_or(0);
            let column = match what {
                "failures" | "errors" | "unexpected successes" => &mut self.failed,
                "skipped" => &mut self.skipped,
                _ => continue,
            };
            *column += number;
            self.passed = self.passed.saturating_sub(number);
        }
    }

    /// Pytest: `9 passed, 1 skipped in 0.12s`, between signs of equality unless it is quiet.
    fn read_pytest(&mut self, line: &str) {
        let Some((counts, time)) = line.trim_matches(['=', ' ']).rsplit_once(" in ") else {
            return;
        };
        let is_time = time.strip_suffix('s').or_else(|| time.split_once("s (").map(|(seconds, _)| seconds));
        let is_time = is_time.is_some_and(|seconds| seconds.parse::<f64>().is_ok());
        let is_count = |part: &str| part.split_once(' ').is_some_and(|(number, _)| number.parse::<u64>().is_ok());
        if !is_time || !counts.split(", ").all(is_count) {
            return;
        }
        for part in counts.split(", ") {
            match part.split_once(' ') {
                Some((number, "error" | "errors")) => self.failed += number.parse::<u64>().unwrap_or(0),
                Some((number, "xfailed")) => self.skipped += number.parse::<u64>().unwrap_or(0),
                _ => self.read_part(part),
            }
        }
    }

    fn read_part(&mut self, part: &str) {
        let Some((number, words)) = part.split_once(' ') else {
            return;
        };
        let Ok(number) = number.parse::<u64>() else {
            return;
        };
        match words.split(" (").next().unwrap_or_default() {
            "passed" => self.passed += number,
            "failed" | "timed out" | "exec failed" => self.failed += number,
            "skipped" | "ignored" => self.skipped += number,
            _ => {}
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[track_caller]
    fn check(lines: &[&str], expected: &str) {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        assert_eq!(tally.to_string(), expected);
    }

    #[test]
    fn nextest_summaries_are_read() {
        check(&["     Summary [   0.312s] 10 tests run: 10 passed, 0 skipped"], "10 passed, 0 failed, 0 skipped");
        check(
            &[
                "     Summary [  61.0s] 10/12 tests run: 6 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped",
            ],
            "6 passed, 4 failed, 3 skipped",
        );
        check(
            &[
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.3s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped",
            ],
            "1 passed, 0 failed, 0 skipped",
        );
    }

    #[test]
    fn cargo_test_summaries_add_up() {
        let well = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        let badly = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        check(&[well, "running 3 tests", badly], "4 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn python_summaries_are_read() {
        check(&["Ran 9 tests in 0.1s", "", "OK"], "9 passed, 0 failed, 0 skipped");
        check(&["Ran 1 test in 0.1s", "OK (skipped=1)"], "0 passed, 0 failed, 1 skipped");
        check(&["Ran 9 tests in 1s", "FAILED (failures=1, errors=2, skipped=3)"], "3 passed, 3 failed, 3 skipped");
    }

    #[test]
    fn pytest_summaries_are_read() {
        check(&["9 passed in 0.12s"], "9 passed, 0 failed, 0 skipped");
        check(
            &["===== 2 failed, 9 passed, 1 skipped, 1 error in 65.12s (0:01:05) ====="],
            "9 passed, 3 failed, 1 skipped",
        );
        check(&["3 warnings in your area", "read 9 passed in time"], "0 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn other_lines_count_nothing() {
        check(&["test a ... ok", "9 passed, 9 failed", "Summary: run: 3 passed"], "0 passed, 0 failed, 0 skipped");
    }
}
