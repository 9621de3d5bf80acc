//! One key with a thousand versions: every one of them is found AS OF its seq, and as of every seq between.

use nedb::{AsOf, Body, CheckpointPolicy, Database, Op, Options, Seq, WriteBatch};
use nedb_io::Io;

use crate::support::dice::Dice;

const VERSIONS: usize = 1_000;

/// What a reader of one seq must see: the number in the document, or nothing.
type Truth = Vec<Option<u64>>;

fn open(io: &Io) -> Database {
    let options = Options::new().io(io.clone()).checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0);
    Database::open("/db", options).expect("a database in memory opens")
}

/// Writes one batch that touches the key up to 20 times, between other keys.
fn write(db: &Database, dice: &mut Dice, truth: &mut Truth, versions: &mut usize) {
    let mut batch = WriteBatch::new();
    for _ in 0..=dice.below(20) {
        let number = truth.len() as u64;
        let before = truth.last().copied().flatten();
        let (op, after) = match dice.below(8) {
            0 if before.is_some() => (Op::delete("c", "k"), None),
            1 => (Op::put("c", format!("k{number}"), Body::json("{}")), before),
            2 => (Op::link("c:k", "r", format!("c:{number}")), before),
            3 if before.is_some() => (Op::expire("c", "k"), before),
            _ => (Op::put("c", "k", Body::json(format!(r#"{{"v":{number}}}"#))), Some(number)),
        };
        *versions += usize::from(before != after);
        truth.push(after);
        batch.push(op);
    }
    db.write(batch).expect("a good batch is accepted");
}

fn check(db: &Database, truth: &Truth) {
    for (seq, expected) in truth.iter().enumerate() {
        let row = db.get_at("c", "k", AsOf::Seq(Seq::new(seq as u64))).expect("the past can be read");
        let json = row.map(|row| row.to_json().expect("a document prints"));
        assert_eq!(json, expected.map(|number| format!(r#"{{"v":{number}}}"#)), "as of {seq} of {}", truth.len());
    }
    let last = db.get_at("c", "k", AsOf::Empty).expect("the empty database can be read");
    assert!(last.is_none(), "an empty database holds nothing");
}

#[test]
fn each_of_1000_versions_is_read_as_of_its_seq() {
    for seed in 1..=4 {
        let (io, mut dice) = (Io::memory(256 << 20), Dice::new(seed));
        let (mut db, mut truth, mut versions) = (open(&io), Truth::new(), 0);
        while versions < VERSIONS {
            write(&db, &mut dice, &mut truth, &mut versions);
            match dice.below(40) {
                0 => drop(db.checkpoint().expect("a checkpoint can be taken")),
                1 => {
                    db.close().expect("a database closes");
                    db = open(&io);
                }
                _ => {}
            }
        }
        check(&db, &truth);
        let head = db.head();
        db.close().expect("a database closes");
        let db = open(&io);
        assert_eq!(db.head(), head);
        check(&db, &truth);
        println!("as of: {versions} versions, {} seqs, twice", truth.len());
    }
}
