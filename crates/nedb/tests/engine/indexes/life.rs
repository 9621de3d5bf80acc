//! One random life of a database with indexes.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use nedb::{
    AsOf, Body, CheckpointPolicy, Database, IndexKind, IndexState, LogOptions, Op, Options, ReadMode, Row, ScanRange,
    Seq, Snapshot, Value, ValueRange, WriteBatch,
};
use nedb_io::{
    Clock, Io, ManualClock, ManualScheduler, SeededRandom,
    simulate::{Faults, SimDisk},
};
use nedb_types::FieldPath;

use crate::support::dice::Dice;

const START_US: i64 = 1_767_225_600_000_000;
const PATH: &str = "/db";
const STEPS: u64 = 60;
const COLLECTIONS: [&str; 2] = ["c", "d"];
const FIELDS: [&str; 3] = ["v", "o.x", "l[1]"];

type Difference = String;

struct Life {
    dice: Dice,
    disk: SimDisk,
    io: Io,
    clock: Arc<ManualClock>,
    scheduler: Arc<ManualScheduler>,
    db: Option<Database>,
}

/// Lives the life of a seed; an error says what differs.
pub fn run(seed: u64) -> Result<(), Difference> {
    let (clock, scheduler) = (Arc::new(ManualClock::new(START_US)), Arc::new(ManualScheduler::new()));
    let disk = SimDisk::new(seed, Faults::default());
    let io = Io {
        disk: Arc::new(disk.clone()),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(seed)),
        scheduler: Arc::clone(&scheduler) as Arc<dyn nedb_io::Scheduler>,
    };
    let mut life = Life { dice: Dice::new(seed), disk, io, clock, scheduler, db: None };
    life.open()?;
    for step in 0..STEPS {
        life.step().map_err(|difference| format!("step {step}: {difference}"))?;
    }
    life.check()
}

impl Life {
    fn db(&self) -> &Database {
        self.db.as_ref().expect("the database is open")
    }

    fn open(&mut self) -> Result<(), Difference> {
        let log = LogOptions {
            segment_bytes: 64 << 10,
            first_segment_bytes: 8 << 10,
            grow_step_bytes_max: 16 << 10,
            read: ReadMode::Map,
        };
        let policy = CheckpointPolicy { on_close: self.dice.one_in(2), ..CheckpointPolicy::manual() };
        let options = Options::new().io(self.io.clone()).log(log).sweep_interval_us(0).checkpoints(policy);
        self.db = Some(Database::open(PATH, options).map_err(|error| format!("open: {error}"))?);
        Ok(())
    }

    fn step(&mut self) -> Result<(), Difference> {
        match self.dice.below(24) {
            0 | 1 => self.create_index(),
            2 => self.drop_index(),
            3 => self.db().checkpoint().map(|_| ()).map_err(|error| format!("checkpoint: {error}")),
            4 => self.reopen(),
            5 => self.lose_power(),
            6 => self.lose_files(),
            7 => self.damage(),
            8 | 9 => {
                self.clock.advance_us(1_000_000);
                self.scheduler.run_due(self.clock.monotonic_us());
                Ok(())
            }
            10 => self.db().sweep().map(|_| ()).map_err(|error| format!("sweep: {error}")),
            11 => self.check(),
            _ => self.write(),
        }
    }

    fn create_index(&mut self) -> Result<(), Difference> {
        let (collection, field) = (self.dice.pick(&COLLECTIONS), self.dice.pick(&FIELDS));
        let kind = self.dice.pick(&[IndexKind::Eq, IndexKind::Ordered]);
        let told = |error| format!("create {collection} {field}: {error}");
        self.db().create_index(collection, field, kind).map_err(told)?;
        if self.dice.one_in(2) {
            self.db().wait_for_index(collection, field, kind, &mut |_| ()).map_err(told)?;
        }
        Ok(())
    }

