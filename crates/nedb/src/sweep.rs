//! Deletes in bulk: documents whose lifetime has ended, and whole collections.
//!
//! Both go through the ordinary write path as operations, so that history, feeds and proofs show them.

use std::{ops::Bound, sync::Arc};

use nedb_index::KeyRange;
use nedb_log::{LogStore, Scratch};
use nedb_types::{Result, Timestamp, key};

use crate::{
    commit,
    database::Database,
    engine::Engine,
    keys::Key,
    read::{ScanRange, Snapshot},
    request::{Expected, Op, WriteBatch},
};

/// Deletions in one transaction of a sweep or a drop: large enough to share an fsync, small enough not to hold up others.
const DELETES_PER_BATCH: usize = 4096;

/// The client under whose name the sweeper deletes.
const SWEEPER: &str = "nedb.sweeper";

/// Deletes what has expired by now.
pub(crate) fn sweep(engine: &Arc<Engine>) -> Result<u64> {
    let mut swept = 0;
    loop {
        let batch = WriteBatch { ops: expired(engine)?, client: Some(SWEEPER.to_owned()), idempotency_key: None };
        let count = batch.len();
        if count == 0 {
            return Ok(swept);
        }
        // A document that was written again meanwhile is left alone.
        let receipt = commit::commit(engine, batch)?;
        let deleted = receipt.outcomes.iter().filter(|outcome| outcome.changed).count();
        swept += deleted as u64;
        if deleted == 0 || count < DELETES_PER_BATCH {
            return Ok(swept);
        }
    }
}

/// Deletions of the documents whose lifetime has ended, at most one batch of them.
fn expired(engine: &Arc<Engine>) -> Result<Vec<Op>> {
    // A document is invisible from its expiry on, so the bound lies after the expiries of this very microsecond.
    let after_now = Timestamp::from_micros(engine.read_time_us().saturating_add(1));
    let start = Bound::Included(vec![key::SPACE_EXPIRY]);
    let range = KeyRange { start, end: Bound::Excluded(key::expiry_bound(after_now)) };
    let (mut keys, mut ops) = (engine.keys.scan(&range)?, Vec::new());
    let (reader, mut scratch) = (engine.log.reader(), Scratch::new());
    while let Some(entry) = keys.next()? {
        if entry.state != nedb_index::KeyState::Live {
            continue;
        }
        let record = reader.record(entry.address, &mut scratch)?;
        if let Some(Key::Document { collection, id }) = Key::of(&record)? {
            ops.push(Op::sweep(collection.as_str(), id.as_bytes(), record.seq));
        }
        if ops.len() == DELETES_PER_BATCH {
            break;
        }
    }
    Ok(ops)
}

/// Whether any document has a lifetime, ended or not.
pub(crate) fn has_expiries(engine: &Engine) -> Result<bool> {
    let mut keys = engine.keys.scan(&KeyRange::prefix(&[key::SPACE_EXPIRY]))?;
    while let Some(entry) = keys.next()? {
        if entry.state == nedb_index::KeyState::Live {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn drop_collection(db: &Database, collection: &str) -> Result<u64> {
    let mut dropped = 0;
    // Each batch goes on behind the one before, so that its tombstones are not walked again; the last look is at all.
    let mut from = Vec::new();
    loop {
        let snapshot: Snapshot = db.snapshot();
        let range = ScanRange::all().from(&from).limit(DELETES_PER_BATCH as u64);
        let mut last = Vec::new();
        let mut batch = WriteBatch::with_capacity(DELETES_PER_BATCH);
        for row in snapshot.scan(collection, &range)? {
            let row = row?;
            batch.push(Op::delete(collection, row.id_bytes()).if_seq(Expected::Seq(row.seq())));
            last = row.id_bytes().to_vec();
        }
        if batch.is_empty() {
            if from.is_empty() {
                return Ok(dropped);
            }
            from = Vec::new();
            continue;
        }
        match db.write(batch) {
            Ok(receipt) => {
                dropped += receipt.outcomes.iter().filter(|outcome| outcome.changed).count() as u64;
                from = last;
            }
            // Somebody wrote to it meanwhile: look again.
            Err(error) if error.code() == nedb_types::ErrorCode::PreconditionFailed => {}
            Err(error) => return Err(error),
        }
    }
}
