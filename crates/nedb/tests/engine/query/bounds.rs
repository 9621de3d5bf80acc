//! Every operator ends soon after its query was cancelled or its time is over, keeps to its memory, and leaves the database
//! as it was.
//!
//! The clock goes on by one with each look at it, so that a deadline or a cancellation falls into the middle of each
//! operator's work, at the same place in every run.

use std::sync::Arc;

use nedb::{
    Body, Database, ErrorCode, FieldPath, IndexKind, JoinInput, JoinKind, JoinOn, JoinPlan, Op, QueryOptions, Result,
    Rows, WriteBatch,
};
use nedb_nql::{OrderKey, SortDirection};

use super::clock::{TickingClock, ticking};

/// Documents of the large collections.
const MANY: u64 = 12_000;
const FEW: u64 = 3_000;

/// A deadline that never comes; with one, each look of the query is one at the clock.
const NEVER_US: u64 = u64::MAX / 2;

/// Looks that may follow the one that ends a query: those of other threads, and one at the begin of a part.
const FURTHER_LOOKS_MAX: u64 = 8;

/// How many looks there are at least: one for so many documents, versions, edges or entries.
const ROWS_PER_LOOK: u64 = 128;

/// One way of asking, and on how much it works.
struct Work {
    name: &'static str,
    ask: Ask,
    rows: u64,
}

enum Ask {
    Text(String),
    Join(Box<JoinPlan>),
}

impl Ask {
    fn rows(&self, db: &Database, options: &QueryOptions) -> Result<Rows> {
        match self {
            Self::Text(nql) => db.query_with(nql, options),
            Self::Join(plan) => db.join(plan, options),
        }
    }

    fn count(&self, db: &Database, options: &QueryOptions) -> Result<usize> {
        Ok(self.rows(db, options)?.collect::<Result<Vec<_>>>()?.len())
    }
}

fn work(name: &'static str, nql: impl Into<String>, rows: u64) -> Work {
    Work { name, ask: Ask::Text(nql.into()), rows }
}

fn join(order: &[&str]) -> Ask {
    let input = |name: &str, collection: &str| JoinInput::all_of(name, collection.parse().expect("a name"));
    let path = |text: &str| FieldPath::parse(text).expect("a path");
    let on = JoinOn { left: path("a.few"), right: path("few") };
    let mut plan = JoinPlan::of(input("a", "c")).join(JoinKind::Inner, input("b", "d"), vec![on]);
    plan.order = order.iter().map(|key| OrderKey { path: path(key), direction: SortDirection::Descending }).collect();
    Ask::Join(Box::new(plan))
}

fn put_all(db: &Database, ops: impl Iterator<Item = Op>) {
    let ops: Vec<Op> = ops.collect();
    for chunk in ops.chunks(4_000) {
        db.write(chunk.iter().cloned().fold(WriteBatch::new(), WriteBatch::op)).expect("the batch is small enough");
    }
}

