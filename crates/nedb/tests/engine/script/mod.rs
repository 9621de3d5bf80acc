//! Golden scripts: the corpora of `tests/engine/*.script` and, for queries, `tests/nql/*.script`.
//!
//! A script is a list of blocks: commands, a line `---`, the expected output, an empty line. Commands are one call each; `world`
//! lists them. Time, randomness and background work stand still unless a script moves them, so the output is the same on
//! every run, hashes included. `UPDATE_SCRIPTS=1 cargo test -p nedb --test engine script` writes what the engine says into
//! the scripts; whoever does so reads every changed line and asks whether it is right.

pub mod corpus;
mod indexes;
mod ops;
mod queries;
mod reads;
mod show;
mod syntax;
pub mod world;
mod writes;

use std::{collections::BTreeSet, path::Path};

use crate::support::files;

/// The corpus of the engine must not shrink without notice.
const ENGINE_SCRIPTS_MIN: usize = 60;

/// Nor must that of the query language.
const NQL_SCRIPTS_MIN: usize = 300;

/// The handbook of the language has at least so many examples; fewer found means that they were not found.
const EXAMPLES_MIN: usize = 35;

/// The one example whose answer is empty: nothing is in the database before its first operation.
const EMPTY_EXAMPLE: &str = "FROM blocks AS OF -1";

#[test]
fn every_script_gives_its_expected_output() {
    corpus::run_all("engine", ".script", ENGINE_SCRIPTS_MIN, answers);
}

#[test]
fn every_query_script_gives_its_expected_rows() {
    corpus::run_all("nql", ".script", NQL_SCRIPTS_MIN, answers);
}

#[test]
fn every_example_of_the_handbook_is_in_a_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &Path| files::read_text(path).expect("the repository is readable");
    let scripts =
        files::names_ending(&root.join("tests/nql"), ".script").expect("the corpus is part of the repository");
    let blocks: Vec<corpus::Block> = scripts.iter().flat_map(|path| corpus::parse(&read(path))).collect();
    let proven: BTreeSet<&str> = blocks.iter().flat_map(answered).collect();
    let handbook = read(&root.join("docs/nql.md"));
    let fenced = handbook.split("```nql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<&str> = fenced.flat_map(str::lines).filter(|line| !line.is_empty()).collect();
    assert!(examples.len() >= EXAMPLES_MIN, "only {} examples in docs/nql.md", examples.len());
    let unproven: Vec<&&str> = examples.iter().filter(|example| !proven.contains(**example)).collect();
    assert!(unproven.is_empty(), "examples of docs/nql.md to which no script of tests/nql gives rows: {unproven:#?}");
}

/// The lines of a block that asks one query and says what comes of it: rows, and none only where there can be none.
fn answered(block: &corpus::Block) -> Vec<&str> {
    let lines: Vec<&str> = block.input.iter().map(String::as_str).filter(|line| !is_setting(line)).collect();
    let is_one = lines
        .iter()
        .enumerate()
        .all(|(at, line)| if at == 0 { queries::is_query(line) } else { line.starts_with(' ') });
    let has_rows = block.output.first().is_some_and(|row| !row.starts_with("error "));
    if is_one && (has_rows || lines == [EMPTY_EXAMPLE]) { lines } else { Vec::new() }
}

/// Whether a line only says how the query below it runs.
fn is_setting(line: &str) -> bool {
    ["#", "param ", "limits ", "fields "].iter().any(|begin| line.starts_with(begin))
}

/// Answers the blocks of one script on a fresh database.
fn answers(blocks: &[corpus::Block]) -> Vec<corpus::Block> {
    let mut world = world::World::new();
    blocks.iter().map(|block| block.with_output(world.run(&block.input))).collect()
}
