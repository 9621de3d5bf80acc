//! What `docs/sql.md` promises.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that panics has found something"
)]

mod bounds;
mod explain;
#[path = "../../../nedb/tests/engine/support/files.rs"]
mod files;
mod injection;
mod joins;
mod scripts;
#[path = "../../../nedb/tests/engine/support/temp_dir.rs"]
mod temp_dir;
mod translation;
mod writes;

use nedb::{Database, Result, Value};
use nedb_compat::sql::{self, SqlAnswer, SqlParams, SqlWritten};

/// The rows of a SELECT as JSON.
pub fn rows(db: &Database, text: &str, params: &SqlParams) -> Result<Vec<String>> {
    match sql::exec(db, text, params)? {
        SqlAnswer::Rows(rows) => rows.map(|row| row?.as_document().to_json()).collect(),
        SqlAnswer::Written(written) => panic!("{text} wrote {written:?}"),
    }
}

/// What a statement wrote.
pub fn written(db: &Database, text: &str, params: &SqlParams) -> Result<SqlWritten> {
    match sql::exec(db, text, params)? {
        SqlAnswer::Written(written) => Ok(written),
        SqlAnswer::Rows(_) => panic!("{text} gave rows"),
    }
}

/// Values for `?`.
pub fn list<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> SqlParams {
    SqlParams::List(values.into_iter().map(Into::into).collect())
}
