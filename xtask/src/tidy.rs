//! The rules of the house that neither compiler nor clippy checks, as one table.
//!
//! Promises that every rule runs each time, that every breach is named with its place, and that
//! the sizes of the code are reported whether or not a rule is broken.
//! Leaves each rule to its own small file, and the reasons for the rules to CONTRIBUTING.md.

mod allow_reason;
mod banned_words;
mod commit_subjects;
mod file_header;
mod file_length;
mod file_names;
mod function_length;
mod ignored_tests;
mod layers;
mod links;
mod lints_inherited;
mod package_count;
mod parameters;
mod spread;
mod unsafe_code;
mod whitespace;

use std::path::Path;

use crate::Failure;
use crate::tree::Tree;

/// What a rule has to say about a tree.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    /// Breaches, each with its place.
    breaches: Vec<String>,
    /// A measurement worth seeing at every run.
    measured: Option<String>,
}

impl Report {
    fn breaches(breaches: Vec<String>) -> Self {
        Self { breaches, measured: None }
    }
}

/// How a rule finds out.
enum Check {
    /// From the files alone.
    Files(fn(&Tree) -> Report),
    /// By asking git or cargo, which may fail to answer.
    Programs(fn(&Tree) -> Result<Report, Failure>),
}

struct Rule {
    name: &'static str,
    check: Check,
}

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule { name: "file header", check: Check::Files(file_header::check) },
    Rule { name: "file length", check: Check::Files(file_length::check) },
    Rule { name: "function length", check: Check::Files(function_length::check) },
    Rule { name: "parameters", check: Check::Files(parameters::check) },
    Rule { name: "file names", check: Check::Files(file_names::check) },
    Rule { name: "banned words", check: Check::Files(banned_words::check) },
    Rule { name: "ignored tests", check: Check::Files(ignored_tests::check) },
    Rule { name: "allow with a reason", check: Check::Files(allow_reason::check) },
    Rule { name: "unsafe code", check: Check::Files(unsafe_code::check) },
    Rule { name: "layers", check: Check::Programs(layers::check) },
    Rule { name: "package count", check: Check::Programs(package_count::check) },
    Rule { name: "lints inherited", check: Check::Files(lints_inherited::check) },
    Rule { name: "commit subjects", check: Check::Programs(commit_subjects::check) },
    Rule { name: "links", check: Check::Files(links::check) },
    Rule { name: "whitespace", check: Check::Files(whitespace::check) },
];

/// Checks the tree at `root` against every rule.
pub fn run(root: &Path) -> Result<(), Failure> {
    let tree = Tree::load(root)?;
    let mut count = 0;
    for rule in RULES {
        let report = match rule.check {
            Check::Files(check) => check(&tree),
            Check::Programs(check) => check(&tree).map_err(|failure| format!("tidy: {}: {failure}", rule.name))?,
        };
        if let Some(measured) = report.measured {
            println!("tidy: {}: {measured}", rule.name);
        }
        for breach in &report.breaches {
            println!("tidy: {}: BREACH: {breach}", rule.name);
        }
        count += report.breaches.len();
    }
    println!("tidy: {} rules, {} files, {count} breaches", RULES.len(), tree.paths.len());
    if count == 0 { Ok(()) } else { Err(format!("tidy: {count} breaches of the rules of the house").into()) }
}

/// Plants one file and returns what a rule says about it.
#[cfg(test)]
fn planted(check: fn(&Tree) -> Report, path: &str, text: &str) -> Vec<String> {
    check(&Tree::planted(&[(path, text)])).breaches
}
