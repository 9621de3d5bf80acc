//! Figures, printed on demand: `cargo test --release -p nedb-index -- --ignored --nocapture temporal::speed`.

use std::hint::black_box;
use std::path::PathBuf;

use nedb_io::{Clock, Io};
use nedb_types::{Seq, Value, key::value_key};

use super::super::{DATABASE, Seeded};
use crate::{
    IndexDirectory, KeyHasher, KeyRange, TemporalBuilder, TemporalChange, TemporalIndex, TemporalScan, TemporalSnapshot,
};

const ROWS: u64 = 1_000_000;

struct Timer<'a>(&'a dyn Clock, u64);

impl<'a> Timer<'a> {
    fn start(clock: &'a dyn Clock) -> Self {
        Self(clock, clock.monotonic_us())
    }

    fn report(self, what: &str, count: u64) {
        let elapsed_us = self.0.monotonic_us() - self.1;
        println!("{what}: {} ns each, {elapsed_us} us in all", elapsed_us * 1000 / count.max(1));
    }
}

fn take(scan: &mut TemporalScan, rows: usize) -> u64 {
    let mut count = 0;
    while count < rows as u64 && black_box(scan.next().unwrap()).is_some() {
        count += 1;
    }
    count
}

fn read(clock: &dyn Clock, snapshot: &TemporalSnapshot, what: &str) {
    for _ in 0..2 {
        let timer = Timer::start(clock);
        let count = take(&mut snapshot.scan(&KeyRange::all()).unwrap(), usize::MAX);
        timer.report(&format!("{what}: whole scan"), count);
    }
    let mut random = Seeded(9);
    for rows in [1, 10, 100] {
        let keys: Vec<_> = (0..20_000).map(|_| value_key(&Value::from(random.below(ROWS)))).collect();
        let timer = Timer::start(clock);
        for key in &keys {
            let range = KeyRange { start: std::ops::Bound::Included(key.clone()), ..KeyRange::all() };
            black_box(take(&mut snapshot.scan(&range).unwrap(), rows));
        }
        timer.report(&format!("{what}: a seek and {rows} rows"), 20_000);
    }
    let timer = Timer::start(clock);
    for _ in 0..10_000 {
        black_box(take(&mut snapshot.scan_descending(&KeyRange::all()).unwrap(), 10));
    }
    timer.report(&format!("{what}: greatest 10"), 10_000);
    let timer = Timer::start(clock);
    for _ in 0..100 {
        black_box(snapshot.count(&KeyRange::all()).unwrap());
    }
    timer.report(&format!("{what}: exact count of all"), 100);
}

#[test]
#[ignore = "measures, proves nothing"]
fn speed() {
    let io = Io::real();
    let clock = io.clock.as_ref();
    let dir: PathBuf = std::env::temp_dir().join(format!("nedb-temporal-speed-{}", std::process::id()));
    io.disk.create_dir(&dir).unwrap();
    let directory = IndexDirectory::new(&io, &dir, DATABASE, KeyHasher::new([5; 16]));
    let rows: Vec<_> =
        (0..ROWS).map(|number| (value_key(&Value::from(number)), format!("{:016x}", Seeded(number).next()))).collect();
    let index = TemporalIndex::new();
    let change = |number: u64, (key, id): &(Vec<u8>, String)| {
        index.apply(&[TemporalChange::Added { key, id: id.as_bytes(), added: Seq::new(number), payload: b"" }]);
    };
    let timer = Timer::start(clock);
    (0..).zip(&rows).for_each(|(number, row)| change(number, row));
    timer.report("apply one by one, rising keys", ROWS);
    read(clock, &index.snapshot(Seq::new(ROWS)), "delta, head");
    println!("delta: {} bytes per entry", index.delta_bytes() / ROWS);
    let timer = Timer::start(clock);
    let frozen = index.freeze().unwrap();
    index.install(&frozen, directory.write_temporal_runs(&frozen, &index.runs()).unwrap());
    timer.report("write of a run", ROWS);
    println!("run: {} bytes per entry", index.runs().length_bytes() / ROWS);
    let reopened = TemporalIndex::open(directory.open_temporal_runs(&index.runs().files(1)).unwrap());
    let timer = Timer::start(clock);
    black_box(take(&mut reopened.snapshot(Seq::new(ROWS)).scan_descending(&KeyRange::all()).unwrap(), 10));
    timer.report("greatest 10, first query after a reopen", 1);
    read(clock, &index.snapshot(Seq::new(ROWS)), "run, head");
    read(clock, &index.snapshot(Seq::new(ROWS / 100)), "run, as of 1 %");
    let mut random = Seeded(4);
    let timer = Timer::start(clock);
    for number in 0..ROWS / 5 {
        let place = random.below(ROWS);
        let (key, id) = &rows[usize::try_from(place).unwrap()];
        let id = format!("{id}{number}");
        let added = Seq::new(ROWS + number);
        index.apply(&[TemporalChange::Added { key, id: id.as_bytes(), added, payload: b"" }]);
    }
    timer.report("apply one by one, any keys", ROWS / 5);
    read(clock, &index.snapshot(Seq::new(2 * ROWS)), "run and a delta of a fifth, head");
    let timer = Timer::start(clock);
    let mut builder = TemporalBuilder::new(&directory);
    for (number, (key, id)) in (0..).zip(&rows) {
        builder.add(key, id.as_bytes(), Seq::new(number), None, b"").unwrap();
    }
    let base = builder.finish().unwrap();
    timer.report("builder", ROWS);
    drop(base);
    io.disk.remove_dir_all(&dir).unwrap();
}
