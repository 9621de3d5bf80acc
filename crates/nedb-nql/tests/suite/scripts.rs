//! Golden scripts: a statement, a line `---`, and its canonical text or its error with the place drawn below.
//!
//! Blocks are divided by an empty line; a line that begins with `#` says why. `UPDATE_SCRIPTS=1 cargo test -p nedb-nql scripts`
//! writes what the parser says; whoever does so reads every changed line and asks whether it is right.

use std::path::{Path, PathBuf};

use nedb_nql::{Statement, parse, show_place};

use crate::files;

/// The corpus must not shrink without notice.
const BLOCKS_MIN: usize = 150;

/// Returns the scripts with their texts.
pub fn corpus() -> Vec<(PathBuf, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/nql-text");
    let scripts = files::names_ending(&dir, ".script").expect("the corpus is part of the repository");
    let text = |path: &Path| files::read_text(path).expect("a script can be read");
    scripts.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

/// Returns the statements of all scripts.
pub fn statements() -> Vec<String> {
    corpus().iter().flat_map(|(_, text)| blocks(text).into_iter().map(|(input, _)| statement_of(&input))).collect()
}

/// Splits a script into inputs, comments included, and outputs.
fn blocks(text: &str) -> Vec<(String, String)> {
    let blocks = text.trim_end().split("\n\n").filter(|block| !block.trim().is_empty());
    blocks
        .map(|block| match block.split_once("\n---") {
            Some((input, output)) => (input.to_owned(), output.trim_start_matches('\n').to_owned()),
            None => (block.to_owned(), String::new()),
        })
        .collect()
}

fn statement_of(input: &str) -> String {
    let lines: Vec<&str> = input.lines().filter(|line| !line.starts_with('#')).collect();
    lines.join("\n")
}

fn run(input: &str) -> String {
    let text = statement_of(input);
    match parse(&text) {
        Ok(statement) => {
            let printed = statement.to_string();
            assert_eq!(parse(&printed).as_ref().ok(), Some(&statement), "printed text reads back: {printed}");
            printed
        }
        Err(error) => {
            let place = show_place(&text, &error).map(|drawn| format!("\n{drawn}")).unwrap_or_default();
            format!("error {}: {error}{place}", error.code())
        }
    }
}

#[test]
fn every_script_gives_its_expected_output() {
    let is_update = std::env::var_os("UPDATE_SCRIPTS").is_some();
    let mut count = 0;
    let mut failures = Vec::new();
    for (path, text) in corpus() {
        let blocks = blocks(&text);
        count += blocks.len();
        let actual: Vec<(String, String)> = blocks.iter().map(|(input, _)| (input.clone(), run(input))).collect();
        if is_update {
            let printed: Vec<String> =
                actual.iter().map(|(input, output)| format!("{input}\n---\n{output}\n")).collect();
            files::write_text(&path, &printed.join("\n")).expect("a script can be written");
        }
        for ((input, expected), (_, actual)) in blocks.iter().zip(&actual).filter(|(a, b)| a != b) {
            failures.push(format!("{}:\n{input}\n--- expected\n{expected}\n--- actual\n{actual}\n", path.display()));
        }
    }
    assert!(is_update || failures.is_empty(), "{} blocks fail:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= BLOCKS_MIN, "only {count} blocks");
}

#[test]
fn a_parsed_query_is_a_statement_of_its_kind() {
    assert!(matches!(parse("FROM a"), Ok(Statement::Query(_))));
    assert!(matches!(parse("EXPLAIN FROM a"), Ok(Statement::Explain(_))));
}

#[test]
fn every_example_of_the_language_page_is_a_statement() {
    let page = files::read_text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/nql.md"))
        .expect("the page can be read");
    let examples: Vec<&str> = page.split("```nql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let lines: Vec<&str> = examples.iter().flat_map(|example| example.lines()).collect();
    assert!(lines.len() >= 35, "only {} examples", lines.len());
    for line in lines {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line));
    }
}
