//! Many threads on one database on a real disk.
//!
//! A random test runs again and again with the parameters of further seeds: numbers of writers, keys and requests, durability,
//! sizes of segments, checkpoints in between, on the machine's disk or in memory. Which thread comes first is the machine's
//! choice, so that a seed is a kind of history and not one history.
//!
//! Every acknowledgement carries its seq and every read its snapshot, so a history is checked in one walk over the log.

mod appends;
mod bank;
mod checkpoints;
mod drops;
mod feed;
mod handles;
mod live;
mod retries;
mod snapshots;

use nedb::{CheckpointPolicy, Database, Durability, LogOptions, Options};
use nedb_io::Io;

use crate::support::{budget::Budget, dice, dice::Dice, temp_dir::TempDir, watchdog::Watchdog};

/// A fresh database in a directory of its own.
fn fresh(name: &str) -> (TempDir, Database) {
    let dir = TempDir::new(name);
    let db = Database::open(dir.join("db"), Options::new()).expect("a new directory takes a database");
    (dir, db)
}

/// Runs a history for one seed after the other, so many unless the environment says otherwise.
fn histories(name: &'static str, cases: u64, run: impl Fn(u64, &mut Dice)) {
    let (mut seed, is_single) = dice::first_seed();
    let mut budget = Budget::cases(name, cases);
    while budget.has_next() {
        let _watchdog = Watchdog::seconds(name, 60);
        run(seed, &mut Dice::new(seed));
        if is_single {
            return;
        }
        seed += 1;
    }
}

/// The options that a seed chooses, without the machine underneath.
fn options_of(dice: &mut Dice) -> Options {
    let durability = dice.pick(&[Durability::Sync, Durability::Group { interval_us: 1_000 }, Durability::None]);
    let segment_bytes = dice.pick(&[64 << 10, 256 << 10, 64 << 20]);
    let policy = CheckpointPolicy { records: dice.pick(&[20, 100, u64::MAX]), ..CheckpointPolicy::default() };
    let log = LogOptions { segment_bytes, first_segment_bytes: 16 << 10, ..LogOptions::default() };
    Options::new().durability(durability).log(log).checkpoints(policy)
}

/// A fresh database of a seed: one of four on the machine's disk, the others in memory, where threads meet more often.
fn fresh_of(name: &str, seed: u64, dice: &mut Dice) -> (Option<TempDir>, Database) {
    let options = options_of(dice);
    let dir = seed.is_multiple_of(4).then(|| TempDir::new(name));
    let opened = match &dir {
        Some(dir) => Database::open(dir.join("db"), options),
        None => Database::open("/db", options.io(Io::memory(1 << 30))),
    };
    (dir, opened.expect("a new directory takes a database"))
}

/// A number in a document `{"n": ..}`.
fn number(row: &nedb::Row) -> i64 {
    let json = row.to_json().expect("a document prints");
    let digits = json.trim_start_matches("{\"n\":").trim_end_matches('}');
    digits.parse().expect("a document of these tests holds a number")
}

fn body(number: i64) -> nedb::Body {
    nedb::Body::json(format!("{{\"n\":{number}}}"))
}
