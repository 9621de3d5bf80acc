//! What happens by itself: syncs, checkpoints, heads and sweeps in the background.
//!
//! Tasks run on the process's scheduler, never on a thread of this database, and hold only a weak reference to it. In a
//! simulation nothing runs until the test steps the scheduler.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use nedb_index::{PartFile, Pressure};
use nedb_io::Mutex;
use nedb_log::{LogPosition, LogStore};
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    engine::Engine,
    options::{Access, Durability},
    secondary::Step,
    sweep::Sweep,
};

/// How long the log is left alone before HEAD is brought up to date.
const HEAD_IDLE_US: u64 = 50_000;

/// How long a checkpoint that failed is not tried again by itself.
const CHECKPOINT_RETRY_US: u64 = 5_000_000;

/// Operations that the indexes may lag behind before they follow without delay: a query reads so many in milliseconds.
const LAG_OPS_MAX: u64 = 4_096;

/// How long the indexes are left alone after a commit, so that they follow many at once.
const FOLLOW_DELAY_US: u64 = 20_000;

/// What is under way in the background.
#[derive(Debug, Default)]
pub(crate) struct Maintenance {
    /// Operations and log position at the last checkpoint.
    pub(crate) checkpoint_size: AtomicU64,
    pub(crate) checkpoint_end: AtomicU64,
    pub(crate) checkpoint_time_us: AtomicU64,
    pub(crate) is_checkpoint_due: AtomicBool,
    is_timed_checkpoint_due: AtomicBool,
    /// When the last checkpoint failed, to leave the disk alone for a while.
    checkpoint_failed_us: AtomicU64,
    is_head_due: AtomicBool,
    is_sync_due: AtomicBool,
    is_sweep_due: AtomicBool,
    /// Whether any version had a lifetime since the last sweep found none.
    has_expiries: AtomicBool,
    /// One checkpoint at a time; the part files of the last one.
    pub(crate) checkpointing: Mutex<Vec<PartFile>>,
    /// The last failure in the background, told by the next call that can tell it.
    failure: Mutex<Option<Error>>,
}

/// The checkpoint that a database starts from.
pub(crate) struct Start {
    pub(crate) position: Option<LogPosition>,
    pub(crate) parts: Vec<PartFile>,
}

impl Maintenance {
    /// Counts from the checkpoint that was loaded.
    pub(crate) fn since(loaded: Start, now_us: u64) -> Self {
        let position = loaded.position;
        Self {
            checkpoint_size: AtomicU64::new(position.map_or(0, |position| position.size)),
            checkpoint_end: AtomicU64::new(position.map_or(0, |position| position.end.get())),
            checkpoint_time_us: AtomicU64::new(now_us),
            has_expiries: AtomicBool::new(true),
            checkpointing: Mutex::new(loaded.parts),
            ..Self::default()
        }
    }

    /// Tells the sweeper that there is something to look for.
    pub(crate) fn note_expiry(&self) {
        self.has_expiries.store(true, Ordering::Release);
    }

    pub(crate) fn note(&self, result: Result<()>) {
        if let Err(error) = result {
            *self.failure.lock() = Some(error);
        }
    }

    /// The last failure in the background since it was asked.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.failure.lock().take()
    }
}

/// A task that is scheduled at most once at a time.
#[derive(Clone, Copy)]
struct Chore {
    name: &'static str,
    delay_us: u64,
    flag: fn(&Engine) -> &AtomicBool,
    run: fn(&Arc<Engine>) -> Result<()>,
}

impl Engine {
    /// Schedules what a commit at this monotonic time makes necessary.
    pub(crate) fn after_commit(&self, now_us: u64) {
        self.schedule(HEAD);
        if let Durability::Group { interval_us } = self.durability {
            self.schedule(Chore { delay_us: interval_us, ..SYNC });
        }
        self.schedule_following();
        if self.is_checkpoint_wanted(now_us) {
            self.schedule(CHECKPOINT);
        }
        if self.checkpoint_policy.interval_us != u64::MAX {
            self.schedule(Chore { delay_us: self.checkpoint_policy.interval_us, ..TIMED_CHECKPOINT });
        }
    }

