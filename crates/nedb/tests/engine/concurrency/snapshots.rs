//! What readers see while others write.

use std::sync::atomic::{AtomicBool, Ordering};

use nedb::{AsOf, Database, ScanRange, Snapshot, WriteBatch};

use super::{body, fresh_of, histories, number};

/// One batch sets every key to the round; every fifth also moves a key away and back.
fn write(db: &Database, keys: i64, round: i64) {
    let mut batch = WriteBatch::new();
    for key in 0..keys {
        batch.push(nedb::Op::put("c", format!("{key:02}"), body(round)));
    }
    batch.push(if round % 2 == 0 {
        nedb::Op::link("c:00", "r", "c:01")
    } else {
        nedb::Op::unlink("c:00", "r", "c:01")
    });
    db.write(batch).expect("a good batch is accepted");
}

fn rows(view: &Snapshot) -> Vec<(Vec<u8>, u64, i64)> {
    let rows = view.scan("c", &ScanRange::all()).expect("readable");
    rows.map(|row| row.expect("readable")).map(|row| (row.id_bytes().to_vec(), row.seq().get(), number(&row))).collect()
}

/// Reads one snapshot in every way; returns its round.
fn read(db: &Database, keys: i64) -> i64 {
    let view = db.snapshot();
    let before = rows(&view);
    let round = before[0].2;
    assert_eq!(before.len(), usize::try_from(keys).expect("small"));
    assert!(before.iter().all(|row| row.2 == round), "a batch is seen whole: {before:?}");
    let linked = view.neighbors("c:00", "r", nedb::Direction::Outbound).expect("readable").len();
    assert_eq!(linked, usize::from(round % 2 == 0));
    let ids: Vec<_> = before.iter().map(|row| row.0.clone()).collect();
    let many = view.multi_get("c", &ids).expect("readable");
    assert!(many.iter().all(|row| row.as_ref().is_some_and(|row| number(row) == round)));
    assert_eq!(rows(&view), before, "a snapshot does not change");
    let again = db.snapshot_at(AsOf::Seq(view.seq().expect("not empty"))).expect("readable");
    assert_eq!(rows(&again), before, "the same seq is the same state");
    round
}

#[test]
fn readers_see_each_batch_whole_and_snapshots_never_change() {
    histories("snapshots", 30, |seed, dice| {
        let (_dir, db) = fresh_of("snapshots", seed, dice);
        let (keys, readers) = (2 + i64::try_from(dice.below(20)).expect("small"), 1 + dice.below(3));
        let (rounds, checkpoint_every) = (20 + i64::try_from(dice.below(60)).expect("small"), dice.pick(&[7, 40]));
        write(&db, keys, 0);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..readers {
                scope.spawn(|| {
                    let mut last_round = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        let round = read(&db, keys);
                        assert!(round >= last_round, "seed {seed}: time does not run back");
                        last_round = round;
                    }
                });
            }
            for round in 1..rounds {
                write(&db, keys, round);
                if round % checkpoint_every == 0 {
                    db.checkpoint().expect("a checkpoint can be taken");
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
    });
}
