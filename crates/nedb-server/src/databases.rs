//! The databases of a daemon: directories by name, each opened once.
//!
//! Promises: a name is never a path; a database is opened by one caller while the others of that name wait, and callers of other names
//! do not; what cannot be opened is said to each who asks, and tried again. Leaves to others: who may ask.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nedb::{Database, Error, ErrorCode, Options, QueryOptions, Result, Seq};
use nedb_compat::redis::{Commands, NoticeFlags, Notices, ScriptBounds, Setup};
use nedb_io::{Clock, Disk as _, LockGuard, LockOutcome, Mutex, PathKind, Random, RealDisk};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::feeds::Feeds;
use crate::health::Failure;
use crate::lives::Lives;
use crate::metrics::Metrics;
use crate::resp::{self, Channels, Rounds, Tracking, WaitingLine};
use crate::settings::Config;
use crate::slow::SlowLog;
use crate::together::LastHere;
use crate::traces::Traces;
use crate::writes::Writes;

/// How long the name of a database is at most.
const NAME_BYTES_MAX: usize = 64;

/// The file by which a directory is known as a database.
const HEAD_FILE: &str = "HEAD";

/// The file that whoever serves the directory holds; no name of a database begins so.
const LOCK_FILE: &str = ".lock";

/// What the directory of a dropped database is called until its files are gone; no name of a database begins so.
const DROPPED_PREFIX: &str = ".dropped-";

/// What the names of the daemon's own databases begin with.
const OWN_PREFIX: &str = "nedbd.";

/// The database of administrative acts.
pub(crate) const AUDIT_DATABASE: &str = "nedbd.audit";

/// The client under whose name Redis commands write.
const REDIS_CLIENT: &str = "redis";

/// How long nothing is looked at after an error, which may be there for longer.
const WATCH_PAUSE: Duration = Duration::from_secs(1);

/// How many operations are looked at before those who wait are told of them.
const ENTRIES_AT_ONCE: usize = 4_096;

/// How long the thread that watches waits before it asks whether anybody still wants it.
const WATCH_US: u64 = 500_000;

/// A database that is open, with what the protocols keep for it.
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) db: Database,
    pub(crate) rounds: Rounds,
    pub(crate) writes: Writes,
    pub(crate) waiting: WaitingLine,
    pub(crate) feeds: Feeds,
    pub(crate) lives: Lives,
    pub(crate) slow: Arc<SlowLog>,
    pub(crate) channels: Arc<Channels>,
    pub(crate) tracking: Arc<Tracking>,
    changes: watch::Sender<()>,
    /// Whether a thread watches what is committed.
    is_watched: Mutex<bool>,
    is_dropped: AtomicBool,
}

impl Served {
    fn new(name: &str, db: Database, rounds: Rounds, slow: Arc<SlowLog>, told: (Arc<Channels>, Arc<Tracking>)) -> Self {
        let (channels, tracking) = told;
        Self {
            name: name.to_owned(),
            writes: Writes::new(&db),
            db,
            rounds,
            waiting: WaitingLine::default(),
            feeds: Feeds::default(),
            lives: Lives::default(),
            slow,
            channels,
            tracking,
            changes: watch::Sender::new(()),
            is_watched: Mutex::new(false),
            is_dropped: AtomicBool::new(false),
        }
    }

    /// Whether the database was removed: there may be another one of its name.
    pub(crate) fn is_dropped(&self) -> bool {
        self.is_dropped.load(Ordering::Acquire)
    }

    /// Changes when something is committed; one thread watches for all who ask, while anybody does.
    pub(crate) fn changes(self: &Arc<Self>) -> watch::Receiver<()> {
        let changes = self.changes.subscribe();
        self.watch();
        changes
    }

