//! Opening a database whose files may hold anything.
//!
//! Promises: every way of opening was tried, everything was asked, and what was accepted for writing stayed readable.

use std::path::Path;

use nedb::{Access, Body};
use nedb_log::verify_log;

use crate::answers::{Answer, answers};
use crate::planted::{DIR, Files, machine, open};

/// Opens the files for reading, verifies them, then opens them for writing and writes; returns what each opening answered.
///
/// Panics when a database that was opened for writing, written to and closed does not open again or lost the write.
pub fn visit(files: &Files) -> (Option<Vec<Answer>>, Option<Vec<Answer>>) {
    let io = machine(files);
    let read = open(&io, Access::ReadOnly).ok().map(|db| answers(&db));
    let verdict = verify_log(&io, Path::new(DIR), nedb_log::VerifyOptions::default());
    drop(verdict);
    let report = nedb::verify(DIR, &nedb::VerifyOptions::new().threads(1).deep(true).io(io.clone()));
    drop(report.map(|report| report.to_json()));
    let Ok(db) = open(&io, Access::Write) else {
        return (read, None);
    };
    let before = answers(&db);
    let put = db.put("new", "n", Body::json(r#"{"n":1}"#)).is_ok();
    let closed = db.close().is_ok();
    drop(db);
    if closed {
        let again = open(&io, Access::Write).expect("a database that was closed in order opens again");
        let row = again.get("new", "n");
        assert!(!put || matches!(row, Ok(Some(_))), "an acknowledged write is there: {row:?}");
    }
    (read, Some(before))
}
