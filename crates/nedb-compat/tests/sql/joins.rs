//! Joins give the same rows whichever way the engine takes: look-ups by id, look-ups by an index, or a table in memory.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::rows;
use nedb::{Body, Database, ErrorCode, IndexKind, QueryOptions, WriteBatch};
use nedb_compat::sql::{self, SqlAnswer, SqlParams};

/// More than the engine takes at once, so that it has to choose a way.
const ORDERS: usize = 5_000;

/// More than it reads rather than look up.
const CUSTOMERS: usize = 20_000;

fn shop() -> Database {
    let db = Database::in_memory().unwrap();
    let mut batch = WriteBatch::new();
    for order in 0..ORDERS {
        let customer = order * 7 % (CUSTOMERS + 1000);
        let json = format!(r#"{{"customer":"c{customer}","number":{customer}.0,"total":{order}}}"#);
        batch.push(nedb::Op::put("orders", format!("o{order:04}"), Body::json(json)));
    }
    batch.push(nedb::Op::put("orders", "o9998", Body::json(r#"{"customer":null}"#)));
    batch.push(nedb::Op::put("orders", "o9999", Body::json("{}")));
    db.write(batch).unwrap();
    let mut batch = WriteBatch::new();
    for customer in 0..CUSTOMERS {
        let json = format!(r#"{{"number":{customer},"region":{}}}"#, customer % 10);
        batch.push(nedb::Op::put("customers", format!("c{customer}"), Body::json(json)));
    }
    db.write(batch).unwrap();
    db
}

/// What a nested loop gives.
fn expected(is_left: bool) -> Vec<String> {
    let mut rows = Vec::new();
    for order in 0..ORDERS {
        let customer = order * 7 % (CUSTOMERS + 1000);
        if customer < CUSTOMERS {
            rows.push(format!(r#"{{"_id":"o{order:04}","region":{}}}"#, customer % 10));
        } else if is_left {
            rows.push(format!(r#"{{"_id":"o{order:04}","region":null}}"#));
        }
    }
    if is_left {
        rows.push(r#"{"_id":"o9998","region":null}"#.to_owned());
        rows.push(r#"{"_id":"o9999","region":null}"#.to_owned());
    }
    rows
}

#[test]
fn every_way_to_join_gives_the_rows_of_a_nested_loop() {
    let db = shop();
    for kind in ["JOIN", "LEFT JOIN"] {
        let wanted = expected(kind == "LEFT JOIN");
        let by = |column: &str, partner: &str| {
            let on = format!("o.{column} = c.{partner}");
            rows(&db, &format!("SELECT o._id, c.region FROM orders o {kind} customers c ON {on}"), &SqlParams::None)
                .unwrap()
        };
        assert_eq!(by("customer", "_id"), wanted, "look-ups by id");
        assert_eq!(by("number", "number"), wanted, "a table in memory");
        db.create_index("customers", "number", IndexKind::Ordered).unwrap();
        assert_eq!(by("number", "number"), wanted, "look-ups by an index");
        db.drop_index("customers", "number", None).unwrap();
    }
}

#[test]
fn a_join_of_many_with_many_gives_each_pair_in_the_order_of_the_ids() {
    let db = Database::in_memory().unwrap();
    for row in 0..40 {
        db.put("l", format!("{row:02}"), Body::json(format!(r#"{{"k":{}}}"#, row % 3))).unwrap();
        db.put("r", format!("{row:02}"), Body::json(format!(r#"{{"k":{}}}"#, row % 4))).unwrap();
    }
    let mut wanted = Vec::new();
    for left in 0..40 {
        for right in (0..40).filter(|right| left % 3 == right % 4) {
            wanted.push(format!(r#"{{"a":"{left:02}","b":"{right:02}"}}"#));
        }
    }
    let text = "SELECT l._id AS a, r._id AS b FROM l JOIN r ON l.k = r.k";
    assert_eq!(rows(&db, text, &SqlParams::None).unwrap(), wanted);
}

#[test]
fn values_too_long_for_a_key_are_compared_whole() {
    let db = Database::in_memory().unwrap();
    let long = "x".repeat(5_000);
    db.put("l", "1", Body::json(format!(r#"{{"k":"{long}a"}}"#))).unwrap();
    db.put("r", "1", Body::json(format!(r#"{{"k":"{long}a"}}"#))).unwrap();
    db.put("r", "2", Body::json(format!(r#"{{"k":"{long}b"}}"#))).unwrap();
    let found = rows(&db, "SELECT r._id FROM l JOIN r ON l.k = r.k", &SqlParams::None).unwrap();
    assert_eq!(found, [r#"{"_id":"1"}"#]);
}

#[test]
fn both_sides_are_read_as_of_one_moment() {
    let db = Database::in_memory().unwrap();
    db.put("l", "1", Body::json(r#"{"k":1,"v":"old"}"#)).unwrap();
    db.put("r", "1", Body::json(r#"{"k":1,"v":"old"}"#)).unwrap();
    db.put("l", "1", Body::json(r#"{"k":1,"v":"new"}"#)).unwrap();
    db.put("r", "1", Body::json(r#"{"k":1,"v":"new"}"#)).unwrap();
    let text = |as_of: &str| format!("SELECT l.v AS a, r.v AS b FROM l {as_of} JOIN r ON l.k = r.k");
    let ask = |as_of: &str| rows(&db, &text(as_of), &SqlParams::None).unwrap();
    assert_eq!(ask("AS OF 1"), [r#"{"a":"old","b":"old"}"#]);
    assert_eq!(ask("AS OF 2"), [r#"{"a":"new","b":"old"}"#]);
    assert_eq!(ask("AS OF 0"), [""; 0]);
    assert_eq!(ask(""), [r#"{"a":"new","b":"new"}"#]);
}

#[test]
fn a_table_that_does_not_fit_the_memory_of_the_query_is_refused() {
    let db = shop();
    let options = QueryOptions::new().memory_bytes_max(64 << 10);
    let text = "SELECT o._id FROM orders o JOIN customers c ON o.number = c.number";
    let SqlAnswer::Rows(rows) = sql::exec_with(&db, text, &SqlParams::None, &options).unwrap() else {
        panic!("a SELECT gives rows")
    };
    let error = rows.collect::<nedb::Result<Vec<_>>>().unwrap_err();
    assert_eq!(error.code(), ErrorCode::QueryMemoryExceeded);
}

#[test]
fn groups_orders_and_bounds_apply_to_joined_rows() {
    let db = shop();
    let mut wanted: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for order in 0..ORDERS {
        let customer = order * 7 % (CUSTOMERS + 1000);
        if customer < CUSTOMERS && order > 100 {
            let figures = wanted.entry(customer % 10).or_default();
            figures.0 += 1;
            figures.1 += order as u64;
        }
    }
    let mut text = String::new();
    let mut sorted: Vec<_> = wanted.into_iter().collect();
    sorted.sort_by_key(|(region, (_, total))| (std::cmp::Reverse(*total), *region));
    for (region, (count, total)) in sorted.into_iter().skip(1).take(3) {
        writeln!(text, r#"{{"region":{region},"n":{count},"total":{total}}}"#).unwrap();
    }
    let statement = "SELECT c.region, COUNT(*) AS n, SUM(o.total) AS total FROM orders o \
        JOIN customers c ON o.customer = c._id WHERE o.total > 100 \
        GROUP BY c.region ORDER BY total DESC LIMIT 3 OFFSET 1";
    assert_eq!(rows(&db, statement, &SqlParams::None).unwrap().join("\n") + "\n", text);
}