    fn watch(self: &Arc<Self>) {
        let mut is_watched = self.is_watched.lock();
        if std::mem::replace(&mut *is_watched, true) {
            return;
        }
        // From here on, not from where the thread begins: who asked, and who asks next, must not miss what comes in between.
        let mut after = self.db.head().seq();
        drop(is_watched);
        let served = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let mut is_over = false;
            while !served.end_watching(is_over) {
                let Err(error) = served.tell_changes(&mut after) else { continue };
                after = served.tell_everything();
                is_over = error.code() == ErrorCode::Closed;
                if !is_over {
                    tracing::error!(database = served.name, "what is committed cannot be followed: {error}");
                    Handle::current().block_on(tokio::time::sleep(WATCH_PAUSE));
                }
            }
        });
    }

    /// Ends the watch when it is over or nobody listens; whether it ended. Who comes is counted before he asks for the lock: either he is seen
    /// here, and it goes on from where it is, or he begins anew.
    fn end_watching(&self, is_over: bool) -> bool {
        let mut is_watched = self.is_watched.lock();
        *is_watched = !is_over && self.changes.receiver_count() > 0;
        !*is_watched
    }

    /// Tells all at once of whatever was committed, after an error; behind what it is told one by one again.
    fn tell_everything(&self) -> Option<Seq> {
        // First the place, then all: what comes in between is told twice at most.
        let after = self.db.head().seq();
        self.tracking.every_key();
        // Each learns by his next answer why, if that meets the error too.
        self.lives.wake_all();
        self.changes.send_replace(());
        after
    }

    /// Tells of changes behind a place, which goes along, until nobody listens. After an error it is begun again behind what cannot be read: who
    /// reads a feed of his own is told of it there.
    fn tell_changes(&self, after: &mut Option<Seq>) -> Result<()> {
        let mut feed = self.db.subscribe(*after);
        while self.changes.receiver_count() > 0 {
            let mut next = feed.next_within(WATCH_US)?;
            let is_any = next.is_some();
            let mut left = ENTRIES_AT_ONCE;
            while let Some(entry) = next {
                self.waiting.touch(entry.collection.as_str(), entry.id.as_bytes());
                self.tracking.of_change(&entry, REDIS_CLIENT);
                *after = Some(entry.seq);
                left -= 1;
                // Where writers are faster than this thread there always is another one.
                next = if left == 0 { None } else { feed.try_next()? };
            }
            if is_any {
                self.lives.wake_due();
                self.changes.send_replace(());
            }
        }
        Ok(())
    }
}

/// One name.
#[derive(Default)]
struct Slot {
    /// Held while the database is opened, made or dropped; whoever holds it may wait for the disk.
    changing: Mutex<()>,
    /// The database while it is open. Its lock is held for a moment only.
    served: Mutex<Option<Arc<Served>>>,
}

impl Slot {
    fn served(&self) -> Option<Arc<Served>> {
        self.served.lock().clone()
    }
}

/// All databases under one directory.
pub(crate) struct Databases {
    dir: PathBuf,
    /// Held until all is closed, so that one daemon serves the directory.
    lock: Mutex<Option<Box<dyn LockGuard>>>,
    options: Options,
    random: Arc<dyn Random>,
    bounds: QueryOptions,
    clock: Arc<dyn Clock>,
    slow_us: Option<u64>,
    metrics: Arc<Metrics>,
    traces: Arc<Traces>,
    last_here: LastHere,
    scripts: ScriptBounds,
    notices: NoticeFlags,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
    roster: watch::Sender<()>,
    /// Those that could not be opened when that was last tried.
    unopened: Mutex<BTreeMap<String, ErrorCode>>,
    is_closed: AtomicBool,
}

