//! Every way of the planner: which one is chosen, and that it gives the rows of a database without indexes.

use nedb::{Body, Database, FieldPath, IndexKind, JoinInput, JoinKind, JoinOn, JoinPlan, Op, QueryOptions, WriteBatch};
use nedb_nql::{OrderKey, SortDirection};

use super::{
    clock::{TickingClock, ticking},
    ids,
};

const DOCUMENTS: u64 = 20_000;
const SEARCH: IndexKind = IndexKind::Search { stemming: None };

/// `rare` 20 documents a value, `left` and `right` 400 and 8 of both, `common` 2000, `n` one, `plain` without an index.
fn filled(has_indexes: bool) -> Database {
    let db = ticking(&TickingClock::new(1));
    // What is searched is defined on both, also for the past; the index is built on one.
    db.create_index("c", "t", SEARCH).expect("it is a kind");
    let mut batch = WriteBatch::new();
    for n in 0..DOCUMENTS {
        let (rare, common, left, right) = (n % 1000, n % 10, n % 50, n / 50 % 50);
        let text = if n % 400 == 0 { "rare word" } else { "common word" };
        let body = format!(
            r#"{{"n":{},"rare":{rare},"common":{common},"left":{left},"right":{right},"plain":{},"t":"{text}"}}"#,
            n * 7919 % DOCUMENTS,
            n % 100
        );
        batch.push(Op::put("c", format!("{n:06}"), Body::json(body)));
    }
    db.write(batch).expect("the batch is small enough");
    if has_indexes {
        for field in ["n", "rare", "common", "left", "right"] {
            db.create_index("c", field, IndexKind::Ordered).expect("it is a kind");
            db.wait_for_index("c", field, IndexKind::Ordered, &mut |_| ()).expect("it is built");
        }
        db.wait_for_index("c", "t", SEARCH, &mut |_| ()).expect("it is built");
    }
    db
}

/// A query, the way to its documents and on what, and the steps behind it but for the last one.
const WAYS: &[(&str, &str, &str)] = &[
    // A look-up by key comes before any index.
    ("_id = '000007'", "look up: c by _id", "filter"),
    ("_id = '000007' AND rare = 7", "look up: c by _id", "filter"),
    ("rare = 7 AND _id IN ('000007', '001007', '000008')", "look up: c by _id", "filter"),
    // One index.
    ("rare = 7", "index range: c.rare", "filter"),
    ("n >= 100 AND n < 200", "index range: c.n, by _id", "filter"),
    ("rare IN (1, 2, 3)", "index range: c.rare, 3 ranges, by _id", "filter"),
    // Of two that compete the one with fewer documents wins, whichever comes first.
    ("rare = 7 AND common = 7", "index range: c.rare", "filter"),
    ("common = 7 AND rare = 7", "index range: c.rare", "filter"),
    ("n < 5 AND rare = 7", "index range: c.n, by _id", "filter"),
    ("rare = 7 AND n < 5", "index range: c.n, by _id", "filter"),
    ("rare = 7 AND n < 15000", "index range: c.rare", "filter"),
    // Two that leave little together.
    ("left = 3 AND right = 4", "index intersection: c.left and c.right, by _id", "filter"),
    ("right = 4 AND left = 3", "index intersection: c.left and c.right, by _id", "filter"),
    ("right = 4 AND common = 3 AND left = 3", "index intersection: c.left and c.right, by _id", "filter"),
    // Either of two.
    ("rare = 7 OR right = 4", "index union: c.rare or c.right, by _id", "filter"),
    ("rare = 7 OR plain = 4", "scan: c, all documents, by _id", "filter"),
    // The order of an index instead of a sort, unless the filter leaves little to sort.
    ("ORDER BY n DESC LIMIT 10", "index order: c.n, 2 ranges in the order n DESC", ""),
    ("n > 5000 ORDER BY n LIMIT 10", "index order: c.n in the order n", "filter"),
    ("common = 7 ORDER BY n LIMIT 10", "index order: c.n, 2 ranges in the order n", "filter"),
    ("rare = 7 ORDER BY n LIMIT 10", "index range: c.rare", "filter, sort"),
    ("ORDER BY n DESC, _id LIMIT 10", "scan: c, all documents, in the order of the log", "sort"),
    ("ORDER BY plain LIMIT 10", "scan: c, all documents, in the order of the log", "sort"),
    // An index that would cost more than to read everything.
    ("common >= 1", "scan: c, all documents, by _id", "filter"),
    ("n >= 100", "scan: c, all documents, by _id", "filter"),
    ("common >= 1 COUNT", "scan: c, all documents, in the order of the log", "filter, group"),
    ("common = 1 COUNT", "index range: c.common", "filter, group"),
    // No index.
    ("plain = 7", "scan: c, all documents, by _id", "filter"),
    ("_id > '019000' AND plain = 7", "scan: c, a range of _id, by _id", "filter"),
    ("plain = 7 ORDER BY _id DESC LIMIT 5", "scan: c, all documents, by _id descending", "filter"),
    ("n > 5 AND n < 2", "nothing: the filter holds for nothing", "filter"),
    // Words.
    ("SEARCH 'rare'", "search index: rare in t of c, by _id", ""),
    ("SEARCH 'common' ORDER BY _score DESC LIMIT 3", "search index: common in t of c, by rank, the best 3", ""),
    (
        "SEARCH 'common' WHERE rare = 7",
        "search intersection: common in t of c, among 20 documents of the filter, by _id",
        "filter",
    ),
    ("SEARCH 'rare' WHERE common = 7", "search index: rare in t of c, by _id", "filter"),
    ("SEARCH '-common'", "search: -common in t of c, every text, without an index", ""),
];

