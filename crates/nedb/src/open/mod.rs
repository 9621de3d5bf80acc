//! Opening: create, lock, load the newest checkpoint, replay the tail, start.
//!
//! Promises: opening never rewrites history. What recovery cut, what was rebuilt and how long it took stands in the
//! [`OpenReport`].

mod create;
mod directory;
mod replay;
mod report;

use std::{
    path::Path,
    sync::{Arc, OnceLock, Weak, atomic::AtomicBool},
};

use nedb_io::{LockGuard, LockOutcome, Mutex, RwLock};
use nedb_log::{FileLog, LogAccess, LogOpening, LogPosition, LogStore};
use nedb_types::{DatabaseId, Error, ErrorCode, ErrorKind, Result, Timestamp};

use self::replay::Replay;
pub use self::report::{CutTail, OpenReport, RejectedCheckpoint, RejectedIndex};
use crate::{
    checkpoint::{self, Loaded},
    clock_watch::ClockWatch,
    commit::{CommitCounts, CommitQueue, Committer, RecentClients},
    engine::{Engine, Head, Publication},
    live::Touches,
    maintenance::{Maintenance, Start},
    object_ids::ObjectIds,
    options::{Access, Options},
    proof::Signer,
    secondary::Secondary,
};

/// The files and directories of a database.
pub(crate) const LOCK_FILE: &str = "LOCK";
pub(crate) const HEAD_FILE: &str = "HEAD";
pub(crate) const INDEX_DIR: &str = "index";
pub(crate) const KEYS_DIR: &str = "keys";

/// Opens or creates the database in a directory.
pub(crate) fn open(dir: &Path, options: Options) -> Result<(Arc<Engine>, OpenReport)> {
    open_below(dir, options, u64::MAX)
}

/// Opens from the log alone, as if there were no checkpoints.
pub(crate) fn open_from_log(dir: &Path, options: Options) -> Result<(Arc<Engine>, OpenReport)> {
    open_below(dir, options, 0)
}

/// Opens from the newest good checkpoint below a generation.
fn open_below(dir: &Path, options: Options, generation_end: u64) -> Result<(Arc<Engine>, OpenReport)> {
    let started_us = options.io.clock.monotonic_us();
    directory::prepare(dir, &options)?;
    directory::ensure_index(dir, &options)?;
    let id = nedb_log::database_id(&options.io, dir)?;
    let mut attempts = Attempts::new(options, generation_end);
    let (engine, mut report) = loop {
        match attempt(dir, id, &mut attempts) {
            Err(error) if is_of_index(&error) && attempts.reject(&error) => {}
            attempted => break attempted?,
        }
    };
    report.rejected_checkpoints = attempts.rejected;
    report.duration_us = engine.io.clock.monotonic_us().saturating_sub(started_us);
    engine.start();
    Ok((engine, report))
}

/// Whether an error is about a file that can be rebuilt from the log.
fn is_of_index(error: &Error) -> bool {
    let file = error.place().and_then(|place| place.file.as_deref());
    error.kind() == ErrorKind::Integrity && file.is_some_and(|file| file.starts_with(INDEX_DIR))
}

/// What to open with, and which checkpoints are still to be tried. Some damage shows only when the log is replayed on one:
/// then the next older one is tried, and in the end the log alone.
struct Attempts {
    options: Options,
    /// Those from this generation on were tried.
    generation_end: u64,
    /// The one that is being tried.
    present: Option<u64>,
    rejected: Vec<RejectedCheckpoint>,
}

impl Attempts {
    fn new(options: Options, generation_end: u64) -> Self {
        Self { options, generation_end, present: None, rejected: Vec::new() }
    }

    fn load(&mut self, dir: &Path, id: DatabaseId) -> Result<Loaded> {
        let mut loaded = checkpoint::load(&self.options, dir, id, self.generation_end)?;
        self.rejected.append(&mut loaded.rejected);
        self.present = loaded.generation;
        Ok(loaded)
    }

    /// Gives up the one that is being tried; false when there was none, so that the damage is not that of a checkpoint.
    fn reject(&mut self, damage: &Error) -> bool {
        let Some(generation) = self.present.take() else { return false };
        let file = damage.place().and_then(|place| place.file.clone()).unwrap_or_default();
        self.rejected.push(RejectedCheckpoint::new(file, damage));
        self.generation_end = generation;
        true
    }
}

