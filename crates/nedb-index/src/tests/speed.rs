//! Figures, printed on demand: `cargo test --release -p nedb-index -- --ignored --nocapture speed`.

use std::hint::black_box;
use std::path::PathBuf;

use nedb_io::{Clock, Io};

use super::{DATABASE, Seeded, at};
use crate::{DeltaLimits, IndexDirectory, KeyEntry, KeyHasher, KeyIndex, KeyRange, KeyState};

const KEYS: u64 = 1_000_000;

fn key(number: u64) -> Vec<u8> {
    let mut key = b"\0doc\0\x01".to_vec();
    key.extend_from_slice(format!("{:016x}", Seeded(number).next()).as_bytes());
    key
}

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

fn look_up(clock: &dyn Clock, index: &KeyIndex, what: &str) {
    let mut random = Seeded(1);
    let hashes: Vec<_> = (0..KEYS).map(|_| random.below(KEYS)).map(|number| index.hash(&key(number))).collect();
    for _ in 0..2 {
        let timer = Timer::start(clock);
        for hash in &hashes {
            black_box(index.newest(*hash, |_| Ok(true)).unwrap());
        }
        timer.report(what, KEYS);
    }
    let timer = Timer::start(clock);
    for batch in hashes.chunks(16) {
        for hash in batch {
            index.prefetch(*hash);
        }
        for hash in batch {
            black_box(index.newest(*hash, |_| Ok(true)).unwrap());
        }
    }
    timer.report(&format!("{what}, 16 with prefetch"), KEYS);
}

fn scan_all(clock: &dyn Clock, index: &KeyIndex, what: &str) {
    for _ in 0..2 {
        let timer = Timer::start(clock);
        let mut scan = index.scan(&KeyRange::all()).unwrap();
        let mut count = 0;
        while let Some(entry) = scan.next().unwrap() {
            black_box(entry);
            count += 1;
        }
        timer.report(what, count);
    }
    let timer = Timer::start(clock);
    for number in 0..10_000 {
        let range = KeyRange { start: std::ops::Bound::Included(key(number * 97 % KEYS)), ..KeyRange::all() };
        let mut scan = index.scan(&range).unwrap();
        for _ in 0..100 {
            black_box(scan.next().unwrap());
        }
    }
    timer.report(&format!("{what}, ranges of 100"), 10_000);
}

#[test]
#[ignore = "measures, proves nothing"]
fn speed() {
    let io = Io::real();
    let clock = io.clock.as_ref();
    let dir: PathBuf = std::env::temp_dir().join(format!("nedb-index-speed-{}", std::process::id()));
    io.disk.create_dir(&dir).unwrap();
    let hasher = KeyHasher::new([5; 16]);
    let directory = IndexDirectory::new(&io, &dir, DATABASE, hasher);
    let keys: Vec<_> = (0..KEYS).map(key).collect();
    for batch in [1, 100] {
        let index = KeyIndex::new(hasher, DeltaLimits::default());
        let entries = (0..).zip(&keys).map(|(number, key): (u64, _)| KeyEntry {
            key,
            hash: hasher.hash(key),
            address: at(number * 19),
            state: KeyState::Live,
        });
        let entries: Vec<_> = entries.collect();
        let timer = Timer::start(clock);
        entries.chunks(batch).for_each(|batch| index.apply(batch));
        timer.report(&format!("apply of new keys by {batch}"), KEYS);
        let timer = Timer::start(clock);
        entries.chunks(batch).for_each(|batch| index.apply(batch));
        timer.report(&format!("apply of known keys by {batch}"), KEYS);
        if batch == 1 {
            continue;
        }
        println!("delta: {} bytes per key before a scan", index.delta_bytes() / KEYS);
        look_up(clock, &index, "newest in the delta");
        scan_all(clock, &index, "scan of the delta (first one sorts)");
        println!("delta: {} bytes per key after a scan", index.delta_bytes() / KEYS);
        let timer = Timer::start(clock);
        for number in 0..1000 {
            let key = key(KEYS + number);
            index.apply(&[KeyEntry { key: &key, hash: hasher.hash(&key), address: at(number), state: KeyState::Live }]);
            black_box(index.scan(&KeyRange::prefix(&key)).unwrap().next().unwrap());
        }
        timer.report("one new key, then a scan of it", 1000);
        let timer = Timer::start(clock);
        let frozen = index.freeze().unwrap();
        let runs = directory.write_key_runs(&frozen, &index.runs()).unwrap();
        timer.report("write of a run", KEYS);
        println!("run: {} bytes for {} keys", runs.length_bytes(), runs.entry_count());
        index.install(runs);
        look_up(clock, &index, "newest in a mapped run");
        scan_all(clock, &index, "scan of a mapped run");
        println!("heap: {} bytes in all after install", index.memory_bytes());
    }
    io.disk.remove_dir_all(&dir).unwrap();
}
