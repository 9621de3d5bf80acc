//! The database of one script, the clock and the disk under it, and what the script holds on to.
//!
//! | commands | where |
//! |---|---|
//! | `put restore delete expire link unlink batch drop sweep` | `writes` |
//! | `get multi_get scan collections neighbors last_seq history since diff head snapshot feed next` | `reads` |
//! | `create_index wait_index drop_index indexes by` | `indexes` |
//! | `FROM EXPLAIN HISTORY DIFF query param limits fields` | `queries` |
//! | `advance clock clock_steps reopen remove_index flush checkpoint close messages` | here |
//!
//! `reopen` closes and opens; with `manual` the new handle takes no checkpoint by itself, with `read_only` it cannot write,
//! with `sweep=1s` it sweeps by itself; `report` shows what was replayed. `remove_index` is a restart without derived files.
//!
//! The clock starts at 2026-01-01T00:00:00Z and stands still. The database lies on a disk in memory.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use nedb::{
    ChangeFeed, CheckpointPolicy, Database, Error, LogOptions, Options, QueryOptions, ReadMode, Snapshot, Timestamp,
};
use nedb_io::{Clock, Io, ManualClock, ManualScheduler, MemoryDisk, SeededRandom};

use super::{ops, queries, show, syntax::Line};

/// Midnight of New Year's Day 2026.
const START_US: i64 = 1_767_225_600_000_000;

/// Room enough for the largest documents.
const DISK_BYTES: u64 = 256 << 20;

const PATH: &str = "/db";

pub struct World {
    io: Io,
    clock: Arc<ManualClock>,
    scheduler: Arc<ManualScheduler>,
    log: LogOptions,
    db: Option<Database>,
    pub snapshots: BTreeMap<String, Snapshot>,
    pub feeds: BTreeMap<String, ChangeFeed>,
    /// Whether errors are shown with their text, besides code and detail.
    pub shows_messages: bool,
    /// How the next query runs.
    pub query_options: QueryOptions,
}

impl World {
    pub fn new() -> Self {
        Self::with_log(LogOptions::default())
    }

    /// A database whose log grows in small steps: quick to make, and soon in several files.
    pub fn small() -> Self {
        Self::with_log(LogOptions {
            segment_bytes: 64 << 10,
            first_segment_bytes: 8 << 10,
            grow_step_bytes_max: 16 << 10,
            read: ReadMode::Map,
        })
    }

    fn with_log(log: LogOptions) -> Self {
        let (clock, scheduler) = (Arc::new(ManualClock::new(START_US)), Arc::new(ManualScheduler::new()));
        let io = Io {
            disk: Arc::new(MemoryDisk::new(DISK_BYTES)),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(1)),
            scheduler: Arc::clone(&scheduler) as Arc<dyn nedb_io::Scheduler>,
        };
        let (snapshots, feeds) = (BTreeMap::new(), BTreeMap::new());
        let query_options = QueryOptions::new();
        let (db, shows_messages) = (None, false);
        let mut world = Self { io, clock, scheduler, log, db, snapshots, feeds, shows_messages, query_options };
        world.open(&Line::parse("reopen")).expect("an empty disk takes a database");
        world
    }

    pub fn db(&self) -> &Database {
        self.db.as_ref().expect("the database is open")
    }

    /// What the clock shows.
    pub fn clock_us(&self) -> i64 {
        self.clock.wall_us()
    }

    /// Runs the commands of one block and returns what they say.
    pub fn run(&mut self, input: &[String]) -> Vec<String> {
        let mut output = Vec::new();
        let mut lines = input.iter().filter(|line| !line.starts_with('#')).peekable();
        while let Some(text) = lines.next() {
            if queries::is_query(text) {
                let mut query = text.clone();
                while let Some(text) = lines.next_if(|text| text.starts_with(' ')) {
                    query = query + "\n" + text;
                }
                match self.query(&query) {
                    Ok(rows) => output.extend(rows),
                    Err(error) => output.extend(show::error(&error, self.shows_messages)),
                }
                continue;
            }
            if self.query_command(text) {
                continue;
            }
            let line = Line::parse(text);
            let mut inner = Vec::new();
            while let Some(text) = lines.next_if(|text| text.starts_with(' ')) {
                inner.push(Line::parse(text));
            }
            match self.command(&line, &inner) {
                Ok(said) => output.extend(said),
                Err(error) => output.extend(show::error(&error, self.shows_messages)),
            }
        }
        output
    }

    fn command(&mut self, line: &Line, inner: &[Line]) -> Result<Vec<String>, Error> {
        if let Some(said) = self.write_command(line, inner) {
            return said;
        }
        if let Some(said) = self.read_command(line) {
            return said;
        }
        if let Some(said) = self.index_command(line) {
            return said;
        }
        match line.command.as_str() {
            "advance" => self.advance(ops::duration_us(&line.text(0))),
            "clock" => self.clock.set_wall_us(Timestamp::parse(&line.text(0))?.as_micros()),
            "reopen" => {
                self.close()?;
                return self.open(line);
            }
            "remove_index" => return Ok(self.remove_index()),
            "flush" => {
                let durable = self.db().flush()?;
                return Ok(vec![format!("durable {}", show::seq(durable))]);
            }
            "clock_steps" => {
                let steps = self.db().stats()?.clock_steps;
                let last = steps.last.map(|step| format!(" last {}us noticed {}", step.by_us, step.noticed_at));
                return Ok(vec![format!("{} steps{}", steps.count, last.unwrap_or_default())]);
            }
            "checkpoint" => drop(self.db().checkpoint()?),
            "close" => self.db().close()?,
            "messages" => self.shows_messages = line.text(0) == "on",
            other => panic!("no such command: {other}"),
        }
        Ok(Vec::new())
    }

    /// Moves time and runs what falls due in the background.
    fn advance(&self, by_us: u64) {
        self.clock.advance_us(by_us);
        // A sweep schedules the next one: each advance runs what was due, not an endless chain.
        self.scheduler.run_due(self.clock.monotonic_us());
    }

    fn close(&mut self) -> Result<(), Error> {
        self.snapshots.clear();
        self.feeds.clear();
        match self.db.take() {
            Some(db) => db.close(),
            None => Ok(()),
        }
    }

    fn open(&mut self, line: &Line) -> Result<Vec<String>, Error> {
        let mut options = Options::new().io(self.io.clone()).log(self.log);
        let sweep = line.option("sweep").map_or(0, |text| ops::duration_us(&text));
        options = options.sweep_interval_us(sweep);
        if line.has("read_only") {
            options = options.read_only();
        }
        if line.has("manual") {
            options = options.checkpoints(CheckpointPolicy::manual());
        }
        let db = Database::open(PATH, options)?;
        let report = db.open_report().clone();
        self.db = Some(db);
        if !line.has("report") {
            return Ok(Vec::new());
        }
        Ok(vec![format!("checkpoint {} replayed {}", report.checkpoint_size, report.replayed_operations)])
    }

    /// Closes the database, deletes all derived files, and opens it again.
    fn remove_index(&mut self) -> Vec<String> {
        self.close().expect("a database closes");
        let dir = Path::new(PATH).join("index");
        for name in self.io.disk.list(&dir).expect("a database has an index directory") {
            self.io.disk.remove(&dir.join(name)).expect("a file of the index can be removed");
        }
        self.open(&Line::parse("reopen")).expect("a database opens without its index")
    }
}
