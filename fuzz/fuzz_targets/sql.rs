//! Fuzzes SQL: any text in, an answer or a refusal out.
//!
//! The input is the text of a statement, then, behind a zero byte, a JSON array or object with the values of its placeholders.
//! Checks beyond the absence of panics: what is translated is a statement of the query language that prints as it was; what
//! has a translation runs; no statement runs longer than its deadline and a moment or holds more than its budget; and an error
//! of the database's integrity never comes of a statement.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nedb::{Body, Database, ErrorCode, ErrorKind, IndexKind, QueryOptions, Value};
use nedb_compat::sql::{self, SqlAnswer, SqlParams};
use nedb_io::{Clock, RealClock};
use nedb_types::document::json_to_value;

/// Rows that are taken.
const ROWS_MAX: usize = 1000;
const MEMORY_BYTES_MAX: u64 = 4 << 20;
const DEADLINE_US: u64 = 500_000;
/// What may pass between the deadline and the end, on a machine with other work.
const MOMENT_US: u64 = 4_500_000;

fuzz_target!(|bytes: &[u8]| {
    static READ: LazyLock<Database> = LazyLock::new(filled);
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let (text, params) = input.split_once('\0').unwrap_or((input, ""));
    let translation = translated(text);
    let clock = RealClock::new();
    let params = params_of(params);
    let ended = match sql::is_write(text) {
        Ok(true) => run(&filled(), text, &params),
        _ => run(&READ, text, &params),
    };
    let elapsed_us = clock.monotonic_us();
    assert!(elapsed_us < DEADLINE_US + MOMENT_US, "{elapsed_us} µs: {text:?}");
    if let Err(error) = ended {
        assert_ne!(error.kind(), ErrorKind::Integrity, "{text:?}: {error:?}");
        let is_unsupported = error.code() == ErrorCode::SqlUnsupported;
        assert!(!translation || !is_unsupported || params != SqlParams::None, "{text:?}: {error:?}");
    }
});

/// Whether a text has a translation, which is looked at.
fn translated(text: &str) -> bool {
    let Ok(nql) = sql::to_nql(text) else { return false };
    let read = nedb_nql::parse(&nql);
    let statement = read.unwrap_or_else(|error| panic!("{text:?} became {nql:?}: {error}"));
    assert_eq!(statement.to_string(), nql, "{text:?}");
    true
}

fn params_of(json: &str) -> SqlParams {
    match json_to_value(json.as_bytes()) {
        Ok(Value::Array(values)) => SqlParams::List(values),
        Ok(Value::Object(object)) => SqlParams::Named(object.into_iter().collect()),
        _ => SqlParams::None,
    }
}

fn run(db: &Database, text: &str, params: &SqlParams) -> nedb::Result<()> {
    let options = QueryOptions::new().memory_bytes_max(MEMORY_BYTES_MAX).deadline_us(DEADLINE_US);
    match sql::exec_with(db, text, params, &options)? {
        SqlAnswer::Rows(rows) => rows.take(ROWS_MAX).try_for_each(|row| row?.as_document().to_json().map(drop)),
        SqlAnswer::Written(_) => Ok(()),
    }
}

/// A few rows of every type, in two tables, one of them with an index.
fn filled() -> Database {
    let db = Database::in_memory().expect("memory is there");
    let values = ["null", "true", "1", "2.5", "\"a\"", "[1]", "{\"p\":1}", "{\"$decimal\":\"1.0\"}"];
    for (n, value) in values.iter().enumerate() {
        let body = format!("{{\"a\":{n},\"b\":{value},\"c\":\"text {n}\",\"o\":{{\"p\":[{value}]}}}}");
        db.put("t", format!("k{n}"), Body::json(body.clone())).expect("the document is small");
        db.put("u", format!("k{}", n / 2), Body::json(body)).expect("the document is small");
    }
    db.create_index("t", "a", IndexKind::Ordered).expect("the path is sound");
    db
}
