//! Changes of documents that were read: each is written on the condition that nobody else came in between.

use nedb::{Database, Op, WriteBatch};
use nedb_types::{Error, ErrorCode, Result, Seq, limits::TRANSACTION_OPS_MAX};

/// How often a call writes beside others before it waits for a turn alone: without contention nobody waits for anybody.
const ATTEMPTS_BESIDE_MAX: usize = 3;

/// How often a call writes in its turn alone. Only writers that take no turns come in between then, each time with a write that went
/// through: so many losses mean a document that such a writer writes all the time.
const ATTEMPTS_ALONE_MAX: usize = 64;

/// Reads, decides and writes, again while another writer comes in between; all calls on one collection take turns after a few losses.
///
/// Returns what was decided and the last seq; nothing is written when nothing is to be. Errors: `refusal`, the face's own, when
/// writers that take no turns were quicker each time.
pub(crate) fn retried<T>(
    db: &Database,
    collection: &str,
    refusal: impl FnOnce(String) -> Error,
    mut decide: impl FnMut() -> Result<(WriteBatch, T)>,
) -> Result<(T, Option<Seq>)> {
    for _ in 0..ATTEMPTS_BESIDE_MAX {
        let _turn = db.turns().beside(collection.as_bytes());
        if let Some(done) = attempt(db, &mut decide)? {
            return Ok(done);
        }
    }
    let _turn = db.turns().alone([collection.as_bytes()]);
    for _ in 0..ATTEMPTS_ALONE_MAX {
        if let Some(done) = attempt(db, &mut decide)? {
            return Ok(done);
        }
    }
    let attempts = ATTEMPTS_BESIDE_MAX + ATTEMPTS_ALONE_MAX;
    Err(refusal(format!("other writers of {collection} were quicker {attempts} times")))
}

/// One attempt; `None` when another writer was quicker.
fn attempt<T>(db: &Database, decide: &mut impl FnMut() -> Result<(WriteBatch, T)>) -> Result<Option<(T, Option<Seq>)>> {
    let (batch, done) = decide()?;
    if batch.is_empty() {
        return Ok(Some((done, None)));
    }
    match db.write(batch) {
        Ok(receipt) => Ok(Some((done, receipt.last_seq))),
        Err(error) if error.code() == ErrorCode::PreconditionFailed => Ok(None),
        Err(error) => Err(error),
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
