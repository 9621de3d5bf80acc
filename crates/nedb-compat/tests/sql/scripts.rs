//! Golden scripts: `tests/sql/*.script`, whose form its README describes.
//!
//! `UPDATE_SCRIPTS=1 cargo test -p nedb-compat scripts` writes what is answered into them; whoever does so reads every changed
//! line and asks whether it is right.

use std::{collections::BTreeMap, path::Path};

use nedb::{Body, Database, Error, Value};
use nedb_compat::sql::{self, SqlAnswer, SqlParams};
use nedb_types::document::json_to_value;

use crate::files;

/// The corpus must not shrink without notice.
const SCRIPTS_MIN: usize = 15;

#[test]
fn every_script_gives_its_expected_output() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sql");
    let scripts = files::names_ending(&dir, ".script").expect("the corpus is part of the repository");
    assert!(scripts.len() >= SCRIPTS_MIN, "only {} scripts", scripts.len());
    let is_update = std::env::var_os("UPDATE_SCRIPTS").is_some();
    let mut failures = Vec::new();
    for path in scripts {
        let text = files::read_text(&path).expect("a script can be read");
        let said = answered(&text);
        if said != text && is_update {
            files::write_text(&path, &said).expect("a script can be written");
        } else if said != text {
            let wrong = text.lines().zip(said.lines()).find(|(wanted, said)| wanted != said);
            failures.push(format!("{}: {wrong:?}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The script with what is answered below each block.
fn answered(text: &str) -> String {
    let db = Database::in_memory().expect("memory is there");
    let mut blocks = Vec::new();
    for block in text.trim_end().split("\n\n") {
        let input = block.split("\n---").next().unwrap_or_default();
        let said = run(&db, input);
        blocks.push(format!("{input}\n---{}{said}\n", if said.is_empty() { "" } else { "\n" }));
    }
    blocks.join("\n")
}

/// What the lines of a block answer.
fn run(db: &Database, input: &str) -> String {
    let (mut said, mut params) = (Vec::new(), SqlParams::None);
    let mut lines = input.lines().filter(|line| !line.starts_with('#')).peekable();
    while let Some(first) = lines.next() {
        let mut text = first.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with(' ')) {
            text = format!("{text}\n{more}");
        }
        match text.split_once(' ') {
            Some(("put", rest)) => {
                let mut words = rest.splitn(3, ' ');
                let (Some(collection), Some(id), Some(json)) = (words.next(), words.next(), words.next()) else {
                    panic!("{text}: put takes a collection, an id and a document")
                };
                db.put(collection, id, Body::json(json)).expect("the document can be stored");
            }
            Some(("params", json)) => params = params_of(json_to_value(json.as_bytes()).expect("values are JSON")),
            Some(("nql", statement)) => said.push(sql::to_nql(statement).unwrap_or_else(|error| failed(&error))),
            _ => {
                said.extend(exec(db, &text, &std::mem::take(&mut params)).unwrap_or_else(|error| vec![failed(&error)]));
            }
        }
    }
    said.join("\n")
}

fn params_of(value: Value) -> SqlParams {
    match value {
        Value::Array(values) => SqlParams::List(values),
        Value::Object(object) => SqlParams::Named(object.into_iter().collect::<BTreeMap<_, _>>()),
        other => panic!("values come as an array or an object, not {other:?}"),
    }
}

fn exec(db: &Database, text: &str, params: &SqlParams) -> nedb::Result<Vec<String>> {
    match sql::exec(db, text, params)? {
        SqlAnswer::Rows(rows) => rows.map(|row| row?.as_document().to_json()).collect(),
        SqlAnswer::Written(written) => Ok(vec![format!("rowcount {}", written.rowcount)]),
    }
}

fn failed(error: &Error) -> String {
    format!("error {}: {error}", error.code())
}

#[test]
fn every_example_of_the_page_runs() {
    let page = files::read_text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md"))
        .expect("the page can be read");
    let fenced = page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<&str> = fenced.flat_map(str::lines).filter(|line| !line.is_empty()).collect();
    assert!(examples.len() >= 30, "only {} examples", examples.len());
    let db = Database::in_memory().unwrap();
    for example in examples {
        let said = exec(&db, example, &SqlParams::None);
        assert!(said.is_ok(), "{example}: {}", said.unwrap_err());
    }
}
