//! Fuzzes NQL: any text in, a statement or an error with its place out.
//!
//! Checks that what was parsed prints as text that parses to the same statement, that an error can be drawn below the line
//! in which it lies, and that a statement without parameters binds and its condition answers for any row.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nedb_nql::{BoundStatement, Params, parse, show_place};
use nedb_types::document::json_to_document;
use nedb_types::{Detail, ErrorCode};

fuzz_target!(|bytes: &[u8]| {
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let (text, row) = input.split_once('\0').unwrap_or((input, "{}"));
    let statement = match parse(text) {
        Ok(statement) => statement,
        Err(error) => {
            let has_place = matches!(error.detail(), Detail::Syntax { .. });
            assert!(has_place && show_place(text, &error).is_some(), "{text:?}: {error:?}");
            return;
        }
    };
    let printed = statement.to_string();
    assert_eq!(parse(&printed).expect("printed text parses"), statement, "{printed}");
    match statement.bind(&Params::new()) {
        Err(error) => assert_eq!(error.code(), ErrorCode::QueryParameter, "{printed}: {error:?}"),
        Ok(BoundStatement::Query(plan) | BoundStatement::Explain(plan)) => {
            if let Ok(document) = json_to_document(row.as_bytes()) {
                plan.filter.matches(&document.as_document()).expect("a sound row can be read");
            }
        }
        Ok(_) => {}
    }
});
