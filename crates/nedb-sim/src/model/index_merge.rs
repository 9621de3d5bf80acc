//! Every order of a reader's steps and a checkpoint's: the real key index at the smallest size.
//!
//! A reader that opens a scan and takes one key after the other must see each key that was there exactly once, whatever
//! is applied, frozen, written and installed between its steps; a look-up must find the newest version at once.

use std::path::Path;

use nedb_index::{
    DeltaLimits, FrozenDelta, IndexDirectory, KeyEntry, KeyHasher, KeyIndex, KeyRange, KeyScan, KeyState, RunSet,
};
use nedb_io::Io;
use nedb_log::Address;
use nedb_types::DatabaseId;

use crate::violation::{Verdict, Violation, expect_equal};

const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

/// What the committer and the checkpoint do, in this order: `Runs` writes what is frozen.
#[derive(Clone, Copy, Debug)]
enum Write {
    Apply(usize, u64, KeyState),
    Freeze,
    Runs,
    Install,
}

const WRITES: [Write; 9] = [
    Write::Apply(0, 3, KeyState::Live),
    Write::Freeze,
    Write::Apply(1, 4, KeyState::Tombstone),
    Write::Runs,
    Write::Apply(2, 5, KeyState::Live),
    Write::Install,
    Write::Apply(0, 6, KeyState::Live),
    Write::Freeze,
    Write::Runs,
];

/// Steps of the reader: one that opens the scan and one for each key and the end.
const READS: usize = 2 + KEYS.len();

struct Run {
    io: Io,
    index: KeyIndex,
    frozen: Option<FrozenDelta>,
    runs: Option<RunSet>,
    newest: [u64; 3],
    scan: Option<KeyScan>,
    at_open: [u64; 3],
    seen: Vec<(Vec<u8>, u64)>,
}

/// Tries every merge of the two orders.
pub(super) fn explore() -> Verdict<String> {
    let (steps, mut orders) = (WRITES.len() + READS, 0);
    for order in 0_u32..1 << steps {
        if order.count_ones() as usize == READS {
            orders += 1;
            let context = |wrong: Violation| wrong.during(format!("order {order:#b}"));
            run(order, steps).map_err(context)?;
        }
    }
    Ok(format!("{orders} orders"))
}

fn run(order: u32, steps: usize) -> Verdict {
    let io = Io::memory(64 << 20);
    io.disk.create_dir(Path::new("/index"))?;
    let index = KeyIndex::new(KeyHasher::new([3; 16]), DeltaLimits::default());
    let (newest, at_open) = ([1, 1, 2], [0; 3]);
    let mut run = Run { io, index, frozen: None, runs: None, newest, scan: None, at_open, seen: Vec::new() };
    for (key, number) in run.newest.into_iter().enumerate() {
        run.apply(key, number, KeyState::Live);
    }
    let mut writes = WRITES.iter();
    for step in 0..steps {
        if order & 1 << step != 0 {
            run.read()?;
        } else if let Some(write) = writes.next() {
            run.write(*write)?;
        }
        run.look_up()?;
    }
    expect_equal(
        "keys of the scan",
        &run.seen.iter().map(|(key, _)| key.as_slice()).collect::<Vec<_>>(),
        &KEYS.to_vec(),
    )?;
    for ((_, number), at_open) in run.seen.iter().zip(run.at_open) {
        if *number < at_open {
            return Err(Violation::new(format!("the scan shows version {number}, older than {at_open}")));
        }
    }
    Ok(())
}

impl Run {
    fn apply(&mut self, key: usize, number: u64, state: KeyState) {
        if let (Some(name), Some(newest)) = (KEYS.get(key), self.newest.get_mut(key)) {
            let (hash, address) = (self.index.hash(name), Address::new(number * 16));
            self.index.apply(&[KeyEntry { key: name, hash, address, state }]);
            *newest = number;
        }
    }

    fn write(&mut self, write: Write) -> Verdict {
        match write {
            Write::Apply(key, number, state) => self.apply(key, number, state),
            Write::Freeze => self.frozen = self.index.freeze(),
            Write::Runs => {
                let id = DatabaseId::from_bytes([1; 16]);
                let directory = IndexDirectory::new(&self.io, Path::new("/index"), id, self.index.hasher());
                if let Some(frozen) = &self.frozen {
                    self.runs = Some(directory.write_key_runs(frozen, &self.index.runs())?);
                }
            }
            Write::Install => {
                if let Some(runs) = self.runs.take() {
                    self.index.install(runs);
                }
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Verdict {
        let Some(scan) = &mut self.scan else {
            self.at_open = self.newest;
            self.scan = Some(self.index.scan(&KeyRange::prefix(b""))?);
            return Ok(());
        };
        if let Some(entry) = scan.next()? {
            self.seen.push((entry.key.to_vec(), entry.address.get() / 16));
        }
        Ok(())
    }

    /// Every look-up finds the newest version. Two keys never share a hash here, so every candidate is the key's.
    fn look_up(&self) -> Verdict {
        for (key, newest) in KEYS.iter().zip(self.newest) {
            let found = self.index.newest(self.index.hash(key), |_| Ok(true))?;
            expect_equal(format!("newest of {key:?}"), &found.map(|address| address.get() / 16), &Some(newest))?;
        }
        Ok(())
    }
}
