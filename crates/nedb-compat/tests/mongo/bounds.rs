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

/// The code of a call that is refused.
fn refusal(db: &Database, call: &str) -> ErrorCode {
    let bounds = nedb::QueryOptions::new().memory_bytes_max(1 << 20);
    nedb_compat::mongo::run_with(db, &object(call), &bounds).unwrap_err().code()
}

#[test]
fn a_path_has_no_more_parts_than_a_document_has_levels() {
    let db = Database::in_memory().unwrap();
    let long = vec!["a"; 100_000].join(".");
    for call in [
        format!(
            r#"{{"op": "updateOne", "collection": "c", "filter": {{}}, "update": {{"$set": {{"{long}": 1}}}}, "upsert": true}}"#
        ),
        format!(
            r#"{{"op": "updateOne", "collection": "c", "filter": {{"{long}": 1}}, "update": {{"$set": {{"b": 1}}}}, "upsert": true}}"#
        ),
        format!(r#"{{"op": "find", "collection": "c", "projection": {{"{long}": 1}}}}"#),
        format!(r#"{{"op": "find", "collection": "c", "sort": {{"{long}": 1}}}}"#),
        format!(r#"{{"op": "aggregate", "collection": "c", "pipeline": [{{"$unwind": "${long}"}}]}}"#),
    ] {
        assert_eq!(refusal(&db, &call), ErrorCode::QueryTooLarge);
    }
}

#[test]
fn a_pipeline_has_few_enough_stages_to_be_gone_through() {
    let db = filled(1);
    let call = |count: usize| {
        let stages = vec![r#"{"$skip": 0}"#; count].join(",");
        object(&format!(r#"{{"op": "aggregate", "collection": "c", "pipeline": [{stages}]}}"#))
    };
    assert_eq!(nedb_compat::mongo::run(&db, &call(256)).unwrap().get("count"), Some(&Value::from(1)));
    assert_eq!(nedb_compat::mongo::run(&db, &call(100_000)).unwrap_err().code(), ErrorCode::QueryTooLarge);
}

#[test]
fn values_that_are_made_keep_to_the_memory_of_a_query_and_to_the_nesting_of_documents() {
    let db = Database::in_memory().unwrap();
    db.put("c", "k", object(&format!(r#"{{"t": "{}"}}"#, "t".repeat(1 << 16)))).unwrap();
    let long = format!(r#"{{"t": "{}", "l": [{}]}}"#, "t".repeat(1 << 16), vec!["{}"; 1000].join(","));
    db.put("c", "l", object(&long)).unwrap();
    let often = vec![r#""$t""#; 1000].join(",");
    let stages = |stage: &str, count: usize| {
        format!(r#"{{"op": "aggregate", "collection": "c", "pipeline": [{}]}}"#, vec![stage; count].join(","))
    };
    for call in [
        stages(&format!(r#"{{"$project": {{"t": [{often}]}}}}"#), 1),
        stages(r#"{"$project": {"t": ["$t", "$t"]}}"#, 200),
        stages(r#"{"$addFields": {"t": ["$t", "$t"]}}"#, 200),
        stages(&format!(r#"{{"$replaceWith": {{"t": [{often}]}}}}"#), 1),
        stages(&format!(r#"{{"$group": {{"_id": [{often}]}}}}"#), 1),
        stages(&format!(r#"{{"$group": {{"_id": 1, "t": {{"$last": [{often}]}}}}}}"#), 1),
        format!(r#"{{"op": "find", "collection": "c", "projection": {{"t": [{often}]}}}}"#),
        r#"{"op": "find", "collection": "c", "projection": {"l.t": "$t"}, "filter": {"_id": "l"}}"#.to_owned(),
    ] {
        assert_eq!(refusal(&db, &call), ErrorCode::QueryMemoryExceeded, "{}", &call[..80]);
    }
    for stage in [
        r#"{"$project": {"n": ["$n"]}}"#,
        r#"{"$set": {"n": ["$n"]}}"#,
        r#"{"$group": {"_id": ["$_id"]}}"#,
        r#"{"$group": {"_id": 1, "a": {"$push": "$a"}}}"#,
    ] {
        assert_eq!(refusal(&db, &stages(stage, 200)), ErrorCode::NestingTooDeep, "{stage}");
    }
}

#[test]
fn a_projection_of_a_document_with_many_fields_takes_time_in_proportion_to_them() {
    let db = Database::in_memory().unwrap();
    let fields: Vec<String> = (0..200_000).map(|n| format!(r#""f{n}": {n}"#)).collect();
    db.put("c", "k", object(&format!("{{{}}}", fields.join(",")))).unwrap();
    let shown = Client::new(&db)
        .collection("c")
        .find_one(&Object::new(), &FindOptions::new().projection(object(r#"{"f7": 0}"#)));
    assert_eq!(shown.unwrap().unwrap().len(), 200_000);
    let many: Vec<String> = (0..5000).map(|n| format!(r#""f{n}": 1"#)).collect();
    let call = format!(r#"{{"op": "find", "collection": "c", "projection": {{{}}}}}"#, many.join(","));
    assert_eq!(refusal(&db, &call), ErrorCode::QueryTooLarge);
}

#[test]
fn an_update_has_few_enough_paths_and_fills_up_arrays_only_so_far() {
    let db = filled(1);
    let paths = |count: usize, position: &str| {
        let sets: Vec<String> = (0..count).map(|n| format!(r#""p{n}{position}": 1"#)).collect();
        let equal = sets.join(",");
        [
            format!(r#"{{"op": "updateOne", "collection": "c", "filter": {{}}, "update": {{"$set": {{{equal}}}}}}}"#),
            format!(
                r#"{{"op": "updateOne", "collection": "d", "filter": {{{equal}}}, "update": {{"$set": {{"z": 1}}}}, "upsert": true}}"#
            ),
        ]
    };
    for call in paths(200_000, "") {
        assert_eq!(refusal(&db, &call), ErrorCode::QueryTooLarge);
    }
    // Each array is small, and all of them together are not.
    let arrays: Vec<String> = (0..2000).map(|n| format!(r#""p{n}": []"#)).collect();
    db.put("c", "arrays", object(&format!("{{{}}}", arrays.join(",")))).unwrap();
    let [call, _] = paths(2000, ".999");
    let call = call.replace(r#""filter": {}"#, r#""filter": {"_id": "arrays"}"#);
    assert_eq!(refusal(&db, &call), ErrorCode::MongoRefused);
}

#[test]
fn a_set_of_many_values_is_added_to_in_little_more_time_than_it_takes_to_read_them() {
    let db = Database::in_memory().unwrap();
    let values: Vec<String> = (0..200_000).map(|n| n.to_string()).collect();
    let values = values.join(",");
    let update = object(&format!(r#"{{"$addToSet": {{"l": {{"$each": [{values}, 1.0, 7]}}}}}}"#));
    let sets = Client::new(&db).collection("c");
    let id = sets.update_one(&Object::new(), &update, Upsert::Insert).unwrap().upserted_id.unwrap();
    let mut filter = Object::new();
    filter.insert("_id", id);
    filter.insert("l", object(r#"{"$size": 200000}"#));
    assert_eq!(sets.count_documents(&filter, &FindOptions::new()).unwrap(), 1);
}
