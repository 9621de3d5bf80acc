//! Changes of documents that were read: each is written on the condition that nobody else came in between.

use nedb::{Database, Op, WriteBatch};
use nedb_types::{Error, ErrorCode, Result, Seq, limits::TRANSACTION_OPS_MAX};

/// How often a call reads again because another writer was quicker: each time somebody's write went through, so that this many losses
/// in a row mean a document that is written all the time.
const ATTEMPTS_MAX: usize = 64;

/// Reads, decides and writes, again while another writer comes in between.
///
/// Returns what was decided and the last seq; nothing is written when nothing is to be.
pub(crate) fn retried<T>(
    db: &Database,
    mut decide: impl FnMut() -> Result<(WriteBatch, T)>,
) -> Result<(T, Option<Seq>)> {
    let mut attempts = 1;
    loop {
        let (batch, done) = decide()?;
        if batch.is_empty() {
            return Ok((done, None));
        }
        match db.write(batch) {
            Ok(receipt) => return Ok((done, receipt.last_seq)),
            Err(error) if error.code() != ErrorCode::PreconditionFailed => return Err(error),
            Err(error) if attempts == ATTEMPTS_MAX => {
                return Err(error.context(format!("{ATTEMPTS_MAX} attempts met other writers")));
            }
            Err(_another_was_quicker) => attempts += 1,
        }
    }
}

/// Adds an operation, or says at once that there are too many for one transaction.
pub(crate) fn add(batch: &mut WriteBatch, op: Op) -> Result<()> {
    let (max, actual) = (TRANSACTION_OPS_MAX as u64, batch.len() as u64 + 1);
    if actual > max {
        let what = "number of documents that one call changes";
        return Err(Error::over_limit(ErrorCode::BatchTooLarge, what, "TRANSACTION_OPS_MAX", max, actual));
    }
    batch.push(op);
    Ok(())
}