    /// Waits for a checkpoint when what none has written yet has grown to twice its limit.
    ///
    /// Errors: `busy` when that checkpoint fails, because memory would grow without end; `poisoned` after a failed sync.
    pub(crate) fn relieve(&self) -> Result<()> {
        if !self.is_checkpoint_awaited() {
            return Ok(());
        }
        let mut parts = self.maintenance.checkpointing.lock();
        self.check_writable()?;
        // Of many writers that wait, the first one writes it.
        if !self.is_checkpoint_awaited() {
            return Ok(());
        }
        let refusal = |error: Error| {
            if error.code() == ErrorCode::Poisoned {
                return error;
            }
            let message = format!("the index waits for a checkpoint, which fails: {}", error.message());
            Error::new(ErrorCode::Busy, message).with_source(error)
        };
        self.write_checkpoint(&mut parts).map(|_| ()).map_err(refusal)
    }

    /// Whether writers wait for a checkpoint.
    pub(crate) fn is_checkpoint_awaited(&self) -> bool {
        self.keys.pressure() == Pressure::WritersWait
    }

    /// Lets the indexes follow: at once when they have fallen far behind, else when there is time.
    fn schedule_following(&self) {
        if self.secondary.is_empty() {
            return;
        }
        let lag = self.published.size().saturating_sub(self.secondary.followed());
        self.schedule(if lag >= LAG_OPS_MAX { FOLLOW_LAG } else { FOLLOW });
    }

    /// Builds the indexes that are not ready.
    pub(crate) fn schedule_builds(&self) {
        self.schedule(BUILD);
    }

    /// Begins regular sweeps.
    pub(crate) fn schedule_sweeps(&self) {
        if self.sweep_interval_us > 0 {
            self.schedule(Chore { delay_us: self.sweep_interval_us, ..SWEEP });
        }
    }

    fn schedule(&self, chore: Chore) {
        if (chore.flag)(self).swap(true, Ordering::AcqRel) {
            return;
        }
        let weak = self.weak.clone();
        let task = Box::new(move || {
            let Some(engine) = weak.upgrade() else { return };
            (chore.flag)(&engine).store(false, Ordering::Release);
            if engine.check_open().is_ok() {
                let result = (chore.run)(&engine);
                engine.maintenance.note(result);
            }
        });
        match chore.delay_us {
            0 => self.io.scheduler.run(chore.name, task),
            delay_us => self.io.scheduler.after(delay_us, chore.name, task),
        }
    }

    fn is_checkpoint_wanted(&self, now_us: u64) -> bool {
        let (policy, done) = (&self.checkpoint_policy, &self.maintenance);
        let failed_us = done.checkpoint_failed_us.load(Ordering::Relaxed);
        if failed_us != 0 && now_us.saturating_sub(failed_us) < CHECKPOINT_RETRY_US {
            return false;
        }
        let position = self.log.position();
        let records = position.size.saturating_sub(done.checkpoint_size.load(Ordering::Relaxed));
        let bytes = position.end.get().saturating_sub(done.checkpoint_end.load(Ordering::Relaxed));
        let elapsed_us = now_us.saturating_sub(done.checkpoint_time_us.load(Ordering::Relaxed));
        records >= policy.records
            || bytes >= policy.bytes
            || elapsed_us >= policy.interval_us
            || self.keys.pressure() != Pressure::None
            || self.secondary.delta_bytes() >= self.delta_bytes_max
    }
}

const HEAD: Chore = Chore {
    name: "head",
    delay_us: HEAD_IDLE_US,
    flag: |engine| &engine.maintenance.is_head_due,
    run: |engine| engine.log.write_head(),
};

const SYNC: Chore = Chore {
    name: "sync",
    delay_us: 0,
    flag: |engine| &engine.maintenance.is_sync_due,
    run: |engine| engine.sync_log().map(|_| ()),
};

const CHECKPOINT: Chore = Chore {
    name: "checkpoint",
    delay_us: 0,
    flag: |engine| &engine.maintenance.is_checkpoint_due,
    run: |engine| {
        let written = engine.checkpoint();
        let failed_us = if written.is_err() { engine.io.clock.monotonic_us().max(1) } else { 0 };
        engine.maintenance.checkpoint_failed_us.store(failed_us, Ordering::Relaxed);
        written.map(|_| ())
    },
};

