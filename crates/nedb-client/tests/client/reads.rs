//! Reads: documents, moments, walks, relations and questions come as they are in process.

use nedb_client::{AsOf, Body, Database, Direction, Object, Params, ScanRange, Seq, SqlAnswer, Value};

use super::daemon::Served;

fn text<'o>(object: &'o Object, name: &str) -> &'o str {
    object.get(name).and_then(Value::as_str).unwrap()
}

fn filled(served: &Served) -> Database {
    let shop = served.database("shop");
    for (id, state) in [("a", "ordered"), ("b/ü", "ordered"), ("c", "paid"), ("a", "paid")] {
        shop.put("orders", id, Body::json(format!(r#"{{"state":"{state}"}}"#))).unwrap();
    }
    shop
}

#[test]
fn a_document_is_read_now_and_at_any_moment() {
    let served = Served::start(&[]);
    let shop = filled(&served);
    assert_eq!(text(&shop.get("orders", "a").unwrap().unwrap(), "state"), "paid");
    let (seq, then) = shop.version_at("orders", "a", Seq::new(2)).unwrap().unwrap();
    assert_eq!((seq, text(&then, "state"), text(&then, "_id")), (Seq::new(0), "ordered", "a"));
    assert!(shop.get_at("orders", "a", AsOf::Empty).unwrap().is_none());
    assert!(shop.get("orders", "nobody").unwrap().is_none());
    assert!(shop.get("orders", "b/ü").unwrap().is_some());
    let counts = |as_of: AsOf| -> Vec<(String, u64)> {
        let listed = shop.collections(as_of).unwrap();
        listed.into_iter().map(|info| (info.name.to_string(), info.documents)).collect()
    };
    assert_eq!(counts(AsOf::Head), [("orders".to_owned(), 3)]);
    assert_eq!(counts(AsOf::Seq(Seq::new(0))), [("orders".to_owned(), 1)]);
    shop.put("gone", "1", Body::json("{}")).unwrap();
    shop.delete("gone", "1").unwrap();
    let names: Vec<String> = shop.collection_names().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!((counts(AsOf::Head).len(), names), (1, vec!["gone".to_owned(), "orders".to_owned()]));
}

#[test]
fn a_walk_has_the_bounds_that_were_asked_for_and_an_end() {
    let served = Served::start(&[]);
    let shop = filled(&served);
    let ids = |range: &ScanRange| -> Vec<String> {
        let rows = shop.scan("orders", range).unwrap();
        rows.map(|row| text(&row.unwrap(), "_id").to_owned()).collect()
    };
    assert_eq!(ids(&ScanRange::all()), ["a", "b/ü", "c"]);
    assert_eq!(ids(&ScanRange::all().reverse().limit(2)), ["c", "b/ü"]);
    assert_eq!(ids(&ScanRange::all().from("b").to("c")), ["b/ü"]);
    assert_eq!(ids(&ScanRange::prefix("b/")), ["b/ü"]);
    let mut rows = shop.scan_at("orders", &ScanRange::all(), Seq::new(1)).unwrap();
    assert_eq!(rows.end(), None);
    assert_eq!(rows.by_ref().count(), 2);
    let end = rows.end().unwrap();
    assert_eq!((end.count, end.seq, end.head), (2, Some(Seq::new(1)), shop.head().unwrap().root));
}

#[test]
fn more_rows_come_than_one_piece_of_an_answer_holds() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let rows = 3_000;
    let batch = (0..rows).fold(nedb_client::WriteBatch::new(), |batch, number| {
        batch.put("c", format!("{number:05}"), Body::json(format!(r#"{{"text":"{}"}}"#, "ä".repeat(100))))
    });
    shop.write(batch).unwrap();
    let read: Vec<Object> = shop.scan("c", &ScanRange::all()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!((read.len(), text(&read[2_999], "_id")), (rows, "02999"));
    // An answer that nobody reads to its end does not stand in the way of the next one.
    drop(shop.scan("c", &ScanRange::all()).unwrap());
    assert!(shop.get("c", "00000").unwrap().is_some());
}

#[test]
fn relations_lead_both_ways() {
    let served = Served::start(&[]);
    let shop = filled(&served);
    shop.link("orders:a", "before", "orders:c").unwrap();
    let nodes = |node: &str, direction| -> Vec<(String, u64)> {
        let found = shop.neighbors(node, "before", direction).unwrap();
        found.into_iter().map(|neighbor| (neighbor.node.to_string(), neighbor.seq.get())).collect()
    };
    assert_eq!(nodes("orders:a", Direction::Outbound), [("orders:c".to_owned(), 4)]);
    assert_eq!(nodes("orders:c", Direction::Inbound), [("orders:a".to_owned(), 4)]);
    assert!(shop.neighbors_at("orders:a", "before", Direction::Outbound, Seq::new(3)).unwrap().is_empty());
    assert!(shop.unlink("orders:a", "before", "orders:c").unwrap().changed());
}

#[test]
fn questions_take_parameters_and_a_moment() {
    let served = Served::start(&[]);
    let shop = filled(&served);
    let params = Params::new().with("state", "paid");
    let nql = "FROM orders WHERE state = $state";
    assert_eq!(shop.query(nql, &params).unwrap().count(), 2);
    assert_eq!(shop.query_at(nql, &params, Seq::new(2)).unwrap().count(), 1);
    let named = "FROM orders AS OF 0 WHERE state = $state";
    assert_eq!(
        shop.query_at(named, &params, Seq::new(2)).unwrap().count(),
        0,
        "an earlier moment of its own is that one"
    );
    let typed = Params::new().with("bytes", Value::Bytes(vec![0, 255]));
    shop.put(
        "typed",
        "1",
        nedb_client::Object::from_fields(vec![("b".to_owned(), Value::Bytes(vec![0, 255]))]).unwrap(),
    )
    .unwrap();
    let row = shop.query("FROM typed WHERE b = $bytes", &typed).unwrap().next().unwrap().unwrap();
    assert_eq!(row.get("b"), Some(&Value::Bytes(vec![0, 255])));
}

#[test]
fn a_row_that_looks_like_an_error_or_an_end_is_a_row() {
    let served = Served::start(&[]);
    let shop = served.database("shop");
    let json = r#"{"error":"e","code":"io","kind":"io","remedy":"r","count":7,"seq":3,"head":"00"}"#;
    shop.put("c", "1", Body::json(json)).unwrap();
    for nql in ["FROM c SELECT error, code, kind, remedy", "FROM c SELECT count, seq, head"] {
        let mut rows = shop.query(nql, &Params::new()).unwrap();
        assert!(rows.by_ref().all(|row| row.is_ok()));
        assert_eq!(rows.end().unwrap().count, 1, "{nql}");
    }
}

#[test]
fn statements_in_sql_read_and_write() {
    let served = Served::start(&[]);
    let shop = filled(&served);
    let params = Value::Array(vec![Value::from("paid")]);
    let SqlAnswer::Rows(rows) = shop.sql("SELECT _id FROM orders WHERE state = ?", params).unwrap() else {
        panic!("a SELECT has rows")
    };
    assert_eq!(rows.count(), 2);
    let SqlAnswer::Written(written) = shop.sql("DELETE FROM orders", Value::Null).unwrap() else {
        panic!("a DELETE writes")
    };
    assert_eq!((written.rowcount, written.seq), (3, Some(Seq::new(6))));
}

#[test]
fn indexes_are_made_built_listed_and_dropped() {
    let served = Served::start(&[]);
    let shop = filled(&served);
    let made = shop.create_index("orders", "state", nedb_client::IndexKind::Ordered).unwrap();
    let built = shop.wait_for_index(&made, &mut |_| ()).unwrap();
    assert_eq!((built.state, built.field.as_str()), (nedb_client::IndexState::Ready, "state"));
    assert_eq!(shop.indexes().unwrap().len(), 1);
    assert!(shop.drop_index("orders", "state", None).unwrap());
    assert!(!shop.drop_index("orders", "state", None).unwrap());
}
