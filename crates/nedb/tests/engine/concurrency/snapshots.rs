//! What readers see while others write.

use std::sync::atomic::{AtomicBool, Ordering};

use nedb::{AsOf, Database, ScanRange, Snapshot, WriteBatch};

use super::{body, fresh, number};
use crate::support::watchdog::Watchdog;

const KEYS: i64 = 20;
const ROUNDS: i64 = 150;

/// One batch sets every key to the round; every fifth also moves a key away and back.
fn write(db: &Database, round: i64) {
    let mut batch = WriteBatch::new();
    for key in 0..KEYS {
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

#[test]
fn readers_see_each_batch_whole_and_snapshots_never_change() {
    let _watchdog = Watchdog::seconds("snapshots", 60);
    let (_dir, db) = fresh("snapshots");
    write(&db, 0);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let (mut count, mut last_round) = (0_u64, 0);
            while !is_over.load(Ordering::Relaxed) {
                let view = db.snapshot();
                let before = rows(&view);
                let round = before[0].2;
                assert_eq!(before.len(), usize::try_from(KEYS).expect("small"));
                assert!(before.iter().all(|row| row.2 == round), "a batch is seen whole: {before:?}");
                assert!(round >= last_round, "time does not run back");
                let linked = view.neighbors("c:00", "r", nedb::Direction::Outbound).expect("readable").len();
                assert_eq!(linked, usize::from(round % 2 == 0));
                let ids: Vec<_> = before.iter().map(|row| row.0.clone()).collect();
                let many = view.multi_get("c", &ids).expect("readable");
                assert!(many.iter().all(|row| row.as_ref().is_some_and(|row| number(row) == round)));
                assert_eq!(rows(&view), before, "a snapshot does not change");
                let again = db.snapshot_at(AsOf::Seq(view.seq().expect("not empty"))).expect("readable");
                assert_eq!(rows(&again), before, "the same seq is the same state");
                last_round = round;
                count += 1;
            }
            count
        };
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(reader)).collect();
        for round in 1..ROUNDS {
            write(&db, round);
            if round % 40 == 0 {
                db.checkpoint().expect("a checkpoint can be taken");
            }
        }
        is_over.store(true, Ordering::Relaxed);
        let counts: Vec<u64> =
            readers.into_iter().map(|reader| reader.join().expect("a reader does not panic")).collect();
        println!("snapshots: {counts:?} reads beside {ROUNDS} batches");
    });
}
