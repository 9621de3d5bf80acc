//! Live queries beside writers: what is told, taken together, is what there is; and what makes a query due.

use nedb::{Body, Database, ErrorCode, LIVE_ROWS_MAX, Op, QueryOptions, QueryRow, WriteBatch};

use super::{body, fresh};
use crate::{script::world::World, support::watchdog::Watchdog};

const WRITERS: i64 = 4;
const EACH: i64 = 60;

fn options() -> QueryOptions {
    QueryOptions::new()
}

fn ids(rows: &[QueryRow]) -> Vec<String> {
    rows.iter().map(|row| row.to_json().expect("a row is JSON")).collect()
}

#[test]
fn a_live_query_misses_nothing_while_writers_run() {
    let _watchdog = Watchdog::seconds("live", 60);
    let (_dir, db) = fresh("live");
    let nql = "FROM rows ORDER BY n DESC SELECT _id";
    let total = usize::try_from(WRITERS * EACH).expect("small");
    std::thread::scope(|scope| {
        for reader in 0..2 {
            let db = &db;
            scope.spawn(move || {
                let mut live = db.live(nql, &options()).expect("a query");
                let mut rows = Vec::new();
                while rows.len() < total {
                    if let Some(change) = live.next_within(100_000).expect("it goes on") {
                        let seq = change.seq;
                        change.apply(&mut rows).expect("it belongs to these rows");
                        let then =
                            db.snapshot_at(seq.map_or(nedb::AsOf::Empty, nedb::AsOf::Seq)).expect("it was there");
                        let then: nedb::Result<Vec<QueryRow>> = then.query(nql, &options()).expect("a query").collect();
                        assert_eq!(ids(&rows), ids(&then.expect("rows")), "reader {reader} at {seq:?}");
                    }
                }
                assert!(live.next_within(0).expect("it goes on").is_none());
            });
        }
        for writer in 0..WRITERS {
            let db = &db;
            scope.spawn(move || {
                for n in 0..EACH {
                    db.put("rows", format!("{writer}-{n}"), body(n)).expect("a put");
                }
            });
        }
    });
    db.close().expect("it closes");
}

#[test]
fn a_live_query_that_waits_ends_when_the_database_closes() {
    let _watchdog = Watchdog::seconds("live end", 60);
    let (_dir, db) = fresh("live-end");
    let mut live = db.live("FROM c", &options()).expect("a query");
    assert!(live.next_within(0).expect("the first answer").expect("is there").is_whole);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| live.next_within(20_000_000));
        db.close().expect("it closes");
        assert_eq!(reader.join().expect("no panic").unwrap_err().code(), ErrorCode::Closed);
    });
}

#[test]
fn what_a_query_does_not_read_does_not_answer_it_again() {
    let db = Database::in_memory().expect("a database");
    let mut plain = db.live("FROM c", &options()).expect("a query");
    let mut walk = db.live("FROM c TRAVERSE knows", &options()).expect("a query");
    let mut answers = |plain_wanted: u64, walk_wanted: u64| {
        for live in [&mut plain, &mut walk] {
            live.try_next().expect("an answer");
        }
        assert_eq!((plain.answers(), walk.answers()), (plain_wanted, walk_wanted));
    };
    answers(1, 1);
    answers(1, 1);
    db.put("other", "1", body(1)).expect("a put");
    answers(1, 2);
    db.link("c:1", "likes", "c:2").expect("a link");
    answers(1, 2);
    db.link("c:1", "knows", "c:2").expect("a link");
    answers(1, 3);
    for id in 0..20 {
        db.put("c", format!("{id}"), body(id)).expect("a put");
    }
    answers(2, 4);
    // The first pass over 70,000 operations would cost more than an answer.
    for batch in 0..7 {
        let ops = (0..10_000).map(|id| Op::put("other", format!("{batch}-{id}"), Body::json("{}")));
        db.write(ops.fold(WriteBatch::new(), WriteBatch::op)).expect("a batch");
    }
    answers(3, 5);
}

#[test]
fn a_lifetime_that_ends_is_a_change_and_those_of_others_are_none() {
    let mut world = World::small();
    let mut run = |line: &str| world.run(&[line.to_owned()]);
    for id in 0..100 {
        run(&format!("put other k{id} {{}} ttl=1s"));
    }
    run("put c short {} ttl=30s");
    run("put c long {}");
    let mut live = world.db().live("FROM c SELECT _id", &options()).expect("a query");
    let mut rows = Vec::new();
    live.try_next().expect("an answer").expect("the first").apply(&mut rows).expect("it is the first");
    assert_eq!(ids(&rows), [r#"{"_id":"long"}"#, r#"{"_id":"short"}"#]);
    let due_us = live.watch().due_in_us().expect("lifetimes end");
    assert!(due_us <= 30_000_000, "{due_us}");
    world.run(&["advance 20s".to_owned()]);
    assert!(live.try_next().expect("no error").is_none());
    assert_eq!(live.answers(), 1, "of other collections");
    world.run(&["advance 20s".to_owned()]);
    let change = live.try_next().expect("an answer").expect("one has ended");
    assert_eq!(change.seq, world.db().head().seq(), "without an operation");
    change.apply(&mut rows).expect("it belongs to these rows");
    assert_eq!(ids(&rows), [r#"{"_id":"long"}"#]);
    assert_eq!(live.watch().due_in_us(), None);
}

#[test]
fn what_cannot_be_followed_is_refused_by_name_and_too_many_rows_by_their_limit() {
    let db = Database::in_memory().expect("a database");
    for (nql, named) in [
        ("FROM c AS OF 1", "AS OF"),
        ("EXPLAIN FROM c", "EXPLAIN"),
        ("HISTORY c a", "HISTORY"),
        ("DIFF c FROM 1 TO 2", "DIFF"),
    ] {
        let refused = db.live(nql, &options()).unwrap_err();
        assert!(refused.code() == ErrorCode::Unsupported && refused.message().contains(named), "{nql}: {refused}");
    }
    assert_eq!(db.live("FROM", &options()).unwrap_err().code(), ErrorCode::QuerySyntax);
    let rows = LIVE_ROWS_MAX + 1;
    for begin in (0..rows).step_by(10_000) {
        let ids = begin..rows.min(begin + 10_000);
        let batch = ids.fold(WriteBatch::new(), |batch, id| batch.op(Op::put("c", id.to_string(), Body::json("{}"))));
        db.write(batch).expect("a batch");
    }
    let mut live = db.live("FROM c SELECT _id", &options()).expect("a query");
    let over = live.try_next().unwrap_err();
    assert!(over.code() == ErrorCode::QueryMemoryExceeded && over.message().contains("LIVE_ROWS_MAX"), "{over}");
    db.delete("c", "1").expect("a delete");
    assert_eq!(live.try_next().expect("now it fits").expect("the first").inserted.len(), LIVE_ROWS_MAX);
    let mut small = db.live("FROM c", &options().memory_bytes_max(1 << 20)).expect("a query");
    assert_eq!(small.try_next().unwrap_err().code(), ErrorCode::QueryMemoryExceeded);
}