impl Databases {
    /// Takes the directory, and makes it when it is missing.
    ///
    /// Errors: `locked` when another daemon serves it; `invalid_argument` when it is none; `io`.
    pub(crate) fn new(config: &Config, metrics: &Arc<Metrics>, traces: &Arc<Traces>) -> Result<Self> {
        let (dir, options, random) = (config.data.clone(), config.options.clone(), Arc::clone(&config.io.random));
        match RealDisk.kind(&dir)? {
            Some(PathKind::Directory) => {}
            Some(_) => {
                let message = format!("{} is not a directory (symbolic links are not followed)", dir.display());
                return Err(Error::new(ErrorCode::InvalidArgument, message));
            }
            None => RealDisk.create_dir(&dir)?,
        }
        let lock = match RealDisk.lock(&dir.join(LOCK_FILE))? {
            LockOutcome::Held(guard) => Mutex::new(Some(guard)),
            LockOutcome::Busy => {
                let message =
                    format!("{} is served by another nedbd: end it, or give --data another directory", dir.display());
                return Err(Error::new(ErrorCode::Locked, message));
            }
        };
        let databases = Self {
            dir,
            lock,
            options,
            random,
            bounds: config.query_bounds(),
            clock: Arc::clone(&config.io.clock),
            slow_us: config.slow_us,
            metrics: Arc::clone(metrics),
            traces: Arc::clone(traces),
            last_here: LastHere::default(),
            scripts: config.script_bounds(),
            notices: config.notices,
            slots: Mutex::default(),
            roster: watch::Sender::new(()),
            unopened: Mutex::default(),
            is_closed: AtomicBool::new(false),
        };
        databases.finish_drops()?;
        Ok(databases)
    }