fn query(moment: &str, clauses: &str) -> String {
    let begins = ["ORDER BY", "SEARCH"].iter().any(|clause| clauses.starts_with(clause));
    format!("FROM c{moment} {}{clauses}", if begins { "" } else { "WHERE " })
}

#[test]
fn the_cheapest_way_is_taken_whatever_the_order_of_writing_and_gives_the_same_rows() {
    let (db, plain) = (filled(true), filled(false));
    let now = db.head().seq().expect("something was written").get();
    let mut wrong = Vec::new();
    for moment in [String::new(), format!(" AS OF {now}")] {
        for (clauses, way, behind) in WAYS {
            let nql = query(&moment, clauses);
            let steps = db.explain(&nql, &QueryOptions::new()).expect("it can be explained").steps;
            let taken = format!("{}: {}", steps[0].operator, steps[0].detail);
            let passed: Vec<&str> = steps[1..steps.len() - 1].iter().map(|step| step.operator.as_str()).collect();
            if taken != *way || passed.join(", ") != *behind {
                wrong.push(format!("{nql}\n  took {taken} | {}\n  not  {way} | {behind}", passed.join(", ")));
            }
            assert_eq!(ids(&db, &nql), ids(&plain, &nql), "{nql}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_order_by_an_index_reads_no_more_documents_than_rows_also_in_the_past() {
    let db = ticking(&TickingClock::new(1));
    let mut batch = WriteBatch::new();
    (0..DOCUMENTS)
        .for_each(|n| batch.push(Op::put("blocks", format!("{n:06}"), Body::json(format!(r#"{{"height":{n}}}"#)))));
    db.write(batch).expect("the batch is small enough");
    db.create_index("blocks", "height", IndexKind::Ordered).expect("it is a kind");
    db.wait_for_index("blocks", "height", IndexKind::Ordered, &mut |_| ()).expect("it is built");
    db.checkpoint().expect("a checkpoint");
    for percent in [1, 50, 99] {
        let seq = DOCUMENTS / 100 * percent;
        let nql = format!("FROM blocks AS OF {seq} ORDER BY height DESC LIMIT 10 SELECT height");
        let steps = db.explain(&nql, &QueryOptions::new()).expect("it can be explained").steps;
        let figures: Vec<_> = steps.iter().map(|step| (step.operator.as_str(), step.rows)).collect();
        assert_eq!(figures, [("index order", 10), ("rows", 10)], "{nql}");
        let rows: Vec<String> = (0..10).map(|n| format!(r#"{{"height":{}}}"#, seq - n)).collect();
        assert_eq!(ids(&db, &nql), rows);
    }
}

#[test]
fn a_join_tells_by_which_ways_it_goes_as_far_as_it_has_gone() {
    let db = Database::in_memory().expect("it is made");
    let mut batch = WriteBatch::new();
    for n in 0..3_000 {
        batch.push(Op::put("people", format!("{n:04}"), Body::json(format!(r#"{{"city":"{}"}}"#, n % 7))));
    }
    for city in 0..7 {
        batch.push(Op::put("cities", city.to_string(), Body::json("{}")));
    }
    db.write(batch).expect("the batch is small enough");
    let path = |text: &str| FieldPath::parse(text).expect("a path");
    let input = |name: &str, collection: &str| JoinInput::all_of(name, collection.parse().expect("a name"));
    let on = JoinOn { left: path("p.city"), right: path("_id") };
    let mut plan = JoinPlan::of(input("p", "people")).join(JoinKind::Inner, input("c", "cities"), vec![on]);
    let steps = |rows: &nedb::Rows| -> Vec<&str> {
        rows.course().expect("it has one").steps.iter().map(|step| step.operator).collect()
    };
    let mut rows = db.join(&plan, &QueryOptions::new()).expect("it is asked");
    assert_eq!(steps(&rows), ["scan"]);
    assert_eq!(rows.by_ref().count(), 3_000);
    let course = rows.course().expect("it has one");
    assert_eq!((course.operator, course.documents_scanned), ("scan", 3_007));
    assert_eq!(steps(&rows), ["scan", "scan", "join"]);
    plan.order = vec![OrderKey { path: path("p.city"), direction: SortDirection::Descending }];
    let rows = db.join(&plan, &QueryOptions::new()).expect("it is asked");
    assert_eq!(steps(&rows), ["scan", "scan", "join", "sort"]);
    let sort = rows.course().and_then(|course| course.steps.last().copied()).expect("it is sorted");
    assert_eq!(sort.collected.map(|(rows, _)| rows), Some(3_000));
}
