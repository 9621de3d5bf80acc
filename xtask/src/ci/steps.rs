//! The table of steps: what CI runs, in which order, in how many minutes, and what may be absent.
//!
//! Promises that the boxes add up to no more than a CI run may take. The table in docs/testing.md
//! is generated from this one.

use std::fmt::Write;

/// What a CI run may take on two cores, the first build included.
pub const RUN_MINUTES_MAX: u32 = 45;

/// How a step is done.
#[derive(Clone, Copy)]
pub enum Action {
    /// A program and its arguments, started in the root.
    Command(&'static [&'static str]),
    /// The rules of the house.
    Tidy,
    /// The comparison of the generated documents.
    Documents,
    /// The tests, under the best runner that is present.
    Tests,
}

/// What the last line of the run counts for a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Nothing while it holds: it is no test.
    Gate,
    /// The tests in the summaries that it prints.
    Summaries,
    /// The step itself, as one test.
    Itself,
}

/// What a step needs beyond git, the Rust toolchain, Python 3 and Node.
#[derive(Clone, Copy)]
pub enum Need {
    /// Nothing: it is never skipped.
    Nothing,
    /// A tool that answers to these words.
    Tool {
        /// The words that succeed where the tool is present.
        words: &'static [&'static str],
        /// Why a machine without it may go on.
        reason: &'static str,
    },
    /// Somebody who sets this variable: the step takes more time than it is worth in every run, and has no share of that.
    Asked {
        /// The variable, whatever it says.
        variable: &'static str,
        /// What is not known without it.
        reason: &'static str,
    },
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Step {
    /// What the heading says.
    pub name: &'static str,
    /// What runs.
    pub action: Action,
    /// Environment set for it.
    pub variables: &'static [(&'static str, &'static str)],
    /// The time box; a test that bounds itself reads it from `NEDB_STEP_MINUTES`.
    pub minutes: u32,
    /// What the last line counts for it.
    pub counting: Counting,
    /// When it may be skipped.
    pub need: Need,
}

/// Succeeds where nextest is installed.
pub const NEXTEST_PROBE: &[&str] = &["cargo", "nextest", "--version"];
/// The tests under nextest.
pub const NEXTEST: &[&str] = &["cargo", "nextest", "run", "--workspace", "--no-fail-fast"];
/// The same tests without it.
pub const PLAIN_TESTS: &[&str] =
    &["cargo", "test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast", "--", "--show-output"];

/// How long each target is fuzzed in a CI run: all of them and their build fit into the step's box.
const FUZZ_SECONDS: &str = "10";

const fn gate(name: &'static str, action: Action, minutes: u32) -> Step {
    Step { name, action, variables: &[], minutes, counting: Counting::Gate, need: Need::Nothing }
}

const fn tests(name: &'static str, action: Action, minutes: u32) -> Step {
    Step { counting: Counting::Summaries, ..gate(name, action, minutes) }
}

