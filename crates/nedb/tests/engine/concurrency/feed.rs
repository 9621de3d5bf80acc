//! The feed beside writers: every operation exactly once, in order.

use nedb::{Database, ErrorCode, Options, Seq};

use super::{body, fresh};
use crate::support::watchdog::Watchdog;

const WRITERS: i64 = 6;
const EACH: i64 = 40;

fn follow(db: &Database, after: Option<Seq>, count: u64) -> Vec<u64> {
    let (mut feed, mut seqs) = (db.subscribe(after), Vec::new());
    while (seqs.len() as u64) < count {
        if let Some(entry) = feed.next_within(100_000).expect("a feed goes on") {
            assert!(db.durable_seq() >= Some(entry.seq), "only what is durable is told");
            seqs.push(entry.seq.get());
        }
    }
    seqs
}

#[test]
fn a_feed_tells_each_operation_once_in_order_while_writers_run() {
    let _watchdog = Watchdog::seconds("feed", 60);
    let (dir, db) = fresh("feed");
    let total = u64::try_from(WRITERS * EACH).expect("small");
    std::thread::scope(|scope| {
        let early = scope.spawn(|| follow(&db, None, total));
        let late = scope.spawn(|| follow(&db, Some(Seq::new(99)), total - 100));
        for writer in 0..WRITERS {
            let db = &db;
            scope.spawn(move || {
                for n in 0..EACH {
                    db.put("rows", format!("{writer}-{n}"), body(n)).expect("a put");
                }
            });
        }
        assert_eq!(early.join().expect("no panic"), (0..total).collect::<Vec<_>>());
        assert_eq!(late.join().expect("no panic"), (100..total).collect::<Vec<_>>());
    });
    db.close().expect("it closes");
    drop(db);
    let db = Database::open(dir.join("db"), Options::new()).expect("it opens again");
    assert_eq!(follow(&db, Some(Seq::new(9)), total - 10), (10..total).collect::<Vec<_>>(), "after a restart");
}

#[test]
fn a_feed_that_waits_ends_when_the_database_closes() {
    let _watchdog = Watchdog::seconds("feed end", 60);
    let (_dir, db) = fresh("feed-end");
    db.put("c", "a", body(1)).expect("a put");
    let mut feed = db.subscribe(None);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut told = 0;
            loop {
                match feed.next_within(20_000_000) {
                    Ok(Some(_)) => told += 1,
                    Ok(None) => {}
                    Err(error) => return (told, error.code()),
                }
            }
        });
        db.put("c", "b", body(2)).expect("a put");
        db.close().expect("it closes");
        assert_eq!(reader.join().expect("no panic"), (2, ErrorCode::Closed));
    });
}