const FOLLOW: Chore = Chore {
    name: "follow",
    delay_us: FOLLOW_DELAY_US,
    flag: |engine| &engine.secondary.is_follow_due,
    run: |engine| engine.catch_up(engine.published.size()),
};

const FOLLOW_LAG: Chore = Chore { delay_us: 0, flag: |engine| &engine.secondary.is_lag_due, ..FOLLOW };

const BUILD: Chore = Chore {
    name: "build index",
    delay_us: 0,
    flag: |engine| &engine.secondary.is_build_due,
    run: |engine| {
        if engine.build_indexes()? == Step::More {
            engine.schedule_builds();
        }
        Ok(())
    },
};

/// The last write before a quiet time is checkpointed too.
const TIMED_CHECKPOINT: Chore = Chore {
    name: "timed checkpoint",
    delay_us: 0,
    flag: |engine| &engine.maintenance.is_timed_checkpoint_due,
    run: |engine| {
        if engine.is_checkpoint_behind() {
            engine.checkpoint()?;
        }
        Ok(())
    },
};

const SWEEP: Chore = Chore {
    name: "sweep",
    delay_us: 0,
    flag: |engine| &engine.maintenance.is_sweep_due,
    run: |engine| {
        // Looking into the expiry keys sorts what a bulk load has left unsorted: not while there is nothing to find.
        let is_needed = engine.maintenance.has_expiries.swap(false, Ordering::AcqRel);
        let swept = if is_needed { engine.sweep_once() } else { Ok(()) };
        engine.maintenance.is_sweep_due.store(false, Ordering::Release);
        engine.schedule_sweeps();
        swept
    },
};

impl Engine {
    /// Sweeps, and remembers when lifetimes are left that end later.
    fn sweep_once(self: &Arc<Self>) -> Result<()> {
        let mut sweep = Sweep::begin(self);
        let swept = sweep.run(self).map(|_| ());
        if swept.is_err() || sweep.has_later(self).unwrap_or(true) {
            self.maintenance.note_expiry();
        }
        swept
    }

    /// Makes what is written durable, and wakes who waits for that; returns the durable size.
    pub(crate) fn sync_log(&self) -> Result<u64> {
        let size = self.sync_counted()?;
        self.published.wake();
        Ok(size)
    }

    /// Ends writing: sync, checkpoint, HEAD, and the lock is free for the next writer.
    ///
    /// It happens once. Who calls while another thread closes waits for it, and every call returns what came of it.
    pub(crate) fn close(self: &Arc<Self>) -> Result<()> {
        self.closed.get_or_init(|| self.close_once()).clone()
    }

    fn close_once(self: &Arc<Self>) -> Result<()> {
        // The committer's lock keeps a write that is under way whole; later ones find the database closed.
        let committer = self.committer.lock();
        self.is_closed.store(true, Ordering::Release);
        drop(committer);
        self.published.wake();
        let closed = if self.access == Access::Write { self.close_writer() } else { Ok(()) };
        *self.lock.lock() = None;
        closed
    }

    /// Each step is tried even when the one before failed: the log must have ended its background work before the lock goes.
    fn close_writer(self: &Arc<Self>) -> Result<()> {
        // A checkpoint that is under way in the background ends first; none begins after.
        let mut parts = self.maintenance.checkpointing.lock();
        let synced = self.sync_log().map(|_| ());
        let is_wanted = self.checkpoint_policy.on_close && self.is_checkpoint_behind();
        let checkpointed = match synced {
            Ok(()) if is_wanted => self.write_checkpoint(&mut parts).map(|_| ()),
            _ => Ok(()),
        };
        let closed = self.log.close();
        synced.and(checkpointed).and(closed)
    }

    fn is_checkpoint_behind(&self) -> bool {
        self.log.position().size > self.maintenance.checkpoint_size.load(Ordering::Relaxed)
            || self.secondary.is_unsaved.load(Ordering::Acquire)
    }
}
