//! Which stages stream: how many documents are taken before the first ones are given.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use nedb::Database;
use nedb_types::{ErrorCode, document::json_to_value};

use super::*;
use crate::mongo::read::ReadOptions;

/// Documents behind which none is expected to be taken.
const DOCUMENTS: usize = 1000;

/// How many documents a stage takes until it gave so many.
fn taken(stage: &str, given: usize) -> usize {
    let reader = Reader::new(&Database::in_memory().unwrap(), &ReadOptions::new()).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let documents = (0..DOCUMENTS).map(move |n| {
        counter.fetch_add(1, Ordering::Relaxed);
        let json = format!(r#"{{"_id": {n}, "n": {}, "l": [1, 2]}}"#, n % 2);
        Ok(json_to_value(json.as_bytes())?.as_object().cloned().unwrap())
    });
    let stage = Stage::new(&json_to_value(stage.as_bytes()).unwrap()).unwrap();
    let made = stage.behind(Box::new(documents), &reader, None).unwrap();
    assert_eq!(made.take(given).collect::<Result<Vec<_>>>().unwrap().len(), given);
    count.load(Ordering::Relaxed)
}

#[test]
fn a_stage_that_keeps_nothing_takes_no_more_documents_than_it_gives() {
    for (stage, given, expected) in [
        (r#"{"$match": {"n": 1}}"#, 3, 6),
        (r#"{"$project": {"n": 1}}"#, 3, 3),
        (r#"{"$addFields": {"m": "$n"}}"#, 3, 3),
        (r#"{"$unset": "n"}"#, 3, 3),
        (r#"{"$replaceWith": {"m": "$n"}}"#, 3, 3),
        (r#"{"$skip": 5}"#, 3, 8),
        (r#"{"$limit": 3}"#, 3, 3),
        (r#"{"$unwind": "$l"}"#, 3, 2),
    ] {
        assert_eq!(taken(stage, given), expected, "{stage}");
    }
    assert_eq!(taken(r#"{"$lookup": {"from": "d", "localField": "n", "foreignField": "n", "as": "d"}}"#, 3), 256);
    for stage in [r#"{"$sort": {"n": 1}}"#, r#"{"$group": {"_id": "$n"}}"#, r#"{"$count": "n"}"#] {
        assert_eq!(taken(stage, 1), DOCUMENTS, "{stage}");
    }
}

#[test]
fn a_limit_is_told_to_what_reads_before_it_wherever_that_changes_nothing() {
    let stages =
        |json: &str| Pipeline::new(json_to_value(json.as_bytes()).unwrap().as_array().unwrap()).unwrap().stages;
    let counts = |json: &str| (used(&stages(json)), guessed(&stages(json)));
    assert_eq!(counts(r#"[{"$limit": 3}]"#), (Some(3), Some(3)));
    assert_eq!(
        counts(r#"[{"$skip": 2}, {"$project": {"n": 1}}, {"$set": {"n": 1}}, {"$skip": 4}, {"$limit": 3}]"#),
        (Some(9), Some(9))
    );
    assert_eq!(counts(r#"[{"$unwind": "$l"}, {"$match": {"n": 1}}, {"$limit": 3}]"#), (None, Some(3)));
    assert_eq!(counts(r#"[{"$group": {"_id": "$n"}}, {"$limit": 3}]"#), (None, None));
    assert_eq!(counts(r#"[{"$project": {"n": 1}}]"#), (None, None));
}

#[test]
fn a_stage_that_keeps_documents_names_itself_when_its_memory_is_full() {
    let db = Database::in_memory().unwrap();
    for n in 0..100 {
        db.put("c", format!("{n:03}"), nedb::Body::json(format!(r#"{{"n": {n}, "t": "{}"}}"#, "t".repeat(100))))
            .unwrap();
    }
    let options = ReadOptions::new().within(nedb::QueryOptions::new().memory_bytes_max(4096));
    let reader = Reader::new(&db, &options).unwrap();
    for (name, stage) in [
        ("$sort", r#"{"$sort": {"n": 1}}"#),
        ("$group", r#"{"$group": {"_id": "$n"}}"#),
        ("$lookup", r#"{"$lookup": {"from": "c", "localField": "n", "foreignField": "n", "as": "d"}}"#),
    ] {
        let stages = json_to_value(format!("[{stage}]").as_bytes()).unwrap();
        let made = Pipeline::new(stages.as_array().unwrap()).unwrap().run("c", &reader);
        let error = made.and_then(|mut documents| documents.next().unwrap()).err().unwrap();
        assert_eq!(error.code(), ErrorCode::QueryMemoryExceeded, "{name}");
        assert!(error.to_string().contains(&format!("memory of {name}")), "{error}");
    }
}