    fn drop_index(&mut self) -> Result<(), Difference> {
        let (collection, field) = (self.dice.pick(&COLLECTIONS), self.dice.pick(&FIELDS));
        self.db().drop_index(collection, field, None).map(|_| ()).map_err(|error| format!("drop: {error}"))
    }

    fn write(&mut self) -> Result<(), Difference> {
        let mut batch = WriteBatch::new();
        for _ in 0..=self.dice.below(4) {
            let op = self.op();
            batch.push(op);
        }
        self.db().write(batch).map(|_| ()).map_err(|error| format!("write: {error}"))
    }

    fn op(&mut self) -> Op {
        let (collection, id) = (self.dice.pick(&COLLECTIONS), format!("{}", self.dice.below(12)));
        match self.dice.below(10) {
            0 | 1 => Op::delete(collection, &id),
            2 => Op::expire(collection, &id).ttl_us(1_500_000 * self.dice.below(3).max(1)),
            3 => Op::put(collection, &id, self.body()).ttl_us(1_500_000),
            _ => Op::put(collection, &id, self.body()),
        }
    }

    fn body(&mut self) -> Body {
        let values = ["1", "1.0", "2", "\"a\"", "\"b\"", "null", "true", "[1,2]", "[1,\"x\"]", "{\"y\":1}", "-0.5"];
        let (v, x) = (self.dice.pick(&values), self.dice.pick(&values));
        Body::json(match self.dice.below(6) {
            0 => "{}".to_owned(),
            1 => format!("{{\"o\":{{\"x\":{x}}}}}"),
            2 => format!("{{\"v\":\"{}{}\"}}", "long".repeat(80), self.dice.below(3)),
            3 => format!("{{\"v\":{v},\"l\":[0,{x}]}}"),
            _ => format!("{{\"v\":{v},\"o\":{{\"x\":{x}}}}}"),
        })
    }

    fn reopen(&mut self) -> Result<(), Difference> {
        let ready = self.ready();
        let db = self.db.take().expect("the database is open");
        let on_close = db.close().map_err(|error| format!("close: {error}"));
        drop(db);
        on_close?;
        self.open()?;
        // An index that a checkpoint holds is ready at once.
        let lost = ready.iter().filter(|index| !self.db().indexes().iter().any(|info| names(info) == **index)).count();
        if lost > 0 { Err(format!("{lost} indexes are gone after a restart")) } else { Ok(()) }
    }

    /// The indexes that queries use.
    fn ready(&self) -> Vec<(String, String)> {
        let ready = self.db().indexes().into_iter().filter(|info| info.state == IndexState::Ready);
        ready.map(|info| names(&info)).collect()
    }

    fn lose_power(&mut self) -> Result<(), Difference> {
        let defined: Vec<_> = self.db().indexes().iter().map(names).collect();
        let head = self.db().head();
        self.disk.cut();
        self.db = None;
        self.scheduler.forget_all();
        self.disk = self.disk.reboot();
        self.io.disk = Arc::new(self.disk.clone());
        self.open()?;
        let found: Vec<_> = self.db().indexes().iter().map(names).collect();
        if found != defined || self.db().head() != head {
            return Err(format!("after a power cut the indexes are {found:?}, they were {defined:?}"));
        }
        Ok(())
    }

    /// A restart without derived files.
    fn lose_files(&mut self) -> Result<(), Difference> {
        self.db.take().expect("the database is open").close().map_err(|error| format!("close: {error}"))?;
        let dir = Path::new(PATH).join("index");
        for name in self.io.disk.list(&dir).expect("there is an index directory") {
            self.io.disk.remove(&dir.join(name)).expect("a file can be removed");
        }
        self.open()
    }

    /// A restart with a flipped bit in a file of an index.
    fn damage(&mut self) -> Result<(), Difference> {
        self.db.take().expect("the database is open").close().map_err(|error| format!("close: {error}"))?;
        let dir = Path::new(PATH).join("index");
        let names = self.io.disk.list(&dir).expect("there is an index directory");
        let runs: Vec<_> = names.into_iter().filter(|name| name.starts_with("temporal-")).collect();
        if !runs.is_empty() {
            let at = usize::try_from(self.dice.below(runs.len() as u64)).expect("an index of a list fits");
            super::damage::flip_a_bit(&self.disk, &dir.join(&runs[at]), &mut self.dice);
        }
        self.open()
    }

