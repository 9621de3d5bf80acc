//! What each durability mode promises, on a simulated disk that loses, tears and reorders what was not synced.

mod checkpoints;
mod cuts;
mod derived;
mod errors;
mod faults;
mod memory;
mod pressure;
mod real_disk;
mod tails;

use std::sync::Arc;

use nedb::{Body, CheckpointPolicy, Database, Durability, LogOptions, Op, Options, ReadMode, Result, WriteBatch};
use nedb_io::{Clock, Disk, Io, ManualClock, ManualScheduler, Scheduler, SeededRandom, simulate::SimDisk};

/// One machine: its disk may be cut and come back, its clock and its background work are moved by the test.
pub struct Machine {
    pub disk: SimDisk,
    pub clock: Arc<ManualClock>,
    pub scheduler: Arc<ManualScheduler>,
    seed: u64,
}

impl Machine {
    pub fn new(seed: u64, disk: SimDisk) -> Self {
        let clock = Arc::new(ManualClock::new(1_767_225_600_000_000));
        Self { disk, clock, scheduler: Arc::new(ManualScheduler::new()), seed }
    }

    /// The same machine after a power cut.
    pub fn reboot(&self) -> Self {
        Self::new(self.seed + 1, self.disk.reboot())
    }

    pub fn io(&self) -> Io {
        Io {
            disk: Arc::new(self.disk.clone()) as Arc<dyn Disk>,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(self.seed)),
            scheduler: Arc::clone(&self.scheduler) as Arc<dyn Scheduler>,
        }
    }

    pub fn options(&self, durability: Durability) -> Options {
        let log = LogOptions {
            segment_bytes: 64 << 10,
            first_segment_bytes: 8 << 10,
            grow_step_bytes_max: 8 << 10,
            read: ReadMode::Pread,
        };
        let options = Options::new().io(self.io()).log(log).durability(durability).sweep_interval_us(0);
        options.checkpoints(CheckpointPolicy::manual())
    }

    pub fn open(&self, durability: Durability) -> Result<Database> {
        Database::open("/db", self.options(durability))
    }

    /// Moves time and runs what falls due.
    pub fn advance_us(&self, by_us: u64) {
        self.clock.advance_us(by_us);
        self.scheduler.run_due(self.clock.monotonic_us());
    }
}

/// Request `n`: as many puts as it says, each with its own document.
pub fn batch(n: u64, puts: u64) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for at in 0..puts {
        let filler = "x".repeat(usize::try_from((n * 37 + at * 11) % 300).expect("small"));
        batch.push(Op::put("c", format!("{n:05}-{at}"), Body::json(format!(r#"{{"n":{n},"x":"{filler}"}}"#))));
    }
    batch
}

/// Which requests the log of a database holds, checked to be whole, in order and without a hole.
pub fn requests(db: &Database, puts: &[u64]) -> u64 {
    let mut expected =
        puts.iter().zip(0_u64..).flat_map(|(puts, n)| (0..*puts).map(move |at| (n, at, at + 1 == *puts)));
    let mut complete = 0;
    for entry in db.snapshot().size().checked_sub(1).map(|_| all(db)).into_iter().flatten() {
        let (n, at, is_last) = expected.next().expect("nothing that was never written");
        assert_eq!(entry.id.to_string(), format!("{n:05}-{at}"), "no hole and no other order");
        assert_eq!(entry.is_last_in_transaction, is_last);
        let row = db.get("c", &entry.id).expect("readable").expect("it is there");
        assert_eq!(row.seq(), entry.seq);
        complete += u64::from(is_last);
    }
    let rest = expected.next();
    assert!(rest.is_none_or(|(_, at, _)| at == 0), "a transaction is whole: {rest:?} is missing");
    complete
}

fn all(db: &Database) -> Vec<nedb::Entry> {
    db.flush().expect("a fresh database can be flushed");
    db.since(None).collect::<Result<_>>().expect("readable")
}
