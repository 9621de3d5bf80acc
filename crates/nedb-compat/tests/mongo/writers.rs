//! Writes beside other writers, and what a write leaves behind.

use nedb::{Body, Database, ErrorCode, Op, Options};
use nedb_compat::mongo::{Client, FindOptions, Upsert};
use nedb_types::{Object, Value, document::json_to_value};

use crate::temp_dir::TempDir;

const THREADS: usize = 16;

fn object(json: &str) -> Object {
    json_to_value(json.as_bytes()).unwrap().as_object().unwrap().clone()
}

#[test]
fn increments_of_many_threads_are_all_there_and_none_is_refused() {
    let dir = TempDir::new("mongo");
    let db = Database::open(dir.join("db"), Options::new()).unwrap();
    let (filter, update) = (object(r#"{"_id": "visits"}"#), object(r#"{"$inc": {"n": 1}}"#));
    nedb_io::scoped(THREADS, THREADS, |_| {
        let counters = Client::new(&db).collection("counters");
        for _ in 0..25 {
            counters.update_one(&filter, &update, Upsert::Insert).unwrap();
        }
    });
    let found = Client::new(&db).collection("counters").find_one(&filter, &FindOptions::new()).unwrap().unwrap();
    assert_eq!(found.get("n"), Some(&Value::from(THREADS as u64 * 25)));
}

#[cfg(feature = "sql")]
#[test]
fn updates_of_one_collection_through_two_faces_take_turns_as_well() {
    let db = Database::in_memory().unwrap();
    db.put("counters", "visits", Body::json(r#"{"n": 0, "other": 0}"#)).unwrap();
    let (filter, update) = (object(r#"{"_id": "visits"}"#), object(r#"{"$inc": {"n": 1}}"#));
    let sql = |text: &str| nedb_compat::sql::exec(&db, text, &nedb_compat::sql::SqlParams::None);
    nedb_io::scoped(THREADS, THREADS, |thread| {
        for round in 0..25 {
            if thread % 2 == 0 {
                Client::new(&db).collection("counters").update_one(&filter, &update, Upsert::Nothing).unwrap();
            } else {
                let number = thread * 100 + round;
                drop(sql(&format!("UPDATE counters SET other = {number} WHERE _id = 'visits'")).unwrap());
            }
        }
    });
    let found = Client::new(&db).collection("counters").find_one(&filter, &FindOptions::new()).unwrap().unwrap();
    assert_eq!(found.get("n"), Some(&Value::from(THREADS as u64 / 2 * 25)));
}

#[test]
fn an_insert_of_a_taken_id_writes_nothing_of_the_batch() {
    let db = Database::in_memory().unwrap();
    let people = Client::new(&db).collection("people");
    people.insert_one(object(r#"{"_id": "ada"}"#)).unwrap();
    let head = db.head();
    let refused = people.insert_many(vec![object(r#"{"_id": "new"}"#), object(r#"{"_id": "ada"}"#)]).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::MongoDuplicateKey);
    assert!(refused.message().contains("E11000") && refused.message().contains("\"ada\""), "{refused}");
    assert_eq!(db.head(), head);
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let db = Database::in_memory().unwrap();
    db.put("people", "ada", Body::json(r#"{"born": 1815}"#)).unwrap();
    let head = db.head();
    let people = Client::new(&db).collection("people");
    let done = people.update_many(&Object::new(), &object(r#"{"$set": {"born": 1815}}"#), Upsert::Nothing).unwrap();
    assert_eq!((done.matched, done.modified), (1, 0));
    assert_eq!(db.head(), head);
}

#[test]
fn a_refused_document_leaves_the_others_as_they_were() {
    let db = Database::in_memory().unwrap();
    let people = Client::new(&db).collection("people");
    people.insert_many(vec![object(r#"{"_id": 1, "n": 1}"#), object(r#"{"_id": 2, "n": "x"}"#)]).unwrap();
    let head = db.head();
    assert!(people.update_many(&Object::new(), &object(r#"{"$inc": {"n": 1}}"#), Upsert::Nothing).is_err());
    assert_eq!(db.head(), head);
}

#[test]
fn documents_of_other_faces_can_be_found_and_updated_whatever_their_ids_and_fields() {
    let db = Database::in_memory().unwrap();
    let things = Client::new(&db).collection("things");
    for id in ["$oid:none", "$id:none", "plain"] {
        db.put("things", id, Body::json(r#"{"$id": 7, "n": 1}"#)).unwrap();
        let (filter, update) = (object(&format!(r#"{{"_id": "{id}"}}"#)), object(r#"{"$inc": {"n": 1}}"#));
        assert_eq!(things.update_one(&filter, &update, Upsert::Nothing).unwrap().modified, 1, "{id}");
        let row = db.get("things", id).unwrap().expect("it was put");
        assert_eq!(row.to_json().unwrap(), r#"{"n":2,"$id":7}"#);
        assert_eq!(things.delete_one(&filter).unwrap(), 1);
    }
}

#[test]
fn an_update_and_a_replacement_keep_the_lifetime_and_the_valid_time_of_a_document() {
    let db = Database::in_memory().unwrap();
    for id in ["updated", "replaced"] {
        let op = Op::put("c", id, object(r#"{"n": 1}"#)).ttl_us(3_600_000_000);
        db.write(op.valid_from("2020-01-01").valid_to("2030-01-01")).unwrap();
    }
    let times = || {
        let rows = db.query("FROM c SELECT _expires_at, _valid_from, _valid_to").unwrap();
        rows.map(|row| row.unwrap().document().as_document().to_value().unwrap()).collect::<Vec<Value>>()
    };
    let before = times();
    assert_eq!(before[0].as_object().unwrap().get("_valid_to"), Some(&Value::from("2030-01-01")));
    let all = Client::new(&db).collection("c");
    all.update_one(&object(r#"{"_id": "updated"}"#), &object(r#"{"$inc": {"n": 1}}"#), Upsert::Nothing).unwrap();
    all.replace_one(&object(r#"{"_id": "replaced"}"#), &object(r#"{"n": 2}"#), Upsert::Nothing).unwrap();
    assert_eq!(all.count_documents(&object(r#"{"n": 2}"#), &FindOptions::new()).unwrap(), 2);
    assert_eq!(times(), before);
}
