//! Deletes in bulk: documents whose lifetime has ended, and whole collections.
//!
//! Both go through the ordinary write path as operations, so that history, feeds and proofs show them. Each walks what
//! was there when it began once, from front to back: what it deleted is not walked again, and it ends however fast
//! others write.

use std::{ops::Bound, sync::Arc};

use nedb_index::{KeyRange, KeyState};
use nedb_log::{LogStore, Scratch};
use nedb_types::{Result, Timestamp, key};

use crate::{
    commit,
    database::Database,
    engine::Engine,
    keys::Key,
    read::ScanRange,
    request::{Op, WriteBatch},
};

/// Deletions in one transaction of a sweep or a drop: large enough to share an fsync, small enough not to hold up others.
const DELETES_PER_BATCH: usize = 4096;

/// The client under whose name the sweeper deletes; *admit* refuses it to everybody else.
pub(crate) const SWEEPER: &str = "nedb.sweeper";

/// Deletes what has expired by now.
pub(crate) fn sweep(engine: &Arc<Engine>) -> Result<u64> {
    Sweep::begin(engine).run(engine)
}

/// One walk over the expiry keys, which stand in the order of their times.
pub(crate) struct Sweep {
    /// What lies before it was handled.
    from: Bound<Vec<u8>>,
    /// What lies behind it had not expired when the sweep began.
    end: Vec<u8>,
}

impl Sweep {
    pub(crate) fn begin(engine: &Engine) -> Self {
        // A document is invisible from its expiry on, so the bound lies after the expiries of this very microsecond.
        let after_now = Timestamp::from_micros(engine.read_time_us().saturating_add(1));
        Self { from: Bound::Included(vec![key::SPACE_EXPIRY]), end: key::expiry_bound(after_now) }
    }

    /// Deletes batch by batch and returns how many documents that were.
    pub(crate) fn run(&mut self, engine: &Arc<Engine>) -> Result<u64> {
        let mut swept = 0;
        loop {
            let ops = self.next_ops(engine, DELETES_PER_BATCH)?;
            let count = ops.len();
            if count > 0 {
                let batch = WriteBatch { ops, client: Some(SWEEPER.to_owned()), idempotency_key: None };
                // A document that was written again meanwhile is left alone.
                let receipt = commit::commit(engine, batch)?;
                swept += receipt.outcomes.iter().filter(|outcome| outcome.changed).count() as u64;
            }
            if count < DELETES_PER_BATCH {
                return Ok(swept);
            }
        }
    }

    /// Deletions of the next documents whose lifetime has ended, at most so many, and goes on behind them.
    fn next_ops(&mut self, engine: &Engine, ops_max: usize) -> Result<Vec<Op>> {
        let mut keys =
            engine.keys.scan(&KeyRange { start: self.from.clone(), end: Bound::Excluded(self.end.clone()) })?;
        let (reader, mut scratch, mut ops) = (engine.log.reader(), Scratch::new(), Vec::new());
        while let Some(entry) = keys.next()? {
            if entry.state != KeyState::Live {
                continue;
            }
            let record = reader.record(entry.address, &mut scratch)?;
            if let Some(Key::Document { collection, id }) = Key::of(&record)? {
                ops.push(Op::sweep(collection.as_str(), id.as_bytes(), record.seq));
            }
            if ops.len() == ops_max {
                self.from = Bound::Excluded(entry.key.to_vec());
                break;
            }
        }
        Ok(ops)
    }

    /// Whether any document has a lifetime that had not ended when the sweep began. One that was written since says so
    /// itself, see `Maintenance::note_expiry`.
    pub(crate) fn has_later(&self, engine: &Engine) -> Result<bool> {
        let start = Bound::Included(self.end.clone());
        let mut keys = engine.keys.scan(&KeyRange { start, ..KeyRange::prefix(&[key::SPACE_EXPIRY]) })?;
        while let Some(entry) = keys.next()? {
            if entry.state == KeyState::Live {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How many keys are looked at for each document that is to be counted at most: those of ended lifetimes stay until they are merged away.
const KEYS_FOR_EACH: u64 = 4;

/// Counts the documents that have a lifetime, as far as `max`, and as far as so many keys tell.
pub(crate) fn count_expiring(engine: &Engine, max: u64) -> Result<u64> {
    let mut keys = engine.keys.scan(&KeyRange::prefix(&[key::SPACE_EXPIRY]))?;
    let (mut count, mut left) = (0, max.saturating_mul(KEYS_FOR_EACH));
    while count < max
        && left > 0
        && let Some(entry) = keys.next()?
    {
        count += u64::from(entry.state == KeyState::Live);
        left -= 1;
    }
    Ok(count)
}

/// Deletes every document that the collection has now, batch by batch, and returns how many were deleted.
///
/// The deletions have no condition: a document that is written again meanwhile is deleted as well, and one that somebody
/// else deletes costs nothing. With a condition on the version, one rewritten document would hold up all of its batch.
pub(crate) fn drop_collection(db: &Database, collection: &str) -> Result<u64> {
    let (snapshot, mut from, mut dropped) = (db.snapshot(), Vec::new(), 0);
    loop {
        // One more than fits tells whether there is a next batch, and where it begins.
        let range = ScanRange::all().from(&from).limit(DELETES_PER_BATCH as u64 + 1);
        let mut batch = WriteBatch::with_capacity(DELETES_PER_BATCH);
        let mut next = None;
        for row in snapshot.scan(collection, &range)? {
            let row = row?;
            if batch.len() == DELETES_PER_BATCH {
                next = Some(row.id_bytes().to_vec());
            } else {
                batch.push(Op::delete(collection, row.id_bytes()));
            }
        }
        if !batch.is_empty() {
            let receipt = db.write(batch)?;
            dropped += receipt.outcomes.iter().filter(|outcome| outcome.changed).count() as u64;
        }
        match next {
            Some(next) => from = next,
            None => return Ok(dropped),
        }
    }
}

#[cfg(test)]
mod tests {
    use nedb_io::Io;

    use super::*;
    use crate::{Body, Options};

    #[test]
    fn a_sweep_walks_each_expiry_once() {
        let db = Database::open("/swept", Options::new().io(Io::memory(64 << 20)).sweep_interval_us(0)).unwrap();
        let mut batch = WriteBatch::new();
        for number in 0..30 {
            let at = Timestamp::from_micros(1_000_000 + number);
            batch.push(Op::put("c", format!("{number:02}"), Body::json("{}")).expires_at(at));
        }
        db.write(batch).unwrap();
        let engine = db.engine();
        let mut sweep = Sweep::begin(engine);
        let mut left = 30;
        while left > 0 {
            let batch = WriteBatch { ops: sweep.next_ops(engine, 10).unwrap(), ..WriteBatch::new().client(SWEEPER) };
            assert_eq!(batch.len(), 10);
            commit::commit(engine, batch).unwrap();
            left -= 10;
            // Deleted expiries stay as tombstones, all of them before the place where the walk goes on.
            let range = KeyRange { start: sweep.from.clone(), end: Bound::Excluded(sweep.end.clone()) };
            let (mut keys, mut walked) = (engine.keys.scan(&range).unwrap(), 0);
            while keys.next().unwrap().is_some() {
                walked += 1;
            }
            assert_eq!(walked, left);
        }
        assert!(sweep.next_ops(engine, 10).unwrap().is_empty());
        assert!(!sweep.has_later(engine).unwrap());
    }
}
