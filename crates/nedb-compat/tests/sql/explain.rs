//! EXPLAIN tells how a SELECT was answered: which table drives a join, how the partners came, and how many rows there were.

use crate::{list, rows};
use nedb::{Body, Database, IndexKind, Value};
use nedb_compat::sql::SqlParams;
use nedb_types::document::json_to_value;

/// More than the engine reads rather than look up, and more rows than it takes at once.
const MANY: usize = 20_000;

/// The steps of an explanation, without their times: `operator | detail | expected rows | rows`.
fn steps(db: &Database, text: &str, params: &SqlParams) -> Vec<String> {
    let told = rows(db, text, params).unwrap();
    let steps = told.iter().map(|row| json_to_value(row.as_bytes()).unwrap());
    let steps = steps.filter(|step| step.as_object().unwrap().get("hint").is_none());
    steps
        .map(|step| {
            let field = |name: &str| step.as_object().unwrap().get(name).cloned();
            let text = |name: &str| field(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap();
            let number = |name: &str| field(name).and_then(|value| value.as_i64());
            assert!(number("time_us").is_some());
            let expected = number("estimated_rows").map_or("-".to_owned(), |rows| rows.to_string());
            format!("{} | {} | {expected} | {}", text("operator"), text("detail"), number("rows").unwrap())
        })
        .collect()
}

fn small() -> Database {
    let db = Database::in_memory().unwrap();
    for (id, customer, total) in [("o1", "ada", 1), ("o2", "bob", 2), ("o3", "ada", 3), ("o4", "eve", 4)] {
        let json = format!(r#"{{"customer":"{customer}","total":{total}}}"#);
        db.put("orders", id, Body::json(json)).unwrap();
    }
    for (id, region) in [("ada", 1), ("bob", 2), ("cyd", 3)] {
        db.put("customers", id, Body::json(format!(r#"{{"name":"{id}","region":{region}}}"#))).unwrap();
    }
    db
}

#[test]
fn explain_of_a_join_tells_which_table_drives_and_how_the_partners_came() {
    let db = small();
    let text = "EXPLAIN SELECT o._id, c.region FROM orders o JOIN customers c ON o.customer = c._id \
        WHERE o.total > ? AND (c.region = 1 OR o.total = 2) ORDER BY o.total DESC LIMIT 1";
    assert_eq!(
        steps(&db, text, &list([1_i64])),
        [
            "scan | o: orders, all documents, by _id | 4 | 4",
            "filter | o: by total | - | 3",
            "look up | c: customers by _id | 3 | 2",
            "filter | c: by _id | - | 2",
            "join | o.customer = c._id | - | 2",
            "filter | by c.region, o.total | - | 2",
            "sort | o.total DESC | - | 2",
            "rows | offset, limit, projection | - | 1",
        ]
    );
    let text = "EXPLAIN SELECT c.region, COUNT(*) FROM customers c LEFT JOIN orders o ON o.customer = c._id \
        GROUP BY c.region";
    assert_eq!(
        steps(&db, text, &SqlParams::None),
        [
            "scan | c: customers, all documents, by _id | 3 | 3",
            "scan | o: orders, all documents, by _id | 4 | 4",
            "filter | o: by customer | - | 3",
            "join | c._id = o.customer, rows without a partner stay | - | 4",
            "group | c.region, count | - | 3",
            "rows | offset, limit, projection | - | 3",
        ]
    );
}

#[test]
fn explain_of_a_join_names_the_index_and_counts_all_batches() {
    let db = Database::in_memory().unwrap();
    let documents = |count: usize| (0..count).map(|n| (format!("{n:05}"), format!(r#"{{"k":{n}}}"#)));
    for (collection, count) in [("l", 3_000), ("r", MANY)] {
        let put = |(id, json): (String, String)| nedb::Op::put(collection, id, Body::json(json));
        db.write(documents(count).map(put).fold(nedb::WriteBatch::new(), nedb::WriteBatch::op)).unwrap();
    }
    let text = "EXPLAIN SELECT l._id FROM l JOIN r ON l.k = r.k";
    let read = steps(&db, text, &SqlParams::None);
    assert_eq!(read[1], "scan | r: r, all documents, by _id | 20000 | 20000");
    db.create_index("r", "k", IndexKind::Ordered).unwrap();
    db.wait_for_index("r", "k", IndexKind::Ordered, &mut |_| ()).unwrap();
    let looked_up = steps(&db, text, &SqlParams::None);
    assert_eq!(looked_up[1], "index range | r: r.k, 1024 ranges, by _id, for 3 batches of rows | 3000 | 3000");
    assert_eq!(looked_up[3..], ["join | l.k = r.k | - | 3000", "rows | offset, limit, projection | - | 3000"]);
}

#[test]
fn explain_of_one_table_is_that_of_the_query_language() {
    let db = small();
    let how = steps(&db, "EXPLAIN QUERY PLAN SELECT name FROM customers WHERE region >= 2", &SqlParams::None);
    assert_eq!(how, steps(&db, "EXPLAIN ANALYZE SELECT name FROM customers WHERE region >= 2", &SqlParams::None));
    let nql = nedb_compat::sql::to_nql("EXPLAIN SELECT name FROM customers WHERE region >= 2").unwrap();
    assert_eq!(nql, "EXPLAIN FROM customers WHERE region >= 2 SELECT name");
    let told: Vec<Value> = db.query(&nql).unwrap().map(|row| Value::from(row.unwrap().to_json().unwrap())).collect();
    assert_eq!(told.len(), how.len() + 1, "the last one is a hint");
}
