//! Many threads on one database on a real disk.
//!
//! Every acknowledgement carries its seq and every read its snapshot, so a history is checked in one walk over the log.

mod appends;
mod bank;
mod checkpoints;
mod drops;
mod feed;
mod handles;
mod retries;
mod snapshots;

use nedb::{Database, Options};

use crate::support::temp_dir::TempDir;

/// A fresh database in a directory of its own.
fn fresh(name: &str) -> (TempDir, Database) {
    let dir = TempDir::new(name);
    let db = Database::open(dir.join("db"), Options::new()).expect("a new directory takes a database");
    (dir, db)
}

/// A number in a document `{"n": ..}`.
fn number(row: &nedb::Row) -> i64 {
    let json = row.to_json().expect("a document prints");
    let digits = json.trim_start_matches("{\"n\":").trim_end_matches('}');
    digits.parse().expect("a document of these tests holds a number")
}

fn body(number: i64) -> nedb::Body {
    nedb::Body::json(format!("{{\"n\":{number}}}"))
}