/// Opens from the newest checkpoint that is left to try.
fn attempt(dir: &Path, id: DatabaseId, attempts: &mut Attempts) -> Result<(Arc<Engine>, OpenReport)> {
    let lock = lock(dir, &attempts.options)?;
    let mut loaded = attempts.load(dir, id)?;
    let options = attempts.options.clone();
    let start = loaded.position;
    let parts = std::mem::take(&mut loaded.parts);
    let mut replay = Replay::new(loaded, id);
    let access = match options.access {
        Access::Write => LogAccess::Write,
        Access::ReadOnly => LogAccess::ReadOnly,
    };
    let opening = LogOpening { options: options.log, access, start };
    let (log, recovery) = FileLog::open(&options.io, dir, opening, &mut |frame| replay.frame(frame))?;
    replay.finish(&log.position())?;
    let mut report = OpenReport::new(&recovery, start.map_or(0, |position| position.size));
    let rejected = std::mem::take(&mut replay.indexes.rejected).into_iter();
    report.rejected_indexes =
        rejected.map(|(index, why)| RejectedIndex { index: index.to_string(), reason: why.to_string() }).collect();
    let opened = Opened { log, lock, start: Start { position: start, parts } };
    let engine = build(dir, options, opened, replay)?;
    Ok((engine, report))
}

/// The parts of an engine that were opened rather than replayed.
struct Opened {
    log: FileLog,
    lock: Option<Box<dyn LockGuard>>,
    start: Start,
}

fn lock(dir: &Path, options: &Options) -> Result<Option<Box<dyn LockGuard>>> {
    if options.access == Access::ReadOnly {
        return Ok(None);
    }
    match options.io.disk.lock(&dir.join(LOCK_FILE))? {
        LockOutcome::Held(guard) => Ok(Some(guard)),
        LockOutcome::Busy => {
            let message = format!("{} is open for writing elsewhere", dir.display());
            Err(Error::new(ErrorCode::Locked, message))
        }
    }
}

/// Puts the engine together from what was loaded and replayed.
fn build(dir: &Path, options: Options, opened: Opened, replay: Replay) -> Result<Arc<Engine>> {
    let Opened { log, lock, start } = opened;
    let position = log.position();
    let signer = Signer::load(&options.io, dir)?;
    let head = head_of(&position);
    let engine = Arc::new_cyclic(|weak: &Weak<Engine>| Engine {
        id: replay.database,
        dir: dir.to_path_buf(),
        access: options.access,
        durability: options.durability,
        checkpoint_policy: options.checkpoint,
        delta_bytes_max: options.delta_bytes_max,
        sweep_interval_us: options.sweep_interval_us,
        keys: replay.keys,
        client_slots: replay.client_slots,
        idempotency: replay.idempotency,
        queue: CommitQueue::default(),
        commits: CommitCounts::default(),
        committer: Mutex::new(Committer {
            root: replay.frontier.root(),
            frontier: replay.frontier,
            commit_time_us: position.commit_time,
            unsealed_catalogue: replay.unsealed_catalogue,
            recent: RecentClients::default(),
        }),
        collections: RwLock::new(replay.collections),
        seqs: RwLock::new(replay.seqs),
        tree: RwLock::new(replay.tree),
        signer,
        secondary: Secondary::new(replay.definitions, replay.indexes, options.auto_index),
        maintenance: Maintenance::since(start, options.io.clock.monotonic_us()),
        clock_watch: ClockWatch::new(options.io.clock.as_ref()),
        object_ids: ObjectIds::default(),
        published: Publication::new(head),
        touches: Touches::default(),
        is_closed: AtomicBool::new(false),
        closed: OnceLock::new(),
        lock: Mutex::new(lock),
        weak: weak.clone(),
        log,
        io: options.io,
    });
    engine.settle(replay.clients, &replay.unsettled)?;
    Ok(engine)
}

/// What readers see of a log position.
fn head_of(position: &LogPosition) -> Head {
    let committed_at = Timestamp::from_micros(if position.size == 0 { 0 } else { position.commit_time });
    Head { size: position.size, root: position.root, committed_at }
}

impl Engine {
    /// Begins background work.
    fn start(&self) {
        if self.access == Access::Write {
            self.schedule_sweeps();
        }
        if !self.secondary.is_empty() {
            self.schedule_builds();
        }
    }
}
