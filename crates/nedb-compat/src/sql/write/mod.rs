//! INSERT, UPDATE and DELETE: what a statement writes is one transaction.
//!
//! UPDATE and DELETE read their rows as of one moment and write on the condition that these have not changed since; where one
//! has, the statement begins anew, a bounded number of times.

mod delete;
mod insert;
mod update;

use nedb::{Database, ErrorCode, Snapshot, WriteBatch};
use nedb_types::Result;

pub(super) use self::{delete::delete, insert::insert, update::update};
use super::{answer::SqlWritten, select::tables};

/// How often a statement is tried while others change its rows: with a few writers some attempt soon comes first.
const ATTEMPTS_MAX: usize = 64;

/// Writes what `prepare` makes of a snapshot, again while rows change in between.
fn write_matching(db: &Database, prepare: impl Fn(&Snapshot) -> Result<WriteBatch>) -> Result<SqlWritten> {
    let mut attempts_left = ATTEMPTS_MAX;
    loop {
        let batch = prepare(&db.snapshot())?;
        let rowcount = batch.len() as u64;
        if rowcount == 0 {
            return Ok(SqlWritten::default());
        }
        attempts_left -= 1;
        match db.write(batch) {
            Ok(receipt) => return Ok(SqlWritten { rowcount, seq: receipt.last_seq, ids: Vec::new() }),
            Err(error) if error.code() == ErrorCode::PreconditionFailed && attempts_left > 0 => {}
            Err(error) => return Err(error),
        }
    }
}