    /// The names of all databases but the daemon's own, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let mut names = RealDisk.list(&self.dir)?;
        names.retain(|name| check_name(name).is_ok() && !is_own(name) && self.exists(name).unwrap_or(false));
        names.sort();
        Ok(names)
    }

    /// Changes when a database was made or dropped.
    pub(crate) fn roster(&self) -> watch::Receiver<()> {
        self.roster.subscribe()
    }

    /// A database that exists, opened if it was not.
    ///
    /// Errors: `not_found`, `invalid_name`, and those of opening.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Served>> {
        check_name(name)?;
        let missing = || {
            let message = format!("there is no database {name}: create it with POST /v1/databases");
            Error::new(ErrorCode::NotFound, message)
        };
        // A name that is none takes no place.
        if !self.slots.lock().contains_key(name) && !self.exists(name)? {
            return Err(missing());
        }
        let slot = self.slot(name);
        if let Some(served) = slot.served() {
            return Ok(served);
        }
        let _changing = slot.changing.lock();
        match slot.served() {
            Some(served) => Ok(served),
            None if !self.exists(name)? => Err(missing()),
            None => self.open(name, &slot, false),
        }
    }

    /// A database that is open; one that is being opened is not waited for.
    pub(crate) fn get_open(&self, name: &str) -> Option<Arc<Served>> {
        let slot = self.slots.lock().get(name).cloned()?;
        slot.served()
    }

    /// Makes a database.
    ///
    /// Errors: `already_exists`, `invalid_name`, and those of creating.
    pub(crate) fn create(&self, name: &str) -> Result<Arc<Served>> {
        check_name(name)?;
        if is_own(name) {
            let message = format!("{name:?}: names that begin with {OWN_PREFIX} are the daemon's own");
            return Err(Error::new(ErrorCode::InvalidName, message));
        }
        let slot = self.slot(name);
        let _changing = slot.changing.lock();
        if self.exists(name)? {
            return Err(Error::new(ErrorCode::AlreadyExists, format!("there is a database {name} already")));
        }
        self.open(name, &slot, true)
    }

    /// A database, made when it does not exist.
    pub(crate) fn get_or_create(&self, name: &str) -> Result<Arc<Served>> {
        check_name(name)?;
        let slot = self.slot(name);
        let _changing = slot.changing.lock();
        match slot.served() {
            Some(served) => Ok(served),
            None => self.open(name, &slot, true),
        }
    }

    fn open(&self, name: &str, slot: &Slot, create: bool) -> Result<Arc<Served>> {
        let opened = self.open_anew(name, slot, create);
        let mut unopened = self.unopened.lock();
        match &opened {
            Ok(_) => drop(unopened.remove(name)),
            Err(error) if error.code() == ErrorCode::Closed => {}
            Err(error) => drop(unopened.insert(name.to_owned(), error.code())),
        }
        opened
    }

    fn open_anew(&self, name: &str, slot: &Slot, create: bool) -> Result<Arc<Served>> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorCode::Closed, "the daemon is ending"));
        }
        let db = Database::open(self.dir.join(name), self.options.clone().create(create))?;
        tracing::info!(database = name, size = db.head().size, "opened");
        let (channels, tracking) = (Arc::<Channels>::default(), Tracking::new(Arc::clone(&self.clock)));
        let notices = Notices { flags: self.notices, database: selected_as(name).to_owned() };
        let notices = Some(notices).filter(|notices| notices.flags.is_any());
        if let Some(notices) = notices.clone() {
            resp::tell_changes(&db, notices, REDIS_CLIENT, &channels);
        }
        let setup = Setup {
            client: REDIS_CLIENT.to_owned(),
            random: Arc::clone(&self.random),
            bounds: self.bounds.clone(),
            scripts: self.scripts.clone(),
            listeners: Some(Arc::clone(&channels) as _),
            connection_commands: resp::connection_commands(),
            notices,
            trackers: Some(Arc::clone(&tracking) as _),
        };
        let (metrics, traces) = (Arc::clone(&self.metrics), Arc::clone(&self.traces));
        let slow = Arc::new(SlowLog::new(Arc::clone(&self.clock), self.slow_us));
        let commands = Commands::set_up(&db, setup);
        let rounds = Rounds::new(name, commands, (metrics, traces, Arc::clone(&slow)), self.last_here.clone());
        let served = Arc::new(Served::new(name, db, rounds, slow, (channels, tracking)));
        *slot.served.lock() = Some(Arc::clone(&served));
        if create {
            self.roster.send_replace(());
        }
        Ok(served)
    }

    /// Closes a database and removes it with its history.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let slot = self.slot(name);
        let _changing = slot.changing.lock();
        if !self.exists(name)? {
            return Err(Error::new(ErrorCode::NotFound, format!("there is no database {name}")));
        }
        let served = slot.served.lock().take();
        if let Some(served) = served {
            served.is_dropped.store(true, Ordering::Release);
            served.tracking.every_key();
            served.db.close()?;
        }
        // First the name goes, at once and durably; then the files.
        let gone = self.dir.join(format!("{DROPPED_PREFIX}{name}"));
        RealDisk.rename(&self.dir.join(name), &gone)?;
        RealDisk.sync_dir(&self.dir)?;
        self.unopened.lock().remove(name);
        self.roster.send_replace(());
        RealDisk.remove_dir_all(&gone)?;
        tracing::info!(database = name, "dropped");
        Ok(())
    }

    /// Removes what drops that did not end have left.
    fn finish_drops(&self) -> Result<()> {
        for name in RealDisk.list(&self.dir)?.iter().filter(|name| name.starts_with(DROPPED_PREFIX)) {
            RealDisk.remove_dir_all(&self.dir.join(name))?;
        }
        Ok(())
    }

    /// Those that are open; one that is being opened is not waited for.
    pub(crate) fn opened(&self) -> Vec<Arc<Served>> {
        self.slots.lock().values().filter_map(|slot| slot.served()).collect()
    }

    /// Those of some databases that cannot be opened or written to.
    pub(crate) fn failed(&self, names: &[String]) -> Vec<(String, Failure)> {
        let poisoned = self.opened().into_iter().filter(|served| served.db.poison().is_some());
        let mut failed: BTreeMap<String, Failure> =
            poisoned.map(|served| (served.name.clone(), Failure::Poisoned)).collect();
        let unopened = self.unopened.lock();
        failed.extend(unopened.iter().map(|(name, code)| (name.clone(), Failure::Unopened(*code))));
        drop(unopened);
        // One that could not be made is none.
        failed.into_iter().filter(|(name, _)| names.contains(name)).collect()
    }

    /// Closes all; each writes its checkpoint. None is opened any more.
    pub(crate) fn close(&self) -> Result<()> {
        self.is_closed.store(true, Ordering::SeqCst);
        let slots: Vec<Arc<Slot>> = self.slots.lock().values().cloned().collect();
        let mut first_error = Ok(());
        for slot in slots {
            // One that is being opened is waited for.
            let _changing = slot.changing.lock();
            let Some(served) = slot.served() else { continue };
            let closed = served.db.close();
            match &closed {
                Ok(()) => tracing::info!(database = served.name, "closed"),
                Err(error) => tracing::error!(database = served.name, "{error}"),
            }
            first_error = first_error.and(closed);
        }
        *self.lock.lock() = None;
        first_error
    }

    fn exists(&self, name: &str) -> Result<bool> {
        Ok(RealDisk.kind(&self.dir.join(name).join(HEAD_FILE))?.is_some())
    }

    fn slot(&self, name: &str) -> Arc<Slot> {
        Arc::clone(self.slots.lock().entry(name.to_owned()).or_default())
    }
}

