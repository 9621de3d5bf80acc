//! Searches with an index and without: the same rows in the same order with the same scores, whatever happened before.
//!
//! Two databases get the same writes and the same definitions at the same seqs. In one of them the indexes are built and used;
//! in the other one no background work ever runs and nobody waits, so that its definitions count and its indexes do not.
//! `NEDB_SEED=n` runs one seed alone.

use std::sync::Arc;

use nedb::{Body, Database, IndexKind, Op, Options, QueryOptions, WriteBatch};
use nedb_io::{Io, ManualClock, ManualScheduler, MemoryDisk, SeededRandom};

use crate::support::{
    budget::Budget,
    dice::{self, Dice},
};

const WORDS: [&str; 12] =
    ["tea", "teas", "Team", "red", "reds", "wine", "run", "running", "fox", "foxes", "x-ray", "été"];
const START_US: i64 = 1_767_225_600_000_000;
const STEPS: u64 = 40;
const QUERIES: u64 = 12;

/// One of the two databases.
struct World {
    io: Io,
    clock: Arc<ManualClock>,
    db: Database,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START_US));
        let io = Io {
            disk: Arc::new(MemoryDisk::new(64 << 20)),
            clock: Arc::clone(&clock) as Arc<dyn nedb_io::Clock>,
            random: Arc::new(SeededRandom::new(1)),
            scheduler: Arc::new(ManualScheduler::new()),
        };
        let db = open(&io);
        Self { io, clock, db }
    }

    fn rows(&self, nql: &str) -> Result<Vec<String>, nedb::Error> {
        self.db.query(nql)?.map(|row| row?.to_json()).collect()
    }
}

fn open(io: &Io) -> Database {
    let options = Options::new().io(io.clone()).auto_index(false);
    Database::open("/db", options).expect("the disk is sound")
}

fn text(dice: &mut Dice, words: u64) -> String {
    (0..dice.below(words)).map(|_| dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
}

fn body(dice: &mut Dice) -> String {
    let (title, part, last) = (text(dice, 4), text(dice, 8), text(dice, 3));
    let n = dice.below(4);
    match dice.below(5) {
        0 => format!(r#"{{"n": {n}}}"#),
        1 => format!(r#"{{"t": "{title}", "n": {n}}}"#),
        _ => format!(r#"{{"t": "{title}", "o": {{"a": ["{part}", "{last}"], "n": {n}}}, "n": {n}}}"#),
    }
}

fn id(dice: &mut Dice) -> String {
    format!("d{:02}", dice.below(20))
}

fn term(dice: &mut Dice) -> String {
    let word = dice.pick(&WORDS);
    match dice.below(8) {
        0 => format!("{}*", word.split('-').next().unwrap_or(word)),
        1 => format!("-{word}"),
        2 => format!(r#"\"{word} {}\""#, dice.pick(&WORDS)),
        3 => format!(r#"-\"{word} {}\""#, dice.pick(&WORDS)),
        _ => word.to_owned(),
    }
}

fn question(dice: &mut Dice, size: u64) -> String {
    let terms: Vec<String> = (0..=dice.below(3)).map(|_| term(dice)).collect();
    let moment = if dice.one_in(2) { String::new() } else { format!("AS OF {} ", dice.below(size.max(1))) };
    let filter =
        dice.pick(&["", "", "WHERE n = 2 ", "WHERE n > 0 AND t != null ", "WHERE _id = 'd03' ", "WHERE n < 0 "]);
    let end = dice.pick(&[
        " SELECT *, _score",
        " ORDER BY _score DESC SELECT _id, _score",
        " ORDER BY _score DESC LIMIT 3 SELECT _id, _score",
        " ORDER BY _score DESC LIMIT 2 OFFSET 3 SELECT _id, _score",
        " ORDER BY _id DESC LIMIT 4 SELECT _id, _score",
        " ORDER BY n, _score LIMIT 3 SELECT _id, _score",
        " LIMIT 3 OFFSET 1 SELECT _id, _score",
        " GROUP BY n COUNT, MAX _score",
    ]);
    format!("FROM c {moment}{filter}SEARCH \"{}\"{end}", terms.join(" "))
}

/// One step, done alike in both.
fn step(dice: &mut Dice, worlds: &mut [World; 2]) {
    match dice.below(20) {
        0 => {
            let (field, kind) =
                dice.pick(&[("*", "search"), ("t", "search"), ("o", "search"), ("t", "search:english")]);
            let kind: IndexKind = kind.parse().expect("it is a kind");
            // A second stemming is refused in both.
            let made = worlds.each_ref().map(|world| world.db.create_index("c", field, kind).is_ok());
            assert_eq!(made[0], made[1]);
        }
        1 => {
            let field = dice.pick(&["*", "t", "o"]);
            let dropped = worlds.each_ref().map(|world| world.db.drop_index("c", field, None).expect("it is a field"));
            assert_eq!(dropped[0], dropped[1]);
        }
        2 => worlds.iter().for_each(|world| world.clock.advance_us(30_000_000)),
        3 => {
            worlds[0].db.checkpoint().expect("the disk is sound");
        }
        4 => {
            worlds[0].db.close().expect("the disk is sound");
            worlds[0].db = open(&worlds[0].io);
        }
        _ => {
            let mut ops = Vec::new();
            for _ in 0..=dice.below(4) {
                let id = id(dice);
                let op = match dice.below(8) {
                    0 => Op::delete("c", id),
                    1 => Op::put("c", id, Body::json(body(dice))).ttl_us(60_000_000),
                    _ => Op::put("c", id, Body::json(body(dice))),
                };
                ops.push(op);
            }
            for world in worlds.iter() {
                let mut batch = WriteBatch::new();
                for op in &ops {
                    batch.push(op.clone());
                }
                world.db.write(batch).expect("the writes are sound");
            }
        }
    }
}

fn run(seed: u64) -> u64 {
    let mut dice = Dice::new(seed);
    let mut worlds = [World::new(), World::new()];
    let mut answered = 0;
    for _ in 0..STEPS {
        step(&mut dice, &mut worlds);
        for info in worlds[0].db.indexes() {
            let waited = worlds[0].db.wait_for_index("c", &info.field, info.kind, &mut |_| ());
            waited.expect("it is there");
        }
        for _ in 0..QUERIES {
            let nql = question(&mut dice, worlds[0].db.head().size);
            let [with, without] = worlds.each_ref().map(|world| world.rows(&nql).map_err(|error| error.code()));
            assert_eq!(with, without, "NEDB_SEED={seed}: {nql}");
            let explained = worlds[0].db.explain(&nql, &QueryOptions::new());
            answered += u64::from(explained.is_ok_and(|how| how.steps[0].operator.starts_with("search in")));
        }
    }
    answered
}

#[test]
fn a_search_has_the_same_answer_with_an_index_and_without() {
    let (mut seed, is_single) = dice::first_seed();
    let (mut budget, mut answered) = (Budget::cases("searches", 90), 0);
    while budget.has_next() {
        answered += run(seed);
        if is_single {
            return;
        }
        seed += 1;
    }
    assert!(answered > 0, "no search used an index");
}