    /// Compares every ready index with the documents, at every moment.
    fn check(&mut self) -> Result<(), Difference> {
        let size = self.db().head().size;
        let mut moments: Vec<AsOf> = (0..size).map(|seq| AsOf::Seq(Seq::new(seq))).collect();
        moments.push(AsOf::Head);
        // Later moments first: an index must not need to be asked in order.
        moments.reverse();
        for at in moments {
            let snapshot = self.db().snapshot_at(at).map_err(|error| format!("{at:?}: {error}"))?;
            for (collection, field) in self.ready() {
                compare(&snapshot, &collection, &field)
                    .map_err(|error| format!("{at:?} {collection} {field}: {error}"))?;
            }
        }
        Ok(())
    }
}

fn names(info: &nedb::IndexInfo) -> (String, String) {
    (info.collection.clone(), info.field.clone())
}

fn compare(snapshot: &Snapshot, collection: &str, field: &str) -> Result<(), Difference> {
    let path = FieldPath::parse(field).expect("a path");
    let mut expected: BTreeMap<String, Value> = BTreeMap::new();
    for row in snapshot.scan(collection, &ScanRange::all()).map_err(|error| error.to_string())? {
        let row = row.map_err(|error| error.to_string())?;
        expected.insert(id(&row), value(&row, &path));
    }
    let mut rows: Vec<(String, Value)> = expected.into_iter().collect();
    rows.sort_by(|(id_a, a), (id_b, b)| a.cmp_total(b).then_with(|| id_a.cmp(id_b)));
    one(snapshot, (collection, field, &path), &ValueRange::all(), &rows)?;
    let two = Value::from(2);
    let below: Vec<_> = rows.iter().filter(|(_, value)| value.cmp_total(&two).is_lt()).cloned().collect();
    one(snapshot, (collection, field, &path), &ValueRange::all().below(two), &below)?;
    rows.sort_by(|(id_a, a), (id_b, b)| b.cmp_total(a).then_with(|| id_a.cmp(id_b)));
    one(snapshot, (collection, field, &path), &ValueRange::all().reverse(), &rows)
}

fn one(
    snapshot: &Snapshot,
    (collection, field, path): (&str, &str, &FieldPath),
    range: &ValueRange,
    expected: &[(String, Value)],
) -> Result<(), Difference> {
    let scan = match snapshot.index_scan(collection, field, range) {
        Ok(Some(scan)) => scan,
        // Before the first operation, or given up because of damage.
        Ok(None) => return Ok(()),
        Err(error) => return is_damage(&error),
    };
    let mut found = Vec::new();
    for row in scan {
        match row {
            Ok(row) => found.push((id(&row), value(&row, path))),
            Err(error) => return is_damage(&error),
        }
    }
    let same = |(a, b): (&(String, Value), &(String, Value))| a.0 == b.0 && a.1.cmp_total(&b.1).is_eq();
    if found.len() == expected.len() && found.iter().zip(expected).all(same) {
        return Ok(());
    }
    Err(format!("{range:?} shows {found:?}, expected {expected:?}"))
}

/// Damage is said once; the index is built anew and answers again.
fn is_damage(error: &nedb::Error) -> Result<(), Difference> {
    match error.kind() {
        nedb::ErrorKind::Integrity => Ok(()),
        _ => Err(error.to_string()),
    }
}

fn id(row: &Row) -> String {
    String::from_utf8_lossy(row.id_bytes()).into_owned()
}

fn value(row: &Row, path: &FieldPath) -> Value {
    let document = row.document().expect("a document");
    let value = document.get_path(path).expect("a sound document");
    value.map_or(Value::Null, |value| value.to_value().expect("a sound value"))
}