/// `c` without indexes, `i` like it with them, `d` with few documents, `long` whose values share the beginning of their keys,
/// `e` where each version is caused by the one before; a ring of links; one document with many versions.
fn filled(clock: &Arc<TickingClock>) -> Database {
    let db = ticking(clock);
    let body = |n: u64| {
        let words = if n.is_multiple_of(2) { "even tree" } else { "odd tree" };
        format!(r#"{{"n":{},"few":{},"left":{},"right":{},"t":"{words}"}}"#, n * 7 % MANY, n % FEW, n % 40, n / 40 % 40)
    };
    for collection in ["c", "i"] {
        put_all(&db, (0..MANY).map(|n| Op::put(collection, format!("{n:06}"), Body::json(body(n)))));
    }
    put_all(&db, (0..FEW).map(|n| Op::put("d", format!("{n:06}"), Body::json(body(n)))));
    let shared = "x".repeat(600);
    put_all(&db, (0..FEW).map(|n| Op::put("long", format!("{n:06}"), Body::json(format!(r#"{{"s":"{shared}{n}"}}"#)))));
    put_all(&db, (0..FEW).map(|n| Op::link(format!("c:{n:06}"), "r", format!("c:{:06}", (n + 1) % FEW))));
    put_all(&db, (0..FEW).map(|n| Op::put("v", "one", Body::json(format!(r#"{{"n":{n}}}"#)))));
    let first = db.head().size;
    put_all(
        &db,
        (0..FEW).map(|n| {
            let op = Op::put("e", format!("{n:06}"), Body::json("{}"));
            if n == 0 { op } else { op.caused_by(nedb::Seq::new(first + n - 1)) }
        }),
    );
    for (collection, field, kind) in [
        ("i", "n", IndexKind::Ordered),
        ("i", "left", IndexKind::Eq),
        ("i", "right", IndexKind::Eq),
        ("long", "s", IndexKind::Ordered),
        ("i", "t", IndexKind::Search { stemming: None }),
    ] {
        db.create_index(collection, field, kind).expect("it is a kind");
        db.wait_for_index(collection, field, kind, &mut |_| ()).expect("it is built");
    }
    db
}

/// Every operator, by a query in which it has most of the work.
fn works(db: &Database) -> Vec<Work> {
    let ids: Vec<String> = (0..MANY).map(|n| format!("'{n:06}'")).collect();
    let last = db.head().size - 1;
    vec![
        work("scan", "FROM c", MANY),
        work("scan backwards", "FROM c ORDER BY _id DESC", MANY),
        work("scan of the past", format!("FROM c AS OF {last}"), MANY),
        work("filter", "FROM c WHERE t LIKE '%nothing%' OR few = 7", MANY),
        work("look up", format!("FROM c WHERE _id IN ({})", ids.join(",")), MANY),
        work("sort", "FROM c ORDER BY n", MANY),
        work("sort of the first", "FROM c ORDER BY n LIMIT 10", MANY),
        work("group", "FROM c GROUP BY few SUM n", MANY),
        work("aggregates alone", "FROM c MIN n, MAX t, COUNT", MANY),
        work("index range", "FROM i WHERE n < 3000 GROUP BY left", 3_000),
        work("index order", "FROM i ORDER BY n DESC", MANY),
        work("index order of long values", "FROM long ORDER BY s LIMIT 2900", FEW),
        work("index by id", "FROM i WHERE n < 3000", 3_000),
        work("index intersection", "FROM i WHERE left = 7 AND right = 9", 16),
        work("index union", "FROM i WHERE n < 1000 OR right = 9", 1_300),
        work("index merge", "FROM i WHERE right IN (1, 2, 3, 4, 5)", 1_500),
        work("empty ranges", format!("FROM i WHERE n IN ({})", absent(20_000)), 20_000),
        work("search", "FROM c SEARCH 'tree -even'", MANY),
        work("search index", "FROM i SEARCH 'tree'", MANY),
        work("search index by rank", "FROM i SEARCH 'tree' ORDER BY _score DESC LIMIT 5000", 5_000),
        work("search intersection", "FROM i SEARCH 'tree' WHERE n < 600", 600),
        work("traverse", format!("FROM c WHERE _id < '{FEW:06}' TRAVERSE r *1..5"), FEW),
        work("traverse back", format!("FROM c WHERE _id < '{FEW:06}' TRAVERSE r *1..5 REVERSE"), FEW),
        work("trace", "FROM e WHERE _id = '002999' TRACE caused_by", FEW),
        work("trace forwards", "FROM e WHERE _id = '000000' TRACE caused_by REVERSE", FEW),
        work("history", "HISTORY v one", FEW),
        work("diff", format!("DIFF c FROM 0 TO {last}"), MANY),
        work("diff of what is as it was", format!("DIFF nowhere FROM 0 TO {last}"), last),
        Work { name: "join", ask: join(&[]), rows: MANY },
        Work { name: "join in order", ask: join(&["a.n", "b.n"]), rows: MANY },
    ]
}

/// Values that no document has, as a list.
fn absent(count: u64) -> String {
    (0..count).map(|n| format!("{n}.5")).collect::<Vec<_>>().join(",")
}

#[test]
fn every_operator_ends_soon_after_its_deadline_or_a_cancellation() {
    let clock = TickingClock::new(1);
    let db = filled(&clock);
    for Work { name, ask, rows } in works(&db) {
        let unbounded = QueryOptions::new().deadline_us(NEVER_US);
        let before = clock.looks();
        let count = ask.count(&db, &unbounded).unwrap_or_else(|error| panic!("{name}: {error}"));
        let looks = clock.looks() - before;
        assert!(looks >= rows / ROWS_PER_LOOK, "{name} looks {looks} times on {rows} rows");
        for part in 0..6 {
            let at = (looks * part / 6).max(1);
            for (code, options) in [
                (ErrorCode::QueryTimeout, QueryOptions::new().deadline_us(at)),
                (ErrorCode::Cancelled, unbounded.clone().cancel(clock.cancel_after(at))),
            ] {
                let before = clock.looks();
                let ended = ask.count(&db, &options).map_err(|error| error.code());
                let further = (clock.looks() - before).saturating_sub(at);
                assert_eq!(ended, Err(code), "{name} at look {at} of {looks}");
                assert!(further <= FURTHER_LOOKS_MAX, "{name} looks {further} times after its end");
            }
        }
        assert_eq!(ask.count(&db, &QueryOptions::new()).ok(), Some(count), "{name} afterwards");
    }
    db.put("c", "after", Body::json("{}")).expect("the database goes on");
}

#[test]
fn every_operator_that_keeps_rows_keeps_to_its_memory() {
    let clock = TickingClock::new(1);
    let db = filled(&clock);
    let last = db.head().size - 1;
    let keep = |nql: &str| Ask::Text(nql.to_owned());
    for (name, ask) in [
        ("sort", keep("FROM c ORDER BY n")),
        ("sort of the first", keep("FROM c ORDER BY n LIMIT 5000")),
        ("group", keep("FROM c GROUP BY few")),
        ("index by id", keep("FROM i WHERE n < 3000")),
        ("index backwards by id", keep("FROM i WHERE right = 7 ORDER BY _id DESC")),
        ("index intersection", keep("FROM i WHERE left = 7 AND right = 9")),
        ("index union", keep("FROM i WHERE n < 1000 OR right = 9")),
        ("index order of long values", keep("FROM long ORDER BY s LIMIT 2900")),
        ("search", keep("FROM c SEARCH 'tree'")),
        ("search index by rank", keep("FROM i SEARCH 'tree' ORDER BY _score DESC LIMIT 5000")),
        ("search intersection", keep("FROM i SEARCH 'tree' WHERE n < 600")),
        ("traverse", keep("FROM c TRAVERSE r *1..5")),
        ("traverse from one", keep("FROM c WHERE _id = '000000' TRAVERSE r *1..100")),
        ("trace", keep("FROM e WHERE _id = '002999' TRACE caused_by")),
        ("trace forwards", keep("FROM e WHERE _id = '000000' TRACE caused_by REVERSE")),
        ("diff", Ask::Text(format!("DIFF c FROM 0 TO {last}"))),
        ("join", join(&[])),
        ("join in order", join(&["a.n"])),
    ] {
        let small = QueryOptions::new().memory_bytes_max(8_000);
        let ended = ask.count(&db, &small).map_err(|error| error.code());
        assert_eq!(ended, Err(ErrorCode::QueryMemoryExceeded), "{name}");
        assert!(ask.count(&db, &QueryOptions::new()).is_ok_and(|count| count > 0), "{name} afterwards");
    }
}

#[test]
fn an_order_by_long_values_gives_back_what_it_has_shown() {
    let clock = TickingClock::new(1);
    let db = ticking(&clock);
    // Pairs that share the beginning of their keys: each is put in order by itself.
    let value = |n: u64| format!("{:06}{}{n}", n / 2, "x".repeat(600));
    put_all(
        &db,
        (0..4_000).map(|n| Op::put("long", format!("{n:06}"), Body::json(format!(r#"{{"s":"{}"}}"#, value(n))))),
    );
    db.create_index("long", "s", IndexKind::Ordered).expect("it is a kind");
    db.wait_for_index("long", "s", IndexKind::Ordered, &mut |_| ()).expect("it is built");
    let nql = "FROM long ORDER BY s LIMIT 4000 SELECT _id";
    let explained = db.explain(nql, &QueryOptions::new()).expect("it can be explained");
    assert_eq!(explained.steps[0].operator, "index order");
    let small = QueryOptions::new().memory_bytes_max(20_000);
    assert_eq!(Ask::Text(nql.to_owned()).count(&db, &small).ok(), Some(4_000));
}

#[test]
fn a_query_that_finds_its_index_far_behind_ends_in_time_and_the_next_one_goes_on() {
    let clock = TickingClock::new(1);
    let db = ticking(&clock);
    db.create_index("c", "n", IndexKind::Eq).expect("it is a kind");
    db.wait_for_index("c", "n", IndexKind::Eq, &mut |_| ()).expect("there is nothing to build");
    let documents = 80_000;
    put_all(
        &db,
        (0..documents).map(|n| Op::put("c", format!("{n:06}"), Body::json(format!(r#"{{"n":{}}}"#, n % 1000)))),
    );
    let position = || db.indexes()[0].position;
    assert_eq!(position(), 0, "nothing follows in the background of this test");
    let ask = Ask::Text("FROM c WHERE n = 7".to_owned());
    let cancelled = QueryOptions::new().deadline_us(NEVER_US).cancel(clock.cancel_after(4));
    assert_eq!(ask.count(&db, &cancelled).map_err(|error| error.code()), Err(ErrorCode::Cancelled));
    assert!((1..documents).contains(&position()), "it ended between two steps, at {}", position());
    let late = QueryOptions::new().deadline_us(2);
    assert_eq!(ask.count(&db, &late).map_err(|error| error.code()), Err(ErrorCode::QueryTimeout));
    assert_eq!(ask.count(&db, &QueryOptions::new()).ok(), Some(80));
    assert_eq!(position(), documents);
}
