//! Every read ends at its deadline and when it is cancelled, in the middle of its work too; the database is as it was.

use nedb::{CancelToken, Database, ErrorCode, IndexKind, Op, QueryOptions, WriteBatch};
use nedb_compat::mongo::{self, Client, FindOptions};
use nedb_types::Object;

use crate::{
    bounds::object,
    clock::{TickingClock, ticking},
};

/// Documents of the collection: several looks at the clock for each read.
const DOCUMENTS: usize = 3_000;

/// A deadline that never comes; with one, each look of the call is one at the clock.
const NEVER_US: u64 = u64::MAX / 2;

/// Calls that read; each is looked at while it works.
const READS: [&str; 9] = [
    r#"{"op": "find", "collection": "c", "filter": {"n": {"$mod": [2, 0]}}}"#,
    r#"{"op": "find", "collection": "c", "sort": {"n": -1}, "limit": 5}"#,
    r#"{"op": "find", "collection": "c", "sort": {"i": 1}, "limit": 2000}"#,
    r#"{"op": "findOne", "collection": "c", "filter": {"n": 2999}}"#,
    r#"{"op": "count", "collection": "c", "filter": {"n": {"$gt": 5}}}"#,
    r#"{"op": "distinct", "collection": "c", "key": "n"}"#,
    r#"{"op": "aggregate", "collection": "c", "pipeline": [{"$group": {"_id": "$n", "m": {"$sum": 1}}}, {"$sort": {"m": 1}}]}"#,
    r#"{"op": "aggregate", "collection": "l", "pipeline": [{"$unwind": "$l"}, {"$count": "n"}]}"#,
    r#"{"op": "aggregate", "collection": "c", "pipeline": [
        {"$lookup": {"from": "c", "localField": "n", "foreignField": "n", "as": "d"}}, {"$count": "n"}]}"#,
];

