//! The write path: admit, sequence, log, apply, publish.
//!
//! ```text
//! request -> admit -> queue -> sequence -> log -> apply -> publish -> receipt
//!            many threads      one committer at a time
//! ```
//!
//! All mutation of a database goes through [`commit`]. Promises: a refused request leaves no trace; a frame is applied and
//! published only after it was logged as the durability mode demands; after a failed sync nothing more is written.

mod admit;
mod apply;
mod catalogue;
mod chain;
mod clients;
mod committer;
mod figures;
mod fingerprint;
mod plan;
mod queue;
mod remembered;
mod request;
mod sequence;
mod share;
mod staged;
mod version;

use nedb_log::{Append, Frame, LogStore};
use nedb_types::{Error, ErrorCode, Result, Seq};

pub use self::figures::CommitFigures;
pub(crate) use self::{
    apply::apply_keys, clients::RecentClients, committer::Committer, figures::CommitCounts, queue::CommitQueue,
    staged::Staged, version::VersionState,
};
use self::{
    clients::Wrote,
    request::Request,
    sequence::{Answer, Sequenced},
};
use crate::{
    engine::Engine,
    options::Durability,
    request::{Receipt, WriteBatch},
    secondary::CatalogueChange,
};

/// Writes a batch: the one way in.
pub(crate) fn commit(engine: &Engine, batch: WriteBatch) -> Result<Receipt> {
    engine.check_writable()?;
    let request = admit(engine, batch)?;
    engine.relieve()?;
    engine.queue.commit(engine, request)
}

/// Writes batches that do not depend on each other.
pub(crate) fn commit_each(engine: &Engine, batches: Vec<WriteBatch>) -> Vec<Result<Receipt>> {
    if let Err(error) = engine.check_writable().and_then(|()| engine.relieve()) {
        return batches.iter().map(|_| Err(error.clone())).collect();
    }
    let (mut requests, mut refused) = (Vec::with_capacity(batches.len()), Vec::new());
    for (position, batch) in batches.into_iter().enumerate() {
        match admit(engine, batch) {
            Ok(request) => requests.push(request),
            Err(error) => refused.push((position, error)),
        }
    }
    let mut results = engine.queue.commit_each(engine, requests);
    // In their order, so that each finds its place.
    for (position, error) in refused {
        results.insert(position, Err(error));
    }
    results
}

/// Changes the definitions: a frame that need not hold operations, on the same way.
pub(crate) fn commit_catalogue(engine: &Engine, change: CatalogueChange) -> Result<()> {
    engine.check_writable()?;
    engine.queue.commit(engine, Request::of_catalogue(change)).map(|_| ())
}

/// Commits a group of requests and answers each.
fn commit_group(engine: &Engine, requests: Vec<Request>) -> Vec<Result<Receipt>> {
    let mut committer = engine.committer.lock();
    // A close that came between the queue and here has given the files away.
    if let Err(closed) = engine.check_open() {
        return requests.iter().map(|_| Err(closed.clone())).collect();
    }
    let now = engine.clock_watch.look(engine.io.clock.as_ref());
    engine.commits.group(requests.len());
    let results = commit_frame(engine, &mut committer, now.wall_us, requests);
    drop(committer);
    // Without the lock: where no thread can be had, background work runs right here.
    engine.after_commit(now.monotonic_us);
    results
}

/// Commits requests in one frame; where they do not fit one together, in a frame each.
fn commit_frame(
    engine: &Engine,
    committer: &mut Committer,
    now_us: i64,
    mut group: Vec<Request>,
) -> Vec<Result<Receipt>> {
    let mut refused = Vec::new();
    let mut results = loop {
        match sequence(engine, committer, now_us, &group) {
            Ok(mut sequenced) => {
                let count = sequenced.answers.len();
                break log_and_apply(engine, committer, &mut sequenced).unwrap_or_else(|error| refuse(count, &error));
            }
            Err((None, error)) if error.code() == ErrorCode::BatchTooLarge && group.len() > 1 => {
                break group
                    .into_iter()
                    .flat_map(|request| commit_frame(engine, committer, now_us, vec![request]))
                    .collect();
            }
            Err((None, error)) => break refuse(group.len(), &error),
            Err((Some(culprit), error)) => {
                group.remove(culprit);
                refused.push((culprit, error));
                if group.is_empty() {
                    break Vec::new();
                }
            }
        }
    };
    // Culprits were taken out one by one: putting them back in reverse restores every position.
    for (position, error) in refused.into_iter().rev() {
        results.insert(position, Err(error));
    }
    results
}