/// What SELECT calls a database, and clients of Redis know it by: n for `dbn`, else its name.
pub(crate) fn selected_as(name: &str) -> &str {
    let is_number = |rest: &&str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_prefix("db").filter(is_number).unwrap_or(name)
}

/// Whether a database is the daemon's own: read by its administrators, written by nobody else.
pub(crate) fn is_own(name: &str) -> bool {
    name.starts_with(OWN_PREFIX)
}

/// Refuses what is no name: letters, digits, `_`, `.` and `-`, the first a letter or digit.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_name = name.len() <= NAME_BYTES_MAX
        && name.bytes().all(is_sign)
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if is_name {
        return Ok(());
    }
    let message = format!(
        "{name:?} is no name of a database: 1 to {NAME_BYTES_MAX} letters, digits, _ . and -, the first a letter or a digit"
    );
    Err(Error::new(ErrorCode::InvalidName, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for name in ["db0", "a", "Shop-2.old_x", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", ".hidden", "-x", "_x", "ä", "a b", "a\0", "a\\b", &"x".repeat(65)] {
            assert_eq!(check_name(name).unwrap_err().code(), ErrorCode::InvalidName, "{name}");
        }
    }

    fn served() -> Arc<Served> {
        let db = Database::in_memory().unwrap();
        let (metrics, traces) = (Arc::new(Metrics::new(0, 0)), Arc::new(Traces::begin(None).unwrap()));
        let clock: Arc<dyn Clock> = nedb_io::Io::real().clock;
        let slow = Arc::new(SlowLog::new(Arc::clone(&clock), None));
        let figures = (metrics, traces, Arc::clone(&slow));
        let rounds = Rounds::new("db0", Commands::set_up(&db, Setup::default()), figures, LastHere::default());
        let told = (Arc::default(), Tracking::new(Arc::clone(&clock)));
        Arc::new(Served::new("db0", db, rounds, slow, told))
    }

    #[test]
    fn who_comes_while_the_watch_ends_is_told_of_all_that_follows() {
        let served = served();
        let put = |id: &str| served.db.put("c", id, nedb::Body::json("{}")).unwrap().seq();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        *served.is_watched.lock() = true;
        let mut after = put("before");
        // Nobody listens any more, and the thread is about to leave.
        served.tell_changes(&mut after).unwrap();
        let mut changes = served.changes();
        let written = put("meanwhile");
        assert!(!served.end_watching(false), "somebody listens again");
        std::thread::scope(|threads| {
            let told = threads.spawn(|| served.tell_changes(&mut after));
            let heard = async { tokio::time::timeout(WATCH_PAUSE * 10, changes.changed()).await };
            runtime.block_on(heard).unwrap().unwrap();
            drop(changes);
            told.join().unwrap().unwrap();
        });
        assert_eq!(after, written);
        assert!(served.end_watching(false) && !*served.is_watched.lock());
    }

    #[test]
    fn after_an_error_all_are_told_and_then_what_follows() {
        let served = served();
        *served.is_watched.lock() = true;
        let changes = served.changes();
        let put = served.db.put("c", "unread", nedb::Body::json("{}")).unwrap();
        assert_eq!(served.tell_everything(), put.seq());
        assert!(changes.has_changed().unwrap());
    }
}
