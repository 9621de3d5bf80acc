//! The same keyed request from many threads has one effect and one answer.

use std::collections::BTreeMap;

use nedb::{Database, ErrorCode, Op, Outcome, Receipt, Seq, WriteBatch};
use nedb_io::Io;

use super::{body, fresh, histories, options_of};

fn sale(request: i64) -> WriteBatch {
    WriteBatch::new()
        .client("till")
        .idempotency_key(format!("sale-{request}"))
        .op(Op::put("sales", request.to_string(), body(request)))
        .op(Op::delete("sales", "never"))
        .op(Op::link(format!("sales:{request}"), "by", "staff:ada"))
}

fn send(db: &Database, request: i64) -> Vec<Outcome> {
    db.write(sale(request)).expect("a retry is answered").outcomes
}

/// Sends several at once.
fn send_each(db: &Database, requests: &[i64]) -> Vec<(i64, Vec<Outcome>)> {
    let answers = db.write_each(requests.iter().map(|request| sale(*request)));
    assert_eq!(answers.len(), requests.len());
    let answers = answers.into_iter().map(|answer| answer.expect("a retry is answered").outcomes);
    requests.iter().copied().zip(answers).collect()
}

#[test]
fn of_batches_that_are_written_together_each_has_its_own_answer() {
    let (_dir, db) = fresh("write-each");
    let put = |id: &str| WriteBatch::new().op(Op::put("sales", id, body(1)));
    let broken = WriteBatch::new().op(Op::put("", "x", body(1)));
    let answers = db.write_each([broken.clone(), put("a"), broken, put("b").op(Op::put("", "y", body(1))), put("c")]);
    let shown: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(Receipt::seq)).collect();
    let code = |position: usize| shown[position].as_ref().map_err(|error| error.code()).err();
    assert_eq!([0, 2, 3].map(code), [Some(ErrorCode::InvalidName); 3], "{shown:?}");
    assert!(matches!((&shown[1], &shown[4]), (Ok(Some(a)), Ok(Some(c))) if (*a, *c) == (Seq::new(0), Seq::new(1))));
    assert_eq!(db.head().size, 2, "what was refused left nothing");
    assert!(db.write_each([]).is_empty());
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
                if thread % 2 == 0 {
                    return order.map(|request| (request, send(db, request))).collect::<Vec<_>>();
                }
                let order: Vec<i64> = order.collect();
                let count = usize::try_from(thread).expect("small") + 1;
                order.chunks(count).flat_map(|requests| send_each(db, requests)).collect()
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
