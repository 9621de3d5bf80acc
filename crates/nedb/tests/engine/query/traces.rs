//! TRACE REVERSE with the index of causes and without: it makes itself, answers alike, and is there after a restart.

use std::sync::Arc;

use nedb::{Body, Database, IndexKind, Op, Options, QueryOptions, Seq, WriteBatch};
use nedb_io::{Io, ManualClock, ManualScheduler, MemoryDisk, SeededRandom};

use super::ids;

fn open(io: &Io) -> Database {
    Database::open("/db", Options::new().io(io.clone())).expect("the disk is sound")
}

/// Documents in two collections, each caused by some before it.
fn cause(db: &Database, documents: u64) {
    let first = db.head().size;
    let mut batch = WriteBatch::new();
    for n in 0..documents {
        let causes: Vec<u64> = [n / 2, n.saturating_sub(7)].into_iter().filter(|cause| *cause < n).collect();
        let (collection, body) = (if n % 3 == 0 { "e" } else { "f" }, Body::json(format!(r#"{{"n": {n}}}"#)));
        let op = Op::put(collection, format!("{n:05}"), body);
        batch.push(causes.into_iter().fold(op, |op, cause| op.caused_by(Seq::new(first + cause))));
    }
    db.write(batch).expect("causes lie before their effects");
}

fn explained(db: &Database, nql: &str) -> String {
    let how = db.explain(nql, &QueryOptions::new()).expect("it can be explained");
    how.steps.iter().find(|step| step.operator == "trace").expect("there is a trace").detail.clone()
}

#[test]
fn a_trace_forwards_gets_an_index_of_causes_and_the_same_answers() {
    let scheduler = Arc::new(ManualScheduler::new());
    let io = Io {
        disk: Arc::new(MemoryDisk::new(64 << 20)),
        clock: Arc::new(ManualClock::new(0)),
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::clone(&scheduler) as Arc<dyn nedb_io::Scheduler>,
    };
    let db = open(&io);
    cause(&db, 8_000);
    cause(&db, 2_000);
    let (start, size) = (db.head().size - 2_000, db.head().size);
    let queries = [
        "FROM e WHERE _id = '00000' TRACE caused_by REVERSE SELECT _id, _seq".to_owned(),
        "FROM f WHERE n > 1900 TRACE caused_by REVERSE SELECT _id, _seq".to_owned(),
        format!("FROM f AS OF {} WHERE n = 100 TRACE caused_by REVERSE SELECT _id, _seq", start + 900),
        format!("FROM e AS OF {} WHERE n = 0 TRACE caused_by REVERSE COUNT", size - 1),
    ];
    let before = queries.each_ref().map(|query| ids(&db, query));
    assert!(before.iter().all(|rows| !rows.is_empty()));
    assert!(explained(&db, &queries[0]).contains("over the log"));
    scheduler.run_due(0);
    let info = db.indexes().into_iter().find(|info| info.kind == IndexKind::Causes).expect("it was wished for");
    assert_eq!((info.collection.as_str(), info.field.as_str()), ("*", "caused_by"));
    assert!(explained(&db, &queries[0]).contains("index of causes"));
    assert_eq!(queries.each_ref().map(|query| ids(&db, query)), before);

    cause(&db, 50);
    let late = "FROM e WHERE n = 0 TRACE caused_by REVERSE SELECT _id, _seq";
    let rows = ids(&db, late);
    assert!(!rows.is_empty(), "the index followed");
    db.checkpoint().expect("the disk is sound");
    db.close().expect("the disk is sound");
    let db = open(&io);
    assert!(explained(&db, late).contains("index of causes"), "a checkpoint kept it");
    assert_eq!(ids(&db, late), rows);
    assert!(db.drop_index("*", "caused_by", None).expect("it is there"));
    assert!(explained(&db, late).contains("over the log"));
    assert_eq!(ids(&db, late), rows);
}
