//! INSERT, UPDATE and DELETE: what a statement writes is one transaction.
//!
//! UPDATE and DELETE read their rows as of one moment and write on the condition that these have not changed since; where one
//! has, the statement begins anew, and after a few losses waits for the other statements on the table.

mod delete;
mod insert;
mod update;

use nedb::{Database, QueryRow, Seq, Snapshot, WriteBatch};
use nedb_types::{Error, ErrorCode, Result, ValueRef};

pub(super) use self::{delete::delete, insert::insert, update::update};
use super::{answer::SqlWritten, select::tables};
use crate::optimistic;

/// Writes what `prepare` makes of a snapshot, again while rows change in between.
fn write_matching(db: &Database, table: &str, prepare: impl Fn(&Snapshot) -> Result<WriteBatch>) -> Result<SqlWritten> {
    let busy = |message| Error::new(ErrorCode::Busy, message);
    let (rowcount, seq) = optimistic::retried(db, table, busy, || {
        let batch = prepare(&db.snapshot())?;
        let rowcount = batch.len() as u64;
        Ok((batch, rowcount))
    })?;
    Ok(SqlWritten { rowcount, seq, ids: Vec::new() })
}

/// The id of a row.
fn id_of(row: &QueryRow) -> Result<Vec<u8>> {
    match row.document().as_document().get("_id")? {
        Some(ValueRef::String(text)) => Ok(text.as_bytes().to_vec()),
        Some(ValueRef::Bytes(bytes)) => Ok(bytes.to_vec()),
        _ => Err(Error::corrupt("a row of a collection has no id")),
    }
}

/// The version of a row, on which a write of it depends.
fn seq_of(row: &QueryRow) -> Result<Seq> {
    row.seq().ok_or_else(|| Error::corrupt("a row of a collection has no seq"))
}
