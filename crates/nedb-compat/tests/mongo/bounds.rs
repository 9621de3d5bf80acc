//! Limits: what is too large is refused by its limit, and what is asked for little reads little.

use nedb::{AsOf, Database, ErrorCode, Op, WriteBatch};
use nedb_compat::mongo::{Client, FindOptions, Upsert};
use nedb_types::{Object, Value, document::json_to_value};

/// An object from its JSON.
pub fn object(json: &str) -> Object {
    json_to_value(json.as_bytes()).unwrap().as_object().unwrap().clone()
}

fn filled(documents: usize) -> Database {
    let db = Database::in_memory().unwrap();
    let numbers: Vec<usize> = (0..documents).collect();
    for part in numbers.chunks(10_000) {
        let put = |n: &usize| Op::put("c", format!("{n:08}"), object(&format!(r#"{{"n": {n}}}"#)));
        let batch = part.iter().map(put).fold(WriteBatch::new(), WriteBatch::op);
        db.write(batch).unwrap();
    }
    db
}

#[test]
fn one_call_changes_no_more_documents_than_one_transaction_holds() {
    let db = filled(65_537);
    let all = Client::new(&db).collection("c");
    let head = db.head();
    let refused = all.update_many(&Object::new(), &object(r#"{"$inc": {"n": 1}}"#), Upsert::Nothing).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::BatchTooLarge);
    assert_eq!(all.delete_many(&Object::new()).unwrap_err().code(), ErrorCode::BatchTooLarge);
    assert_eq!(db.head(), head);
    assert_eq!(
        all.update_many(&object(r#"{"n": {"$lt": 100}}"#), &object(r#"{"$inc": {"n": 1}}"#), Upsert::Nothing)
            .unwrap()
            .modified,
        100
    );
}

#[test]
fn a_sort_with_a_limit_keeps_what_comes_first() {
    let db = filled(5_000);
    let options = FindOptions::new().sort(object(r#"{"n": -1}"#)).skip(2).limit(3);
    let found = Client::new(&db).collection("c").find(&Object::new(), &options).unwrap();
    let found: Vec<Value> = found.map(|document| document.unwrap().get("n").unwrap().clone()).collect();
    assert_eq!(found, [4997, 4996, 4995].map(Value::from));
}

#[test]
fn a_filter_nests_no_deeper_than_a_query() {
    let db = Database::in_memory().unwrap();
    let nested = (0..200).fold(object(r#"{"a": 1}"#), |inner, _| {
        let mut outer = Object::new();
        outer.insert("$and", Value::Array(vec![inner.into()]));
        outer
    });
    let refused = Client::new(&db).collection("c").find(&nested, &FindOptions::new()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::QueryTooLarge);
}

#[test]
fn an_unwind_makes_only_the_documents_that_are_asked_for_and_repeats_no_array() {
    let db = Database::in_memory().unwrap();
    let pairs = Client::new(&db).collection("c");
    let elements = |count: i64, length: usize| Value::Array((0..count).map(|_| "e".repeat(length).into()).collect());
    let mut wide = object(r#"{"_id": "wide"}"#);
    wide.insert("t", "t".repeat(1 << 20));
    wide.insert("l", elements(4_000, 1));
    pairs.insert_one(wide).unwrap();
    let mut long = object(r#"{"_id": "long"}"#);
    long.insert("o", object("{}"));
    long.insert("l", elements(40_000, 100));
    pairs.insert_one(long).unwrap();
    let pipe = |stages: &str| {
        let stages = json_to_value(stages.as_bytes()).unwrap();
        let found = pairs.aggregate(stages.as_array().unwrap(), AsOf::Head).unwrap();
        found.collect::<nedb::Result<Vec<Object>>>().unwrap()
    };
    assert_eq!(pipe(r#"[{"$match": {"_id": "wide"}}, {"$unwind": "$l"}, {"$limit": 2}]"#).len(), 2);
    let counted = pipe(r#"[{"$match": {"_id": "long"}}, {"$unwind": "$l"}, {"$count": "n"}]"#);
    assert_eq!(counted, [object(r#"{"n": 40000}"#)]);
}
