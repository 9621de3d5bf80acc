//! `cargo xtask ci`: every gate in order, with a heading and the time it took.
//!
//! Promises to stop at the first failure, to say loudly what was skipped and why, and that the
//! last line reads `N passed, N failed, N skipped`.
//! Leaves the order and the limits to the table in [`steps`], reading summaries to [`tally`].

pub mod steps;
mod tally;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::ci::steps::{Action, Counting, Need, RUN_MINUTES_MAX, STEPS, Step};
use crate::ci::tally::Tally;
use crate::process::{self, Ended, Watched};
use crate::{docs, tidy};

/// Tells a step how many minutes it has, so that a time-boxed test ends by itself and prints the
/// count that it reached.
const MINUTES_VARIABLE: &str = "NEDB_STEP_MINUTES";
/// A step that bounds itself may need this much longer to build, finish its last case and report.
const LIMIT_PER_BOX: u32 = 3;

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// Runs every step; false when one of them failed.
pub fn run(root: &Path) -> bool {
    let began = Instant::now();
    let mut total = Tally::default();
    let mut lines = Vec::new();
    let mut is_well = true;
    for (number, step) in STEPS.iter().enumerate() {
        println!("\n=== {}/{} {} (box {} min)", number + 1, STEPS.len(), step.name, step.minutes);
        let step_began = Instant::now();
        let mut found = Tally::default();
        let outcome = match missing(root, step) {
            Some(reason) => Outcome::Skipped(reason),
            None => perform(root, step, &mut found).unwrap_or_else(|failure| Outcome::Failed(failure.to_string())),
        };
        let line = conclude(step, &outcome, step_began.elapsed());
        println!("--- {line}");
        lines.push(line);
        total.add(&counted(step, &outcome, found));
        if matches!(outcome, Outcome::Failed(_)) {
            is_well = false;
            break;
        }
    }
    let took = began.elapsed();
    println!("\n=== summary after {}", shown(took));
    if took > Duration::from_mins(1) * RUN_MINUTES_MAX {
        println!("NOTICE: that is more than the {RUN_MINUTES_MAX} minutes which a run may take on two cores");
    }
    for line in lines {
        println!("{line}");
    }
    println!("{total}");
    is_well
}

/// Says what a step needs and this machine lacks.
fn missing(root: &Path, step: &Step) -> Option<String> {
    let (is_present, reason) = match step.need {
        Need::Nothing => return None,
        Need::Tool { words, reason } => (process::is_working(root, words), reason),
        Need::Asked { variable, reason } => (std::env::var_os(variable).is_some(), reason),
    };
    (!is_present).then(|| reason.to_owned())
}

fn perform(root: &Path, step: &Step, found: &mut Tally) -> Result<Outcome, Failure> {
    let words = match step.action {
        Action::Command(words) => words,
        Action::Tidy => return Ok(concluded(tidy::run(root))),
        Action::Documents => return Ok(concluded(docs::check(root))),
        Action::Tests => test_words(root),
    };
    println!("$ {}", words.join(" "));
    let mut variables = vec![(MINUTES_VARIABLE, step.minutes.to_string())];
    variables.extend(step.variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let limit = Duration::from_mins(1) * step.minutes * LIMIT_PER_BOX;
    let watched = Watched { words, variables: &variables, limit };
    Ok(match process::watch(root, &watched, &mut |line| found.read(line))? {
        Ended::Well => Outcome::Passed,
        Ended::Badly(status) => Outcome::Failed(status),
        Ended::OverTime => Outcome::Failed(format!("ended after {}", shown(limit))),
    })
}

fn concluded(result: Result<(), Failure>) -> Outcome {
    result.map_or_else(|failure| Outcome::Failed(failure.to_string()), |()| Outcome::Passed)
}

/// Prefers nextest, which the machine of a newcomer need not have.
fn test_words(root: &Path) -> &'static [&'static str] {
    if process::is_working(root, steps::NEXTEST_PROBE) {
        return steps::NEXTEST;
    }
    println!("NOTICE: cargo-nextest is not installed: the same tests run under plain `cargo test`,");
    println!("NOTICE: one program after the other, so this step takes longer.");
    steps::PLAIN_TESTS
}

/// Turns the result of a step into what the last line counts.
fn counted(step: &Step, outcome: &Outcome, found: Tally) -> Tally {
    let mut counted = match step.counting {
        Counting::Summaries => found,
        Counting::Gate | Counting::Itself => Tally::default(),
    };
    match outcome {
        Outcome::Passed if step.counting == Counting::Itself => counted.passed += 1,
        // Tests that do not build leave no summary, and a broken gate is no test.
        Outcome::Failed(_) if counted.failed == 0 => counted.failed += 1,
        Outcome::Skipped(_) => counted.skipped += 1,
        _ => {}
    }
    counted
}

fn conclude(step: &Step, outcome: &Outcome, took: Duration) -> String {
    let (word, reason) = match outcome {
        Outcome::Passed => ("ok", String::new()),
        Outcome::Failed(reason) => ("FAILED", format!(": {reason}")),
        Outcome::Skipped(reason) => ("SKIPPED", format!(": {reason}")),
    };
    format!("{word:<7} {:>8}  {}{reason}", shown(took), step.name)
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(counting: Counting) -> Step {
        Step { counting, ..STEPS[0] }
    }

    #[test]
    fn every_failure_is_counted_even_without_a_summary() {
        let failed = Outcome::Failed("101".to_owned());
        for counting in [Counting::Gate, Counting::Itself, Counting::Summaries] {
            assert_eq!(counted(&step(counting), &failed, Tally::default()).failed, 1);
        }
        let found = Tally { passed: 5, failed: 2, skipped: 0 };
        assert_eq!(counted(&step(Counting::Summaries), &failed, found).failed, 2);
    }

    #[test]
    fn a_gate_is_no_test_and_an_extra_step_is_one() {
        assert_eq!(
            counted(&step(Counting::Gate), &Outcome::Passed, Tally::default()).to_string(),
            "0 passed, 0 failed, 0 skipped"
        );
        assert_eq!(
            counted(&step(Counting::Itself), &Outcome::Passed, Tally::default()).to_string(),
            "1 passed, 0 failed, 0 skipped"
        );
        let skipped = Outcome::Skipped("no tool".to_owned());
        assert_eq!(
            counted(&step(Counting::Itself), &skipped, Tally::default()).to_string(),
            "0 passed, 0 failed, 1 skipped"
        );
    }

    #[test]
    fn a_missing_tool_skips_with_its_reason() {
        let root = Path::new(".");
        let need = Need::Tool { words: &["no-such-program-here"], reason: "why" };
        assert_eq!(missing(root, &Step { need, ..STEPS[0] }), Some("why".to_owned()));
        assert_eq!(missing(root, &STEPS[0]), None);
    }
}
