//! The same keyed request from many threads has one effect and one answer.

use std::collections::BTreeMap;

use nedb::{Database, Op, Outcome, WriteBatch};
use nedb_io::Io;

use super::{body, histories, options_of};

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
    histories("retries", 40, |seed, dice| {
        let io = Io::memory(1 << 30);
        let options = options_of(dice).io(io);
        let db = Database::open("/db", options.clone()).expect("it opens");
        let (requests, threads) = (5 + i64::try_from(dice.below(30)).expect("small"), 2 + dice.below(10));
        let mut answers: BTreeMap<i64, Vec<Vec<Outcome>>> = BTreeMap::new();
        std::thread::scope(|scope| {
            let database = &db;
            // Each thread begins at another request, so that every one of them is the first somewhere.
            let sender = |db: &Database, thread: i64| {
                let order = (0..requests).map(|n| (n + thread * 3) % requests);
                order.map(|request| (request, send(db, request))).collect::<Vec<_>>()
            };
            let numbers = (0..threads).map(|number| i64::try_from(number).expect("small"));
            let threads: Vec<_> = numbers.map(|number| scope.spawn(move || sender(database, number))).collect();
            for thread in threads {
                for (request, answer) in thread.join().expect("a sender does not panic") {
                    answers.entry(request).or_default().push(answer);
                }
            }
        });
        for (request, answers) in &answers {
            assert!(
                answers.windows(2).all(|two| two[0] == two[1]),
                "seed {seed}: {request} has one answer: {answers:?}"
            );
        }
        let size = 3 * u64::try_from(requests).expect("small");
        assert_eq!(db.head().size, size, "seed {seed}: each request was logged once");
        db.close().expect("it closes");
        drop(db);
        let db = Database::open("/db", options).expect("it opens again");
        for (request, answers) in &answers {
            assert_eq!(send(&db, *request), answers[0], "seed {seed}: a retry after a restart");
        }
    });
}
