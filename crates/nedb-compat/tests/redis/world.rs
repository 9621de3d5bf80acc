//! A database in memory whose time and randomness stand still unless a test moves them, and its sessions.

use std::collections::BTreeMap;
use std::sync::Arc;

use nedb::{Database, Options};
use nedb_compat::redis::{Commands, Reply, Session};
use nedb_io::{Clock, Io, ManualClock, ManualScheduler, MemoryDisk, Scheduler, SeededRandom};

/// Midnight of New Year's Day 2026.
const START_US: i64 = 1_767_225_600_000_000;

const DISK_BYTES: u64 = 256 << 20;

pub struct World {
    pub clock: Arc<ManualClock>,
    pub db: Database,
    pub commands: Commands,
    sessions: BTreeMap<String, Session>,
    session: String,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(START_US));
        let io = Io {
            disk: Arc::new(MemoryDisk::new(DISK_BYTES)),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(seed)),
            scheduler: Arc::new(ManualScheduler::new()) as Arc<dyn Scheduler>,
        };
        let options = Options::new().io(io).sweep_interval_us(0);
        let db = Database::open("/db", options).expect("an empty disk takes a database");
        let commands = Commands::with(&db, "redis", Arc::new(SeededRandom::new(seed)));
        Self { clock, db, commands, sessions: BTreeMap::new(), session: "main".to_owned() }
    }

    /// Goes on in the session of this name.
    pub fn turn_to(&mut self, name: &str) {
        name.clone_into(&mut self.session);
    }

    pub fn execute(&mut self, words: &[Vec<u8>]) -> Reply {
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let session = self.sessions.entry(self.session.clone()).or_insert_with(|| self.commands.session());
        session.execute(&words)
    }

    /// Carries out a command that is written as words with spaces between.
    pub fn run(&mut self, line: &str) -> Reply {
        self.execute(&crate::words::words(line))
    }
}
