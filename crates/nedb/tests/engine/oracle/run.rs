//! One run of steps on the engine and on the model, and what is left of it when it fails.

use std::{path::Path, sync::Arc};

use nedb::{Database, Detail, LogOptions, Options, ReadMode, WriteBatch};
use nedb_io::{Clock, Io, ManualClock, ManualScheduler, MemoryDisk, Scheduler, SeededRandom};

use super::{
    check,
    model::Model,
    step::{Request, Step},
};

/// Where the clock begins.
pub const START_US: i64 = 1_767_225_600_000_000;

const PATH: &str = "/db";

/// A description of the first difference between engine and model.
pub type Difference = String;

struct Run {
    io: Io,
    clock: Arc<ManualClock>,
    db: Option<Database>,
    model: Model,
    options: Options,
}

/// Runs the steps; an error says what differs.
pub fn run(seed: u64, steps: &[Step]) -> Result<(), Difference> {
    let clock = Arc::new(ManualClock::new(START_US));
    let io = Io {
        disk: Arc::new(MemoryDisk::new(64 << 20)),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(seed)),
        scheduler: Arc::new(ManualScheduler::new()) as Arc<dyn Scheduler>,
    };
    let log = LogOptions {
        segment_bytes: 64 << 10,
        first_segment_bytes: 8 << 10,
        grow_step_bytes_max: 16 << 10,
        read: ReadMode::Map,
    };
    let options = Options::new().io(io.clone()).log(log).sweep_interval_us(0);
    let mut run = Run { io, clock, db: None, model: Model::default(), options };
    run.open()?;
    for (at, step) in steps.iter().enumerate() {
        run.step(step).map_err(|difference| format!("step {at}: {difference}"))?;
    }
    run.check()
}

impl Run {
    fn db(&self) -> &Database {
        self.db.as_ref().expect("the database is open")
    }

    fn open(&mut self) -> Result<(), Difference> {
        self.db = Some(Database::open(PATH, self.options.clone()).map_err(|error| format!("open: {error}"))?);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Difference> {
        let db = self.db.take().expect("the database is open");
        db.close().map_err(|error| format!("close: {error}"))
    }

    fn step(&mut self, step: &Step) -> Result<(), Difference> {
        let clock_us = self.clock.wall_us();
        match step {
            Step::Write(request) => return self.write(request),
            Step::Drop(collection) => {
                let expected = self.model.drop_collection(collection, clock_us);
                return same("drop", &self.db().drop_collection(collection), expected);
            }
            Step::Sweep => {
                let expected = self.model.sweep(clock_us);
                return same("sweep", &self.db().sweep(), expected);
            }
            Step::Advance(us) => self.clock.advance_us(*us),
            Step::Checkpoint => drop(self.db().checkpoint().map_err(|error| format!("checkpoint: {error}"))?),
            Step::Flush => drop(self.db().flush().map_err(|error| format!("flush: {error}"))?),
            Step::Reopen | Step::Rebuild => self.restart(*step == Step::Rebuild)?,
        }
        Ok(())
    }

    fn restart(&mut self, is_rebuild: bool) -> Result<(), Difference> {
        let head = self.db().head();
        self.close()?;
        if is_rebuild {
            let dir = Path::new(PATH).join("index");
            for name in self.io.disk.list(&dir).expect("a database has an index directory") {
                self.io.disk.remove(&dir.join(name)).expect("a derived file can be removed");
            }
        }
        self.open()?;
        if self.db().head() != head {
            return Err(format!("the head was {head:?} and is {:?} after a restart", self.db().head()));
        }
        check::now(self.db(), &self.model, self.clock.wall_us())
    }

    fn write(&mut self, request: &Request) -> Result<(), Difference> {
        let expected = self.model.write(request, self.clock.wall_us());
        let actual = self.db().write(WriteBatch::from(request));
        let actual = match actual {
            Ok(receipt) => Ok((receipt.outcomes, receipt.replayed)),
            Err(error) => {
                let last = match error.detail() {
                    Detail::StaleNonce { last } => Some(*last),
                    _ => None,
                };
                Err((error.code().as_str(), last))
            }
        };
        if actual == expected { Ok(()) } else { Err(format!("a write says {actual:?}, not {expected:?}")) }
    }

    fn check(&self) -> Result<(), Difference> {
        check::everything(self.db(), &self.model, self.clock.wall_us())
    }
}

fn same(what: &str, actual: &nedb::Result<u64>, expected: u64) -> Result<(), Difference> {
    match actual {
        Ok(actual) if *actual == expected => Ok(()),
        _ => Err(format!("{what} says {actual:?}, not {expected}")),
    }
}

/// Leaves out what a failure does not need.
pub fn shrink(seed: u64, mut steps: Vec<Step>, mut difference: Difference) -> (Vec<Step>, Difference) {
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + chunk).min(steps.len()));
            match run(seed, &fewer) {
                Err(still) => (steps, difference) = (fewer, still),
                Ok(()) => at += chunk,
            }
        }
        chunk /= 2;
    }
    (steps, difference)
}
