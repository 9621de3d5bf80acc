//! Golden scripts: a call as JSON, a line `---`, and its answer as JSON or its error.
//!
//! Each script begins with an empty database; blocks are divided by an empty line, and lines that begin with `#` say why.
//! `UPDATE_SCRIPTS=1 cargo test -p nedb-compat --test mongo` writes what the face answers; whoever does so reads every changed line.

use std::path::Path;

use nedb::{Database, Detail, Error};
use nedb_compat::mongo;
use nedb_types::document::{json_to_value, value_to_json};

use crate::files;

/// The corpus must not shrink without notice.
const BLOCKS_MIN: usize = 200;

fn shown(error: &Error) -> String {
    let number = match error.detail() {
        Detail::ForeignCode { number } => format!(" {number}"),
        _ => String::new(),
    };
    format!("error {}{number}: {error}", error.code())
}

/// The answer of one call, whose lines are put together; its comments fall away.
fn answer(db: &Database, block: &str) -> String {
    let call: String = block.lines().filter(|line| !line.starts_with('#')).collect();
    let call = json_to_value(call.as_bytes()).unwrap_or_else(|error| panic!("{call}: {error}"));
    match mongo::run(db, call.as_object().expect("a call is an object")) {
        Ok(answer) => value_to_json(&answer.into()).unwrap(),
        Err(error) => shown(&error),
    }
}

#[test]
fn every_script_gives_its_expected_answers() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mongo");
    let is_update = std::env::var_os("UPDATE_SCRIPTS").is_some();
    let scripts = files::names_ending(&dir, ".script").expect("the corpus is part of the repository");
    let (mut count, mut failures) = (0, Vec::new());
    for path in scripts {
        let (text, db) = (files::read_text(&path).expect("a script can be read"), Database::in_memory().unwrap());
        let mut printed = Vec::new();
        for block in text.trim_end().split("\n\n") {
            let (call, expected) = block.split_once("\n---\n").unwrap_or((block, ""));
            let actual = answer(&db, call);
            if actual != expected {
                failures.push(format!("{}:\n{call}\n--- expected\n{expected}\n--- actual\n{actual}\n", path.display()));
            }
            printed.push(format!("{call}\n---\n{actual}\n"));
            count += 1;
        }
        if is_update {
            files::write_text(&path, &printed.join("\n")).expect("a script can be written");
        }
    }
    assert!(is_update || failures.is_empty(), "{} blocks fail:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= BLOCKS_MIN, "only {count} blocks");
}
