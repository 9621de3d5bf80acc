//! What queries promise beyond their rows: bounds, cancellation, and that indexes make themselves.

mod bounds;
mod clock;
mod figures;
mod paths;
mod search;
mod traces;

use std::sync::Arc;

use nedb::{
    AsOf, Body, CancelToken, Database, ErrorCode, ErrorKind, IndexKind, IndexOrigin, Op, Options, QueryOptions, Seq,
    Value, WriteBatch,
};
use nedb_io::{Access, Disk, Io, ManualClock, ManualScheduler, MemoryDisk, SeededRandom};

/// A database with so many documents `{"n": .., "m": ..}`, and its background work.
fn filled(documents: u64) -> (Database, Arc<ManualScheduler>) {
    let (db, scheduler, _disk) = filled_on_disk(documents);
    (db, scheduler)
}

fn filled_on_disk(documents: u64) -> (Database, Arc<ManualScheduler>, Arc<MemoryDisk>) {
    let disk = Arc::new(MemoryDisk::new(256 << 20));
    let scheduler = Arc::new(ManualScheduler::new());
    let io = Io {
        disk: Arc::clone(&disk) as Arc<dyn Disk>,
        clock: Arc::new(ManualClock::new(0)),
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::clone(&scheduler) as Arc<dyn nedb_io::Scheduler>,
    };
    let db = Database::open("/db", Options::new().io(io)).expect("an empty disk takes a database");
    let mut batch = WriteBatch::new();
    for n in 0..documents {
        let body =
            Body::json(format!(r#"{{"n": {}, "m": {}, "t": "{}"}}"#, n * 7919 % documents, n % 10, "x".repeat(20)));
        batch.push(Op::put("c", format!("{n:06}"), body));
    }
    db.write(batch).expect("the batch is small enough");
    (db, scheduler, disk)
}

fn ids(db: &Database, nql: &str) -> Vec<String> {
    let rows = db.query(nql).expect("the query is sound");
    rows.map(|row| row.expect("the database is sound").to_json().expect("a row is JSON")).collect()
}

fn refusal(db: &Database, nql: &str, options: &QueryOptions) -> ErrorCode {
    let rows = db.query_with(nql, options).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    rows.expect_err("the query is stopped").code()
}

#[test]
fn a_query_that_would_hold_more_than_it_may_is_refused() {
    let (db, _scheduler) = filled(2_000);
    let small = QueryOptions::new().memory_bytes_max(10_000);
    assert_eq!(refusal(&db, "FROM c ORDER BY n", &small), ErrorCode::QueryMemoryExceeded);
    assert_eq!(refusal(&db, "FROM c GROUP BY n", &small), ErrorCode::QueryMemoryExceeded);
    assert_eq!(refusal(&db, "FROM c TRAVERSE r", &small), ErrorCode::QueryMemoryExceeded);
    assert_eq!(refusal(&db, "FROM c SEARCH 'xxxxxxxxxxxxxxxxxxxx'", &small), ErrorCode::QueryMemoryExceeded);
    db.create_index("c", "*", nedb::IndexKind::Search { stemming: None }).expect("it is a kind");
    let kind = nedb::IndexKind::Search { stemming: None };
    db.wait_for_index("c", "*", kind, &mut |_| ()).expect("it is built");
    assert_eq!(refusal(&db, "FROM c SEARCH 'x*'", &small), ErrorCode::QueryMemoryExceeded);
    let best = "FROM c SEARCH 'xxxxxxxxxxxxxxxxxxxx' ORDER BY _score DESC LIMIT 3";
    assert_eq!(db.query_with(best, &small).map(Iterator::count).ok(), Some(3));
    // A limit is no licence: what is kept counts as it is kept.
    let all = "FROM c SEARCH 'xxxxxxxxxxxxxxxxxxxx' ORDER BY _score DESC LIMIT 1000000";
    assert_eq!(refusal(&db, all, &small), ErrorCode::QueryMemoryExceeded);
    // With a limit the memory follows the limit, whatever the rows.
    assert!(db.query_with("FROM c ORDER BY n LIMIT 3", &small).is_ok());
    assert!(db.query_with("FROM c GROUP BY m", &small).is_ok());
}

#[test]
fn what_one_round_of_ranks_held_is_given_back_before_the_next() {
    let (db, _scheduler) = filled(2_000);
    let kind = IndexKind::Search { stemming: None };
    db.create_index("c", "*", kind).expect("it is a kind");
    db.wait_for_index("c", "*", kind, &mut |_| ()).expect("it is built");
    // All ranks are equal and go by id: those that the filter keeps come last, after several rounds.
    let query = "FROM c SEARCH 'x*' WHERE t LIKE '%x' AND _id >= '001990' AND m = 9 ORDER BY _score DESC LIMIT 1";
    let one_walk = QueryOptions::new().memory_bytes_max(450_000);
    assert_eq!(db.query_with(query, &one_walk).map(Iterator::count).ok(), Some(1));
}

#[test]
fn rows_before_damage_are_given_however_far_ahead_documents_are_judged() {
    let (db, _scheduler, disk) = filled_on_disk(20_000);
    let path = std::path::Path::new("/db/log/0000000000000000.seg");
    let file = disk.open(path, Access::Write).expect("the log is there");
    let mut log = vec![0; usize::try_from(file.len_bytes().expect("it has a length")).expect("it is small")];
    file.read_exact_at(&mut log, 0).expect("it can be read");
    let id = b"007000";
    let at = log.windows(id.len()).position(|window| window == id).expect("the document is there") + 40;
    file.write_all_at(&[log[at] ^ 1], at as u64).expect("it can be written");
    let rows_until_damage = |nql: &str| {
        let mut rows: Vec<_> = db.query(nql).expect("it begins").collect();
        let end = rows.pop().expect("there are rows").expect_err("damage is an error");
        assert_eq!(end.kind(), ErrorKind::Integrity);
        rows.into_iter().map(|row| row.expect("it is whole").to_json().expect("a row is JSON")).collect::<Vec<_>>()
    };
    let mut one_by_one = rows_until_damage("FROM c ORDER BY _id");
    one_by_one.retain(|row| row.contains(r#""m":3"#));
    assert!(one_by_one.len() > 500, "judging ahead has begun before the damage: {}", one_by_one.len());
    let filtered = "FROM c WHERE m = 3 ORDER BY _id";
    assert_eq!(rows_until_damage(filtered), one_by_one);
    let limited = format!("{filtered} LIMIT {}", one_by_one.len());
    assert!(db.query(&limited).expect("it begins").all(|row| row.is_ok()));
}

/// Written out and as a parameter, against fields and ids, by a scan and by an index.
#[test]
fn a_million_values_of_in_are_answered() {
    let (db, _scheduler) = filled(20_000);
    let million = || (0..1_000_000_i64).map(|n| n * 2);
    let text: Vec<String> = million().map(|n| n.to_string()).collect();
    let written = format!("FROM c WHERE n IN ({})", text.join(", "));
    let param = QueryOptions::new().param("many", Value::Array(million().map(Value::from).collect()));
    let count_with = |nql: &str, options: &QueryOptions| {
        db.query_with(nql, options).map(Iterator::count).expect("the query is sound")
    };
    let count = |nql: &str| count_with(nql, &QueryOptions::new());
    let count_many = |nql: &str| count_with(nql, &param);
    assert_eq!((count(&written), count_many("FROM c WHERE n IN $many")), (10_000, 10_000));
    db.create_index("c", "n", IndexKind::Eq).expect("it is a kind");
    db.wait_for_index("c", "n", IndexKind::Eq, &mut |_| ()).expect("it is built");
    assert_eq!((count(&written), count_many("FROM c WHERE n IN $many")), (10_000, 10_000));
    assert_eq!(count_many("FROM c WHERE NOT n IN $many"), 10_000);
    let ids: Vec<String> = million().map(|n| format!("'{n:06}'")).collect();
    assert_eq!(count(&format!("FROM c WHERE _id IN ({})", ids.join(","))), 10_000);
}

#[test]
fn a_snapshot_asked_for_an_earlier_time_of_the_same_operations_sees_what_had_not_expired_then() {
    let clock = Arc::new(ManualClock::new(1_767_225_600_000_000));
    let io = Io {
        disk: Arc::new(MemoryDisk::new(64 << 20)),
        clock: Arc::clone(&clock) as _,
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::new(ManualScheduler::new()),
    };
    let db = Database::open("/db", Options::new().io(io).sweep_interval_us(0)).unwrap();
    db.write(WriteBatch::new().op(Op::put("c", "a", Body::json("{}")).ttl_us(5_000_000))).unwrap();
    clock.advance_us(10_000_000);
    let snapshot = db.snapshot();
    let count = |nql: &str| snapshot.query(nql, &QueryOptions::new()).unwrap().count();
    assert_eq!(count("FROM c"), 0);
    assert_eq!(count("FROM c AS OF 0"), 1);
    assert_eq!(count(r#"FROM c AS OF TIMESTAMP "2026-01-01T00:00:04Z""#), 1);
    assert_eq!(count(r#"FROM c AS OF TIMESTAMP "2026-01-01T00:00:06Z""#), 0);
    // A later moment than the snapshot's is the snapshot's.
    let then = db.snapshot_at(AsOf::Seq(Seq::new(0))).unwrap();
    assert_eq!(
        then.query(r#"FROM c AS OF TIMESTAMP "2026-01-01T00:00:06Z""#, &QueryOptions::new()).unwrap().count(),
        1
    );
}

#[test]
fn a_cancelled_query_ends_between_two_rows() {
    let (db, _scheduler) = filled(2_000);
    let token = CancelToken::new();
    let mut rows = db.query_with("FROM c", &QueryOptions::new().cancel(token.clone())).expect("it begins");
    assert!(rows.next().is_some_and(|row| row.is_ok()));
    token.cancel();
    let end = rows.find_map(Result::err).expect("it does not run to its end");
    assert_eq!(end.code(), ErrorCode::Cancelled);
    assert!(rows.next().is_none(), "an error ends the rows");
}

#[test]
fn a_deadline_ends_a_query() {
    let (db, _scheduler) = filled(10);
    assert_eq!(refusal(&db, "FROM c", &QueryOptions::new().deadline_us(0)), ErrorCode::QueryTimeout);
}

#[test]
fn queries_that_would_profit_get_an_index_and_the_same_answers() {
    let (db, scheduler) = filled(20_000);
    let query = "FROM c WHERE n = 4711 SELECT _id";
    let before = ids(&db, query);
    assert_eq!(before.len(), 1);
    for _ in 0..3 {
        assert_eq!(ids(&db, query), before);
    }
    scheduler.run_due(0);
    let infos = db.indexes();
    assert_eq!(infos.len(), 1, "{infos:?}");
    assert_eq!((infos[0].field.as_str(), infos[0].origin), ("n", IndexOrigin::Automatic));
    let stats = db.stats().expect("the database is sound");
    assert_eq!(stats.indexes, infos);
    let json = stats.to_json().expect("figures are JSON");
    let listed = r#""indexes":[{"collection":"c","field":"n","kind":"ordered","origin":"automatic","state":"ready""#;
    assert!(json.contains(listed), "{json}");
    assert_eq!(ids(&db, query), before);
    let explained = db.explain(query, &QueryOptions::new()).expect("it can be explained");
    assert_eq!(explained.steps[0].detail, "c.n (automatic)");
    assert_eq!((explained.steps[0].estimated_rows, explained.steps[0].rows), (Some(1), 1));
    // Whoever drops it does not get it again, and the answers stay.
    assert!(db.drop_index("c", "n", None).expect("it is there"));
    assert!(db.stats().expect("the database is sound").indexes.is_empty());
    (0..9).for_each(|_| assert_eq!(ids(&db, query), before));
    scheduler.run_due(0);
    assert!(db.indexes().is_empty());
    let explained = db.explain(query, &QueryOptions::new()).expect("it can be explained");
    assert_eq!(explained.steps[0].operator, "scan");
}

#[test]
fn searches_that_would_profit_get_an_index_and_the_same_answers() {
    let (db, scheduler) = filled(20_000);
    db.put("c", "last", Body::json(r#"{"t": "needle in x"}"#)).expect("it is sound");
    let query = "FROM c SEARCH 'needle' SELECT *, _score";
    let before = ids(&db, query);
    assert_eq!(before.len(), 1);
    for _ in 0..3 {
        assert_eq!(ids(&db, query), before);
    }
    scheduler.run_due(0);
    let infos = db.indexes();
    assert_eq!((infos.len(), infos[0].field.as_str()), (1, "*"), "{infos:?}");
    assert_eq!((infos[0].kind.to_string().as_str(), infos[0].origin), ("search", IndexOrigin::Automatic));
    assert_eq!(ids(&db, query), before);
    let explained = db.explain(query, &QueryOptions::new()).expect("it can be explained");
    assert_eq!(explained.steps[0].operator, "search index");
    // Whoever defines a search needs the other one no more; whoever drops an automatic one does not get it again.
    let kind = nedb::IndexKind::Search { stemming: None };
    db.create_index("c", "t", kind).expect("it is a field");
    assert_eq!(db.indexes().len(), 1);
    assert!(db.drop_index("c", "t", Some(kind)).expect("it is there"));
    assert!(db.indexes().is_empty());
}

#[test]
fn several_threads_give_what_one_gives() {
    // Enough documents that a scan is split; EXPLAIN runs on one thread.
    let (db, _scheduler) = filled(20_000);
    let groups = ids(&db, "FROM c GROUP BY m SUM n, MIN n");
    assert_eq!(groups.len(), 10);
    let sum: i64 = (0..20_000).filter(|n| n % 10 == 3).map(|n| n * 7919 % 20_000).sum();
    assert!(groups[3].contains(&format!(r#""m":3,"count":2000,"sum_n":{sum}"#)), "{}", groups[3]);
    let first = ids(&db, "FROM c ORDER BY n LIMIT 3 SELECT n");
    assert_eq!(first, [r#"{"n":0}"#, r#"{"n":1}"#, r#"{"n":2}"#]);
    let all = ids(&db, "FROM c ORDER BY n DESC SELECT n");
    assert!(all.iter().enumerate().all(|(at, row)| *row == format!(r#"{{"n":{}}}"#, 19_999 - at)));
}

#[test]
fn a_filter_over_many_documents_keeps_their_order_whatever_part_of_them_it_keeps() {
    let (db, _scheduler) = filled(20_000);
    let before = db.snapshot();
    // Versions at the end of the log, so that the order of the ids is not that of the log.
    let mut batch = WriteBatch::new();
    for n in (0..20_000_u64).step_by(7) {
        batch.push(Op::put("c", format!("{n:06}"), Body::json(format!(r#"{{"n": {}}}"#, n * 7919 % 20_000))));
    }
    db.write(batch).expect("the batch is small enough");
    for (condition, is_kept) in [
        ("n < 40", (|n| n < 40) as fn(u64) -> bool),
        ("n >= 40", |n| n >= 40),
        ("n = 19999", |n| n == 19_999),
        ("n < 12000", |n| n < 12_000),
    ] {
        let kept = (0..20_000).filter(|n| is_kept(n * 7919 % 20_000));
        let expected: Vec<String> = kept.map(|n| format!(r#"{{"_id":"{n:06}"}}"#)).collect();
        assert_eq!(ids(&db, &format!("FROM c WHERE {condition} SELECT _id")), expected, "{condition}");
        let rows = before.query(&format!("FROM c WHERE {condition} SELECT _id"), &QueryOptions::new());
        let rows: Vec<_> = rows.expect("it begins").map(|row| row.unwrap().to_json().unwrap()).collect();
        assert_eq!(rows, expected, "{condition} before");
        let last: Vec<String> = expected.iter().rev().skip(1).take(30).cloned().collect();
        assert_eq!(ids(&db, &format!("FROM c WHERE {condition} ORDER BY _id DESC LIMIT 30 OFFSET 1 SELECT _id")), last);
        let count = ids(&db, &format!("FROM c WHERE {condition} COUNT"));
        assert_eq!(count, [format!(r#"{{"count":{}}}"#, expected.len())]);
    }
}
