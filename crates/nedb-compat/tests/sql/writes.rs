//! What a statement writes is one transaction.

use std::sync::Arc;

use crate::{list, rows, temp_dir::TempDir, written};
use nedb::{AsOf, Body, Database, ErrorCode, Op, Options, Seq, WriteBatch};
use nedb_compat::sql::SqlParams;

const NONE: SqlParams = SqlParams::None;

#[test]
fn all_rows_of_an_insert_are_written_or_none() {
    let db = Database::in_memory().unwrap();
    let answer = written(&db, "INSERT INTO t (_id, a) VALUES ('x', 1), ('y', 2), ('z', 3)", &NONE).unwrap();
    assert_eq!((answer.rowcount, answer.seq), (3, Some(Seq::new(2))));
    let error = written(&db, "INSERT INTO t (_id, a) VALUES ('w', 1), ('y', 2)", &NONE).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SqlDuplicateKey);
    assert_eq!(error.to_string(), r#"t has a row with the id "y" already"#);
    let error = written(&db, "INSERT INTO t (_id, a) VALUES ('v', 1), ('v', 2)", &NONE).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SqlDuplicateKey);
    assert_eq!(db.head().size, 3);
    assert_eq!(written(&db, "INSERT OR REPLACE INTO t (_id, a) VALUES ('y', 9), ('w', 1)", &NONE).unwrap().rowcount, 2);
    assert_eq!(rows(&db, "SELECT a FROM t WHERE _id = 'y'", &NONE).unwrap(), [r#"{"a":9}"#]);
}

#[test]
fn a_row_without_an_id_gets_a_new_one() {
    let db = Database::in_memory().unwrap();
    let answer = written(&db, "INSERT INTO t (id, a) VALUES (NULL, 1), (NULL, 2), (7, 3)", &NONE).unwrap();
    let ids: Vec<&str> = answer.ids.iter().filter_map(|id| id.as_str()).collect();
    assert_eq!((ids.len(), ids[2]), (3, "7"));
    assert_eq!((ids[0].len(), ids[1].len()), (24, 24));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(rows(&db, "SELECT * FROM t WHERE id = 7", &NONE).unwrap(), [r#"{"id":7,"a":3,"_id":"7"}"#]);
}

#[test]
fn an_update_keeps_the_lifetime_and_the_valid_time_of_a_row() {
    let db = Database::in_memory().unwrap();
    let op = Op::put("t", "x", Body::json(r#"{"a":1,"b":{"c":1}}"#)).ttl_us(3_600_000_000);
    db.write(op.valid_from("2020-01-01").valid_to("2030-01-01").evidence("guess")).unwrap();
    let before = rows(&db, "SELECT _expires_at, _valid_from, _valid_to FROM t", &NONE).unwrap();
    assert_eq!(written(&db, "UPDATE t SET a = ?, b.d = a, e.f = 'x' WHERE a = 1", &list([5])).unwrap().rowcount, 1);
    assert_eq!(rows(&db, "SELECT _expires_at, _valid_from, _valid_to FROM t", &NONE).unwrap(), before);
    let found = rows(&db, "SELECT a, b, e, _evidence FROM t", &NONE).unwrap();
    assert_eq!(found, [r#"{"a":5,"b":{"c":1,"d":1},"e":{"f":"x"},"_evidence":null}"#]);
}

#[test]
fn an_update_or_delete_is_one_frame_and_its_history_stays() {
    let db = Database::in_memory().unwrap();
    written(&db, "INSERT INTO t (_id, a) VALUES ('x', 1), ('y', 2), ('z', NULL)", &NONE).unwrap();
    let seq = db.head().seq().unwrap();
    assert_eq!(written(&db, "DELETE FROM t WHERE NOT (a = 1)", &NONE).unwrap().rowcount, 1);
    assert_eq!(written(&db, "UPDATE t SET a = 0", &NONE).unwrap().rowcount, 2);
    assert_eq!(written(&db, "DELETE FROM t WHERE a > 5", &NONE).unwrap(), nedb_compat::sql::SqlWritten::default());
    assert_eq!(written(&db, "DELETE FROM t", &NONE).unwrap().rowcount, 2);
    assert_eq!(rows(&db, "SELECT COUNT(*) FROM t", &NONE).unwrap(), [r#"{"count":0}"#]);
    let then = format!("SELECT COUNT(*), SUM(a) AS total FROM t AS OF {seq}");
    assert_eq!(rows(&db, &then, &NONE).unwrap(), [r#"{"count":3,"total":3}"#]);
    assert!(db.get_at("t", "y", AsOf::Seq(seq)).unwrap().is_some());
}

#[test]
fn concurrent_updates_are_all_counted() {
    let db = Arc::new(Database::in_memory().unwrap());
    written(&db, "INSERT INTO t (_id, open) VALUES ('0', TRUE)", &NONE).unwrap();
    // Each thread takes the one open row and opens the next one: no step may be lost.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let db = Arc::clone(&db);
            std::thread::Builder::new().spawn(move || {
                let mut taken = 0;
                for row in 0..100 {
                    let closed = "UPDATE t SET open = FALSE WHERE open AND _id = ?";
                    if written(&db, closed, &list([row.to_string()])).unwrap().rowcount == 1 {
                        taken += 1;
                        let next = list([(row + 1).to_string()]);
                        written(&db, "INSERT INTO t (_id, open) VALUES (?, TRUE)", &next).unwrap();
                    }
                }
                taken
            })
        })
        .collect();
    let taken: u64 = threads.into_iter().map(|thread| thread.unwrap().join().unwrap()).sum();
    let closed = rows(&db, "SELECT COUNT(*) AS n FROM t WHERE NOT open", &NONE).unwrap();
    assert_eq!(closed, [format!(r#"{{"n":{taken}}}"#)]);
}

#[test]
fn updates_of_one_row_by_many_threads_are_all_there_and_none_is_refused() {
    const THREADS: usize = 16;
    let dir = TempDir::new("sql");
    let db = Database::open(dir.join("db"), Options::new()).unwrap();
    db.put("t", "x", Body::json("{}")).unwrap();
    nedb_io::scoped(THREADS, THREADS, |thread| {
        for round in 1..=25 {
            let text = format!("UPDATE t SET a{thread} = {round} WHERE _id = 'x'");
            assert_eq!(written(&db, &text, &NONE).unwrap().rowcount, 1);
        }
    });
    let all: Vec<String> = (0..THREADS).map(|thread| format!("a{thread} = 25")).collect();
    let found = rows(&db, &format!("SELECT COUNT(*) AS n FROM t WHERE {}", all.join(" AND ")), &NONE).unwrap();
    assert_eq!(found, [r#"{"n":1}"#]);
}

#[test]
fn a_statement_of_too_many_rows_is_refused_while_they_are_read() {
    let db = Database::in_memory().unwrap();
    for part in [0..40_000, 40_000..65_537] {
        let mut batch = WriteBatch::new();
        for row in part {
            batch.push(Op::put("t", format!("{row:05}"), Body::json(r#"{"a":1}"#)));
        }
        db.write(batch).unwrap();
    }
    for text in ["UPDATE t SET a = 2", "DELETE FROM t"] {
        let error = written(&db, text, &NONE).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BatchTooLarge, "{text}");
        assert!(error.to_string().contains("number of documents that one call changes"), "{error}");
    }
    assert_eq!(written(&db, "DELETE FROM t WHERE _id > 'zzzz'", &NONE).unwrap().rowcount, 0);
    assert_eq!(rows(&db, "SELECT COUNT(*) FROM t WHERE a = 1", &NONE).unwrap(), [r#"{"count":65537}"#]);
}
