//! The same keyed request from many threads has one effect and one answer.

use std::collections::BTreeMap;

use nedb::{Database, Op, Outcome, WriteBatch};

use super::{body, fresh};
use crate::support::watchdog::Watchdog;

const REQUESTS: i64 = 40;
const THREADS: usize = 12;

fn send(db: &Database, request: i64) -> Vec<Outcome> {
    let batch = WriteBatch::new()
        .client("till")
        .idempotency_key(format!("sale-{request}"))
        .op(Op::put("sales", request.to_string(), body(request)))
        .op(Op::delete("sales", "never"))
        .op(Op::link(format!("sales:{request}"), "by", "staff:ada"));
    db.write(batch).expect("a retry is answered").outcomes
}

#[test]
fn a_retry_from_any_thread_has_no_second_effect() {
    let _watchdog = Watchdog::seconds("retries", 60);
    let (dir, db) = fresh("retries");
    let mut answers: BTreeMap<i64, Vec<Vec<Outcome>>> = BTreeMap::new();
    std::thread::scope(|scope| {
        let database = &db;
        let sender = |db: &Database| (0..REQUESTS).map(|request| send(db, request)).collect::<Vec<_>>();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(move || sender(database))).collect();
        for thread in threads {
            for (request, answer) in (0..).zip(thread.join().expect("a sender does not panic")) {
                answers.entry(request).or_default().push(answer);
            }
        }
    });
    for (request, answers) in &answers {
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "request {request} has one answer: {answers:?}");
    }
    assert_eq!(db.head().size, 3 * u64::try_from(REQUESTS).expect("small"), "each request was logged once");
    db.close().expect("it closes");
    drop(db);
    let db = Database::open(dir.join("db"), nedb::Options::new()).expect("it opens again");
    for (request, answers) in &answers {
        assert_eq!(send(&db, *request), answers[0], "a retry after a restart");
    }
}
