//! Compare-and-set: no update of many writers is lost, and each version builds on the one before.

use nedb::{Database, ErrorCode, Expected, Op, Version};

use super::{body, fresh, fresh_of, histories, number};
use crate::support::watchdog::Watchdog;

const WRITERS: usize = 8;
const EACH: usize = 25;

fn write_until_accepted(db: &Database, id: &str, change: impl Fn(Option<&str>) -> String) {
    loop {
        let row = db.get("lists", id).expect("readable");
        let text = row.as_ref().map(|row| row.to_json().expect("it prints"));
        let expected = row.map_or(Expected::Missing, |row| Expected::Seq(row.seq()));
        match db.write(Op::put("lists", id, nedb::Body::json(change(text.as_deref()))).if_seq(expected)) {
            Ok(_) => return,
            Err(error) => assert_eq!(error.code(), ErrorCode::PreconditionFailed, "{error}"),
        }
    }
}

#[test]
fn each_append_of_many_writers_is_kept_once() {
    histories("list append", 40, |seed, dice| {
        let (_dir, db) = fresh_of("append", seed, dice);
        let (writers, each) = (2 + dice.below(7), 3 + dice.below(20));
        std::thread::scope(|scope| {
            for writer in 0..writers {
                let db = &db;
                scope.spawn(move || {
                    for item in writer * each..(writer + 1) * each {
                        write_until_accepted(db, "list", |text| match text {
                            None => format!(r#"{{"items":[{item}]}}"#),
                            Some(text) => format!("{},{item}]}}", text.trim_end_matches("]}")),
                        });
                    }
                });
            }
        });
        let text = |version: Version| version.document.expect("a put").as_document().to_json().expect("it prints");
        let history = db.snapshot().history("lists", "list").expect("readable");
        let versions: Vec<String> = history.map(|version| text(version.expect("readable"))).collect();
        assert_eq!(versions.len() as u64, writers * each, "seed {seed}");
        for (newer, older) in versions.iter().zip(&versions[1..]) {
            assert!(newer.starts_with(older.trim_end_matches("]}")), "seed {seed}: {newer} does not continue {older}");
        }
        let items = versions[0].trim_start_matches(r#"{"items":["#).trim_end_matches("]}").split(',');
        let mut items: Vec<u64> = items.map(|item| item.parse().expect("a number")).collect();
        items.sort_unstable();
        assert_eq!(items, (0..writers * each).collect::<Vec<_>>(), "seed {seed}");
    });
}

#[test]
fn a_counter_counts_every_increment() {
    let _watchdog = Watchdog::seconds("counter", 60);
    let (_dir, db) = fresh("counter");
    db.put("counters", "c", body(0)).expect("a put");
    let increment = || {
        loop {
            let row = db.get("counters", "c").expect("readable").expect("it is there");
            let op = Op::put("counters", "c", body(number(&row) + 1)).if_seq(Expected::Seq(row.seq()));
            match db.write(op) {
                Ok(_) => return,
                Err(error) => assert_eq!(error.code(), ErrorCode::PreconditionFailed, "{error}"),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| (0..EACH).for_each(|_| increment()));
        }
    });
    let row = db.get("counters", "c").expect("readable").expect("it is there");
    assert_eq!(usize::try_from(number(&row)).expect("positive"), WRITERS * EACH);
}

#[test]
fn sixty_four_writers_share_the_log_and_lose_nothing() {
    let _watchdog = Watchdog::seconds("64 writers", 60);
    let (_dir, db) = fresh("crowd");
    let mut seqs: Vec<u64> = Vec::new();
    std::thread::scope(|scope| {
        let writer = |writer: i64| {
            let db = &db;
            move || {
                let put = |n: i64| Op::put("rows", format!("{writer}-{n}"), body(n));
                let client = format!("w{writer}");
                let write = |n| db.write(nedb::WriteBatch::new().client(client.as_str()).op(put(n)));
                (0..20)
                    .map(|n| write(n).expect("a good write is accepted").seq().expect("a put has a seq").get())
                    .collect::<Vec<_>>()
            }
        };
        let writers: Vec<_> = (0..64).map(|number| scope.spawn(writer(number))).collect();
        for writer in writers {
            let own = writer.join().expect("a writer does not panic");
            assert!(own.is_sorted(), "a writer's own writes keep their order");
            seqs.extend(own);
        }
    });
    seqs.sort_unstable();
    assert_eq!(seqs, (0..64 * 20).collect::<Vec<_>>());
    for entry in db.since(None) {
        let entry = entry.expect("readable");
        let id = entry.id.to_string();
        let (writer, n) = id.split_once('-').expect("an id of this test");
        assert_eq!(
            (format!("w{writer}"), n.parse::<u64>().expect("a number") + 1),
            (entry.client.to_string(), entry.nonce)
        );
    }
}
