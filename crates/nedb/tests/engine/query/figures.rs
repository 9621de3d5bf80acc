//! The figures of EXPLAIN: how long each step took, how many rows were expected and how many came.

use nedb::{Body, Database, IndexKind, Op, QueryOptions, WriteBatch};

use super::clock::{TickingClock, ticking};

const DOCUMENTS: u64 = 20_000;

/// What an estimate may say too much: of a long range about two blocks of an index, and a part of it.
const ESTIMATED_MORE_MAX: u64 = 2_048;

/// Values that are as uneven as the lengths of names: every second document has the first one, every fourth the second one.
fn skewed(db: &Database) {
    let mut batch = WriteBatch::new();
    for n in 0..DOCUMENTS {
        let body = format!(r#"{{"skew":{},"n":{},"t":"word{}"}}"#, (n + 1).trailing_zeros(), n * 7 % DOCUMENTS, n % 9);
        batch.push(Op::put("c", format!("{n:06}"), Body::json(body)));
    }
    db.write(batch).expect("the batch is small enough");
}

#[test]
fn every_step_tells_the_time_it_took_and_together_they_took_no_longer_than_the_query() {
    let clock = TickingClock::new(7);
    let db = ticking(&clock);
    skewed(&db);
    db.create_index("c", "n", IndexKind::Ordered).expect("it is a kind");
    db.wait_for_index("c", "n", IndexKind::Ordered, &mut |_| ()).expect("it is built");
    for n in 0..50 {
        db.link(&format!("c:{n:06}"), "r", &format!("c:{:06}", n + 1)).expect("links are taken");
    }
    for (nql, working) in [
        ("FROM c", 1),
        ("FROM c WHERE skew = 3 ORDER BY t LIMIT 5", 3),
        ("FROM c WHERE skew > 1 GROUP BY t SUM n", 3),
        ("FROM c WHERE n < 500 AND skew = 2", 2),
        ("FROM c ORDER BY n DESC LIMIT 100", 1),
        ("FROM c SEARCH 'word3' ORDER BY _score DESC LIMIT 3", 2),
        ("FROM c WHERE n < 40 TRAVERSE r *1..3 WHERE skew = 1", 4),
    ] {
        let start_us = clock.now_us();
        let steps = db.explain(nql, &QueryOptions::new().deadline_us(u64::MAX / 2)).expect("it is sound").steps;
        let elapsed_us = clock.now_us() - start_us;
        let sum_us: u64 = steps.iter().map(|step| step.time_us).sum();
        assert!(sum_us <= elapsed_us, "{nql}: {sum_us} of {elapsed_us} µs: {steps:?}");
        assert!(sum_us * 2 >= elapsed_us, "{nql}: most of {elapsed_us} µs went into the steps: {steps:?}");
        let idle: Vec<_> = steps.iter().take(working).filter(|step| step.time_us == 0).collect();
        assert!(idle.is_empty(), "{nql}: {idle:?}");
    }
}

#[test]
fn estimates_of_an_index_are_near_on_skewed_values() {
    let clock = TickingClock::new(1);
    let db = ticking(&clock);
    skewed(&db);
    db.create_index("c", "skew", IndexKind::Ordered).expect("it is a kind");
    db.wait_for_index("c", "skew", IndexKind::Ordered, &mut |_| ()).expect("it is built");
    let now = db.head().seq().expect("something was written").get();
    let near = |moment: &str| {
        let mut ranges: Vec<String> = (0..14).map(|value| format!("skew = {value}")).collect();
        ranges.extend((0..14).map(|value| format!("skew > {value}")));
        ranges.extend((0..14).map(|value| format!("skew < {value}")));
        for range in ranges {
            // GROUP BY needs no order, so that the index is read as it is.
            let nql = format!("FROM c {moment} WHERE {range} GROUP BY t");
            let steps = db.explain(&nql, &QueryOptions::new()).expect("it is sound").steps;
            let filter = steps.iter().find(|step| step.operator == "filter").expect("there is a filter");
            let (actual, estimated) = (filter.rows, filter.estimated_rows.expect("an index knows the field"));
            let most = actual + actual / 4 + ESTIMATED_MORE_MAX;
            assert!((actual..=most).contains(&estimated), "{nql}: {estimated} expected, {actual} came");
        }
    };
    near("");
    db.checkpoint().expect("a checkpoint");
    near("");
    // A past that is much larger than the present.
    let mut batch = WriteBatch::new();
    (0..DOCUMENTS / 2).for_each(|n| batch.push(Op::delete("c", format!("{n:06}"))));
    db.write(batch).expect("the batch is small enough");
    db.checkpoint().expect("a checkpoint");
    near("");
    near(&format!("AS OF {now}"));
}

#[test]
fn a_scan_expects_the_documents_of_its_collection_and_a_filter_what_indexes_know() {
    let clock = TickingClock::new(1);
    let db = ticking(&clock);
    skewed(&db);
    db.put("other", "one", Body::json("{}")).expect("a put");
    let expected = |nql: &str| {
        let steps = db.explain(nql, &QueryOptions::new()).expect("it is sound").steps;
        steps.iter().map(|step| (step.operator.clone(), step.estimated_rows)).collect::<Vec<_>>()
    };
    let step = |operator: &str, rows: Option<u64>| (operator.to_owned(), rows);
    assert_eq!(expected("FROM c")[0], step("scan", Some(DOCUMENTS)));
    assert_eq!(expected("FROM nowhere")[0], step("scan", Some(0)));
    // No operation makes more than one document.
    assert_eq!(expected("FROM c AS OF 9")[0], step("scan", Some(10)));
    assert_eq!(expected("FROM c WHERE _id > '019000'")[0], step("scan", None));
    assert_eq!(expected("FROM c WHERE skew = 1")[1], step("filter", None), "without an index it would be a guess");
    db.create_index("c", "skew", IndexKind::Ordered).expect("it is a kind");
    db.wait_for_index("c", "skew", IndexKind::Ordered, &mut |_| ()).expect("it is built");
    assert_eq!(expected("FROM c WHERE skew = 1")[1], step("filter", Some(DOCUMENTS / 4)));
    // Two conditions on one field are one range.
    assert_eq!(
        expected("FROM c WHERE skew >= 3 AND skew <= 4")[1],
        step("filter", Some(DOCUMENTS / 16 + DOCUMENTS / 32))
    );
    assert_eq!(expected("FROM c WHERE skew = 1 AND t = 'word1'")[1], step("filter", None));
    assert_eq!(expected("FROM c VALID AS OF '2024-01-01' WHERE skew = 1")[1], step("filter", None));
    for (nql, operator) in [
        ("FROM c ORDER BY t", "sort"),
        ("FROM c GROUP BY t", "group"),
        ("FROM c SEARCH 'word1'", "search"),
        ("FROM c TRAVERSE r", "traverse"),
        ("FROM c TRACE caused_by", "trace"),
        ("FROM c", "rows"),
    ] {
        assert!(expected(nql).contains(&step(operator, None)), "{nql}: {:?}", expected(nql));
    }
}