const fn extra(name: &'static str, words: &'static [&'static str], minutes: u32, need: Need) -> Step {
    Step { counting: Counting::Itself, need, ..gate(name, Action::Command(words), minutes) }
}

const fn strict_docs(step: Step) -> Step {
    Step { variables: &[("RUSTDOCFLAGS", "-D warnings")], ..step }
}

/// Every step in order.
#[rustfmt::skip]
pub const STEPS: &[Step] = &[
    gate("format", Action::Command(&["cargo", "fmt", "--all", "--check"]), 1),
    gate("format of the fuzz targets", Action::Command(&["cargo", "fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]), 1),
    gate("clippy", Action::Command(&["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]), 3),
    gate("tidy", Action::Tidy, 1),
    gate("generated documents", Action::Documents, 3),
    tests("tests", Action::Tests, 9),
    Step {
        need: Need::Asked {
            variable: "NEDB_OTLP",
            reason: "its libraries take minutes to build: what sends spans was NEITHER compiled NOR tested; NEDB_OTLP=1 does both",
        },
        ..tests("spans for OpenTelemetry", Action::Command(&["cargo", "nextest", "run", "-p", "nedb-server", "--features", "otlp"]), 6)
    },
    tests("examples in the documentation", Action::Command(&["cargo", "test", "--workspace", "--doc", "--no-fail-fast"]), 1),
    // Two runs, because the library `nedb` and the program `nedb` would write to one folder at once.
    strict_docs(gate("documentation of the libraries", Action::Command(&["cargo", "doc", "--workspace", "--no-deps", "--lib"]), 1)),
    strict_docs(gate("documentation of the programs", Action::Command(&["cargo", "doc", "--workspace", "--no-deps", "--bins"]), 1)),
    tests("simulation", Action::Command(&["cargo", "run", "--release", "-p", "nedb-sim", "--", "all", "--short"]), 6),
    tests("independent checker", Action::Command(&["python3", "-m", "unittest", "discover", "-s", "tools"]), 1),
    Step {
        need: Need::Tool {
            words: &["cargo", "xtask", "python", "--prepare"],
            reason: "Python 3.9 with venv, or its package index, is not there: the Python package was NOT tested",
        },
        // The release profile compiles everything once more, for minutes, and tests nothing that this one does not.
        variables: &[("MATURIN_PEP517_ARGS", "--profile dev")],
        ..tests("Python package", Action::Command(&["cargo", "xtask", "python"]), 5)
    },
    extra("clients in Node", &["cargo", "xtask", "node"], 2, Need::Tool {
        words: &["cargo", "xtask", "node", "--prepare"],
        reason: "Node, npm or its registry is not there: ioredis, node-redis and BullMQ were NOT tested",
    }),
    extra("demo", &["cargo", "run", "--release", "-p", "nedb-cli", "--", "demo", "--json"], 3, Need::Tool {
        words: &["test", "-f", "crates/nedb-cli/src/demo.rs"],
        reason: "the demo does not exist yet",
    }),
    extra("licences and sources", &["cargo", "deny", "--all-features", "check"], 1, Need::Tool {
        words: &["cargo", "deny", "--version"],
        reason: "cargo-deny is not installed; the rules of deny.toml were not checked",
    }),
    extra("fuzz smoke", &["cargo", "xtask", "fuzz", "all", FUZZ_SECONDS], 6, Need::Tool {
        words: &["c++", "--version"],
        reason: "libFuzzer needs a C++ compiler and there is none; no fuzzing was done",
    }),
];

/// Renders the table for docs/testing.md.
pub fn minutes_table() -> String {
    let mut table = String::from("| step | minutes | command | skipped when |\n|---|---|---|---|\n");
    for step in STEPS {
        let words = match step.action {
            Action::Command(words) => words.join(" "),
            Action::Tidy => "cargo xtask tidy".to_owned(),
            Action::Documents => "cargo xtask docs --check".to_owned(),
            Action::Tests => format!("{}`, else `{}", NEXTEST.join(" "), PLAIN_TESTS.join(" ")),
        };
        let skipped = match step.need {
            Need::Nothing => "never".to_owned(),
            Need::Tool { words, .. } => format!("`{}` fails", words.join(" ")),
            Need::Asked { variable, .. } => format!("`{variable}` is not set"),
        };
        // Writing to a String cannot fail; the result says so only to satisfy the trait.
        let written = writeln!(table, "| {} | {} | `{words}` | {skipped} |", step.name, step.minutes);
        debug_assert!(written.is_ok(), "a String takes every line");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boxes_fit_into_one_run() {
        let is_in_every_run = |step: &&Step| !matches!(step.need, Need::Asked { .. });
        let minutes: u32 = STEPS.iter().filter(is_in_every_run).map(|step| step.minutes).sum();
        assert!(minutes <= RUN_MINUTES_MAX, "{minutes} minutes, at most {RUN_MINUTES_MAX}");
    }

    #[test]
    fn every_step_has_its_row_in_the_document() {
        let table = minutes_table();
        assert_eq!(table.lines().count(), STEPS.len() + 2);
        assert!(STEPS.iter().all(|step| table.contains(step.name)));
    }
}