fn refuse(count: usize, error: &Error) -> Vec<Result<Receipt>> {
    (0..count).map(|_| Err(error.clone())).collect()
}

/// *Admit*: checks and encodes a request in the caller's thread.
fn admit(engine: &Engine, batch: WriteBatch) -> Result<Request> {
    admit::admit(engine, batch)
}

/// *Sequence*: decides about every request of the group and builds its frame.
fn sequence<'a>(
    engine: &Engine,
    committer: &Committer,
    now_us: i64,
    group: &'a [Request],
) -> Result<Sequenced<'a>, (Option<usize>, Error)> {
    sequence::sequence(engine, committer, now_us, group)
}

/// *Log*: writes the frame and, in mode `Sync`, waits until it is on the disk.
fn log(engine: &Engine, frame: Frame) -> Result<()> {
    let expected = engine.log.position().end;
    match engine.log.append(expected, frame)? {
        Append::Committed => {}
        Append::Conflict(_) | Append::Unknown => {
            let message = "the log moved under its only writer: another process wrote to this database";
            return Err(Error::new(ErrorCode::Poisoned, message));
        }
    }
    match engine.durability {
        Durability::Sync => engine.sync_counted().map(|_| ()),
        Durability::Group { .. } | Durability::None => Ok(()),
    }
}

/// *Apply*: brings derived state up to date; cannot fail.
fn apply(engine: &Engine, committer: &mut Committer, sequenced: &mut Sequenced<'_>) {
    engine.apply_staged(&sequenced.staged);
    let wrote = std::mem::take(&mut sequenced.wrote);
    engine.client_slots.apply(wrote.iter().map(|wrote| wrote.entry(&engine.keys)));
    for Wrote { client, newest, .. } in wrote {
        committer.recent.note(client, newest);
    }
    engine.tree.write().extend(&sequenced.nodes);
    let first = committer.frontier.size();
    engine.seqs.write().extend(first, sequenced.staged.iter().map(|record| record.address));
    committer.frontier = std::mem::take(&mut sequenced.frontier);
    committer.root = sequenced.root;
    committer.commit_time_us = sequenced.commit_time.as_micros();
    // The first entry of a frame repeats the catalogue; without entries the next frame has to.
    let unsealed = sequenced.catalogue.last().filter(|_| sequenced.staged.is_empty());
    committer.unsealed_catalogue = unsealed.map(|record| (record.number, record.digest));
    engine.secondary.apply_catalogue(&sequenced.catalogue);
}

/// *Publish*: lets readers see the frame and wakes who waits for it.
fn publish(engine: &Engine, committer: &Committer) {
    engine.publish(committer.frontier.size(), committer.root, committer.commit_time_us);
}

fn log_and_apply(
    engine: &Engine,
    committer: &mut Committer,
    sequenced: &mut Sequenced<'_>,
) -> Result<Vec<Result<Receipt>>> {
    if let Some(frame) = sequenced.frame.take() {
        log(engine, frame)?;
        apply(engine, committer, sequenced);
        publish(engine, committer);
    }
    Ok(receipts(committer, sequenced))
}

fn receipts(committer: &Committer, sequenced: &mut Sequenced<'_>) -> Vec<Result<Receipt>> {
    let (size, root) = (committer.frontier.size(), committer.root);
    let mut results: Vec<Result<Receipt>> = Vec::with_capacity(sequenced.answers.len());
    for answer in std::mem::take(&mut sequenced.answers) {
        let result = match answer {
            Answer::Refused(error) => Err(error),
            Answer::Known(receipt) => Ok(*receipt),
            Answer::SameAs(first) => match results.get(first) {
                Some(Ok(receipt)) => Ok(Receipt { replayed: true, ..receipt.clone() }),
                Some(Err(error)) => Err(error.clone()),
                None => {
                    Err(Error::new(ErrorCode::Poisoned, "the first request with this idempotency key has no answer"))
                }
            },
            Answer::Done(outcomes) => {
                let last_seq: Option<Seq> = outcomes.iter().filter_map(|outcome| outcome.seq).next_back();
                Ok(Receipt { outcomes, last_seq, size, root, committed_at: sequenced.commit_time, replayed: false })
            }
        };
        results.push(result);
    }
    results
}
