//! Who may open a directory, and what closing does to those who are writing.

use std::{
    io::Read,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use nedb::{Database, ErrorCode, Op, Options};

use super::{body, fresh};
use crate::support::{process, watchdog::Watchdog};

const OPENER: &str = "concurrency::handles::opener";

fn code_of(result: nedb::Result<Database>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code().as_str(),
    }
}

#[test]
#[ignore = "the other process of the test below"]
fn opener() {
    if let Some(arguments) = process::arguments(OPENER) {
        let code = code_of(Database::open(Path::new(&arguments[0]), Options::new()));
        println!("\nopened: {code}");
    }
}

fn open_in_another_process(path: &Path) -> String {
    let mut child = process::start(OPENER, &[path.to_str().expect("a temporary path is text")]);
    let mut said = String::new();
    child.stdout.take().expect("its output is piped").read_to_string(&mut said).expect("it speaks text");
    child.wait().expect("it ends");
    let line = said.lines().find_map(|line| line.strip_prefix("opened: "));
    line.unwrap_or_else(|| panic!("the other process says {said:?}")).to_owned()
}

#[test]
fn a_second_writer_is_refused_in_this_and_in_another_process() {
    let _watchdog = Watchdog::seconds("second writer", 60);
    let (dir, db) = fresh("locked");
    let path = dir.join("db");
    db.put("c", "a", body(1)).expect("a put");
    assert_eq!(code_of(Database::open(&path, Options::new())), "locked");
    assert_eq!(open_in_another_process(&path), "locked");
    let twin = db.clone();
    drop(db);
    assert_eq!(code_of(Database::open(&path, Options::new())), "locked", "a clone still holds it");
    twin.close().expect("it closes");
    assert_eq!(open_in_another_process(&path), "ok", "closing frees the lock even while handles live");
    assert_eq!(code_of(Database::open(&path, Options::new())), "ok");
}

#[test]
fn a_read_only_handle_lives_beside_a_writer_and_changes_nothing() {
    let _watchdog = Watchdog::seconds("read-only", 60);
    let (dir, db) = fresh("read-only");
    let path = dir.join("db");
    db.put("c", "a", body(1)).expect("a put");
    // HEAD follows within 50 ms of idle time, or at once with a checkpoint; a reader beside the writer sees up to there.
    db.checkpoint().expect("a checkpoint");
    let reader = Database::open(&path, Options::new().read_only()).expect("it opens beside the writer");
    db.put("c", "a", body(2)).expect("a put");
    assert_eq!(reader.head().size, 1, "it sees what HEAD named when it was opened");
    let row = reader.get("c", "a").expect("readable").expect("it is there");
    assert_eq!(super::number(&row), 1);
    assert_eq!(reader.put("c", "a", body(3)).expect_err("no writes").code(), ErrorCode::ReadOnly);
    assert_eq!(reader.checkpoint().expect_err("no files").code(), ErrorCode::ReadOnly);
    reader.close().expect("it closes");
    db.checkpoint().expect("a checkpoint");
    assert_eq!(Database::open(&path, Options::new().read_only()).expect("it opens").head(), db.head());
    db.put("c", "a", body(3)).expect("the writer goes on");
    let head = db.head();
    drop((reader, db));
    assert_eq!(Database::open(&path, Options::new()).expect("it opens").head(), head);
}

#[test]
fn a_read_only_handle_creates_nothing() {
    let dir = crate::support::temp_dir::TempDir::new("absent");
    assert_eq!(code_of(Database::open(dir.join("db"), Options::new().read_only())), "not_a_database");
    assert_eq!(code_of(Database::open(dir.join("db"), Options::new().create(false))), "not_a_database");
}

#[test]
fn closing_while_others_write_keeps_what_was_acknowledged_and_nothing_else() {
    let _watchdog = Watchdog::seconds("close while writing", 60);
    for round in 0..5_u64 {
        let (dir, db) = fresh("closing");
        let acknowledged = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (db, acknowledged) = (&db, &acknowledged);
                scope.spawn(move || {
                    for n in 0.. {
                        match db.write(Op::put("rows", format!("{writer}-{n}"), body(n))) {
                            Ok(_) => acknowledged.fetch_add(1, Ordering::SeqCst),
                            Err(error) => return assert_eq!(error.code(), ErrorCode::Closed, "{error}"),
                        };
                    }
                });
            }
            while acknowledged.load(Ordering::SeqCst) < 20 * (round + 1) {
                std::thread::yield_now();
            }
            db.close().expect("it closes");
        });
        drop(db);
        let db = Database::open(dir.join("db"), Options::new()).expect("it opens again");
        assert_eq!(db.head().size, acknowledged.load(Ordering::SeqCst));
    }
}

#[test]
fn databases_open_and_close_in_quick_succession() {
    let _watchdog = Watchdog::seconds("open and close", 60);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..400 {
                    let db = Database::in_memory().expect("memory");
                    db.put("c", "a", body(1)).expect("a put");
                }
            });
        }
    });
}