fn fill(db: &Database) {
    let put = |n: usize| Op::put("c", format!("{n:06}"), object(&format!(r#"{{"n": {n}, "i": {}}}"#, n * 7 % 1000)));
    db.write((0..DOCUMENTS).map(put).fold(WriteBatch::new(), WriteBatch::op)).unwrap();
    let elements: Vec<String> = (0..DOCUMENTS).map(|n| n.to_string()).collect();
    db.put("l", "one", object(&format!(r#"{{"l": [{}]}}"#, elements.join(",")))).unwrap();
    db.create_index("c", "i", IndexKind::Ordered).unwrap();
    db.wait_for_index("c", "i", IndexKind::Ordered, &mut |_| ()).unwrap();
}

#[test]
fn every_read_ends_at_its_deadline_and_when_it_is_cancelled_whatever_it_does() {
    let clock = TickingClock::new(1);
    let db = ticking(&clock);
    fill(&db);
    let head = db.head();
    for call in READS {
        let unbounded = QueryOptions::new().deadline_us(NEVER_US);
        let before_us = clock.now_us();
        let whole = mongo::run_with(&db, &object(call), &unbounded).unwrap();
        let looks = clock.now_us() - before_us;
        assert!(looks >= 20, "{call} looks {looks} times");
        for part in 0..6 {
            let at = (looks * part / 6).max(1);
            for (code, options) in [
                (ErrorCode::QueryTimeout, QueryOptions::new().deadline_us(at)),
                (ErrorCode::Cancelled, unbounded.clone().cancel(clock.cancel_after(at))),
            ] {
                let error = mongo::run_with(&db, &object(call), &options).unwrap_err();
                assert_eq!(error.code(), code, "{call}, part {part}: {error}");
                let is_told =
                    code == ErrorCode::Cancelled || error.to_string().contains(&format!("deadline_us is {at}"));
                assert!(is_told, "{call}: {error}");
            }
        }
        assert_eq!(mongo::run_with(&db, &object(call), &unbounded).unwrap(), whole, "{call}");
    }
    assert_eq!(db.head(), head);
}

/// Calls that write; each looks through the collection first.
const WRITES: [&str; 5] = [
    r#"{"op": "updateOne", "collection": "c", "filter": {"n": 2999}, "update": {"$set": {"m": 1}}}"#,
    r#"{"op": "updateMany", "collection": "c", "filter": {"n": {"$mod": [2, 0]}}, "update": {"$inc": {"n": 1}}}"#,
    r#"{"op": "replaceOne", "collection": "c", "filter": {"n": 2999}, "replacement": {"m": 1}}"#,
    r#"{"op": "deleteOne", "collection": "c", "filter": {"n": 2999}}"#,
    r#"{"op": "deleteMany", "collection": "c", "filter": {"n": {"$mod": [2, 0]}}}"#,
];

#[test]
fn a_write_keeps_to_the_bounds_of_its_caller_while_it_looks_for_its_documents_and_then_writes_nothing() {
    let clock = TickingClock::new(1);
    let db = ticking(&clock);
    fill(&db);
    let head = db.head();
    for call in WRITES {
        for (code, options) in [
            (ErrorCode::QueryTimeout, QueryOptions::new().deadline_us(5)),
            (ErrorCode::Cancelled, QueryOptions::new().deadline_us(NEVER_US).cancel(clock.cancel_after(5))),
        ] {
            assert_eq!(mongo::run_with(&db, &object(call), &options).unwrap_err().code(), code, "{call}");
        }
        if call.contains("Many") {
            let little = QueryOptions::new().memory_bytes_max(10_000);
            let error = mongo::run_with(&db, &object(call), &little).unwrap_err();
            assert_eq!(error.code(), ErrorCode::QueryMemoryExceeded, "{call}: {error}");
        }
    }
    assert_eq!(db.head(), head);
    for call in WRITES {
        mongo::run_with(&db, &object(call), &QueryOptions::new().deadline_us(NEVER_US)).unwrap();
    }
}

#[test]
fn max_time_ms_is_the_deadline_of_a_call_and_0_is_none() {
    let clock = TickingClock::new(100);
    let db = ticking(&clock);
    fill(&db);
    for read in READS {
        let mut call = object(read);
        call.insert("maxTimeMS", 1);
        let error = mongo::run(&db, &call).unwrap_err();
        assert_eq!(error.code(), ErrorCode::QueryTimeout, "{read}");
        call.insert("maxTimeMS", 0);
        assert!(mongo::run(&db, &call).is_ok(), "{read}");
        call.insert("maxTimeMS", -1);
        assert_eq!(mongo::run(&db, &call).unwrap_err().code(), ErrorCode::MongoRefused, "{read}");
    }
    let write = object(r#"{"op": "deleteMany", "collection": "c", "filter": {}, "maxTimeMS": 1}"#);
    assert_eq!(mongo::run(&db, &write).unwrap_err().code(), ErrorCode::MongoUnsupported);
}

#[test]
fn of_the_deadline_of_a_call_and_that_of_its_caller_the_earlier_one_holds() {
    let clock = TickingClock::new(100);
    let db = ticking(&clock);
    fill(&db);
    for (call_ms, caller_us, earlier_us) in [(60_000, 500, 500), (1, 60_000_000, 1000), (0, 500, 500)] {
        for read in READS {
            let mut call = object(read);
            call.insert("maxTimeMS", call_ms);
            let error = mongo::run_with(&db, &call, &QueryOptions::new().deadline_us(caller_us)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::QueryTimeout, "{read}");
            assert!(error.to_string().contains(&format!("deadline_us is {earlier_us}")), "{read}: {error}");
        }
    }
}

#[test]
fn a_cursor_ends_with_the_next_document_after_it_was_cancelled() {
    let db = Database::in_memory().unwrap();
    fill(&db);
    let token = CancelToken::new();
    let options = FindOptions::new().within(QueryOptions::new().cancel(token.clone()));
    let mut found = Client::new(&db).collection("c").find(&Object::new(), &options).unwrap();
    assert!(found.next().unwrap().is_ok());
    token.cancel();
    assert_eq!(found.next().unwrap().unwrap_err().code(), ErrorCode::Cancelled);
    assert!(found.next().is_none());
}
