//! Builds in steps, in the background or by who waits, and the catalogue beside many writers.

use std::sync::Arc;

use nedb::{Body, Database, ErrorCode, IndexKind, IndexOrigin, IndexState, Op, Options, ValueRange, WriteBatch};
use nedb_io::{Clock, Io, ManualClock, ManualScheduler, MemoryDisk, SeededRandom};

fn machine() -> (Io, Arc<ManualClock>, Arc<ManualScheduler>) {
    let (clock, scheduler) = (Arc::new(ManualClock::new(1_767_225_600_000_000)), Arc::new(ManualScheduler::new()));
    let io = Io {
        disk: Arc::new(MemoryDisk::new(256 << 20)),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::clone(&scheduler) as Arc<dyn nedb_io::Scheduler>,
    };
    (io, clock, scheduler)
}

fn open(io: &Io) -> Database {
    Database::open("/db", Options::new().io(io.clone()).sweep_interval_us(0)).expect("it opens")
}

fn fill(db: &Database, count: u64) {
    let numbers: Vec<u64> = (0..count).collect();
    for chunk in numbers.chunks(5000) {
        let mut batch = WriteBatch::with_capacity(chunk.len());
        for n in chunk {
            batch.push(Op::put("c", format!("{n:06}"), Body::json(format!("{{\"v\":{}}}", n % 100))));
        }
        db.write(batch).expect("a batch");
    }
}

fn state(db: &Database) -> IndexState {
    db.indexes().first().expect("an index").state
}

#[test]
fn a_build_goes_in_steps_and_goes_on_after_a_restart() {
    let (io, _, scheduler) = machine();
    let db = open(&io);
    fill(&db, 60_000);
    db.create_index("c", "v", IndexKind::Ordered).expect("an index");
    assert_eq!(state(&db), IndexState::Building { done: 0, total: 60_000 });
    assert!(scheduler.run_next() && scheduler.run_next());
    while state(&db) == (IndexState::Building { done: 0, total: 60_000 }) {
        assert!(scheduler.run_next(), "the build is under way");
    }
    // Nobody who writes waits for it.
    for n in 0..3 {
        db.put("c", format!("late {n}"), Body::json("{\"v\":7}")).expect("a put between two steps");
        assert!(scheduler.run_next(), "the build is under way");
    }
    let IndexState::Building { done, total: 60_003 } = state(&db) else { panic!("{:?} in a few steps", state(&db)) };
    db.close().expect("it closes with a checkpoint");
    drop(db);
    scheduler.forget_all();

    let db = open(&io);
    assert_eq!(state(&db), IndexState::Building { done, total: 60_003 }, "what was built is kept");
    let mut told = Vec::new();
    db.wait_for_index("c", "v", IndexKind::Ordered, &mut |info| told.push(info.position)).expect("it is built");
    assert!(told.is_sorted() && told.first().is_none_or(|first| *first > done));
    let rows = db.snapshot().index_scan("c", "v", &ValueRange::only(7.into())).expect("a scan").expect("it is ready");
    assert_eq!(rows.count(), 603);
}

#[test]
fn a_build_that_stands_still_holds_up_no_writer_and_no_reader() {
    let (io, ..) = machine();
    let db = open(&io);
    fill(&db, 60_000);
    db.create_index("c", "v", IndexKind::Ordered).expect("an index");
    let ((stand, stands), (go, goes)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    std::thread::scope(|scope| {
        let builder = db.clone();
        scope.spawn(move || {
            let mut told = |info: &nedb::IndexInfo| {
                if stand.send(info.position).is_ok() {
                    goes.recv().expect("somebody lets it go on");
                }
            };
            builder.wait_for_index("c", "v", IndexKind::Ordered, &mut told).expect("it is built");
        });
        let position = stands.recv().expect("it tells of its first step");
        assert!(position < 60_000);
        db.put("c", "late", Body::json("{\"v\":7}")).expect("a put returns");
        assert_eq!(db.query("FROM c WHERE v = 7").expect("a query").count(), 601);
        assert!(matches!(state(&db), IndexState::Building { .. }), "it was not ready when the put returned");
        drop(stands);
        go.send(()).expect("it waits");
    });
    let rows = db.snapshot().index_scan("c", "v", &ValueRange::only(7.into())).expect("a scan").expect("it is ready");
    assert_eq!(rows.count(), 601);
}

#[test]
fn a_dropped_index_ends_its_build_and_a_closed_database_too() {
    let (io, _, scheduler) = machine();
    let db = open(&io);
    fill(&db, 40_000);
    db.create_index("c", "v", IndexKind::Ordered).expect("an index");
    assert!(db.drop_index("c", "v", None).expect("a drop"));
    while scheduler.run_next() {}
    assert!(db.indexes().is_empty());
    db.create_index("c", "v", IndexKind::Ordered).expect("an index");
    db.close().expect("it closes");
    while scheduler.run_next() {}
    let refused = db.wait_for_index("c", "v", IndexKind::Ordered, &mut |_| ()).expect_err("it is closed");
    assert_eq!(refused.code(), ErrorCode::Closed);
}

#[test]
fn queries_find_little_to_read_because_the_background_follows() {
    let (io, clock, scheduler) = machine();
    let db = open(&io);
    db.create_index("c", "v", IndexKind::Eq).expect("an index");
    while scheduler.run_next() {}
    fill(&db, 10_000);
    while scheduler.run_next() {}
    assert_eq!(db.indexes()[0].position, 10_000, "a large lag is read at once");
    db.put("c", "one more", Body::json("{}")).expect("a put");
    while scheduler.run_next() {}
    assert_eq!(db.indexes()[0].position, 10_000, "a small one has time");
    clock.advance_us(1_000_000);
    scheduler.run_due(clock.monotonic_us());
    assert_eq!(db.indexes()[0].position, 10_001);
}

#[test]
fn an_index_is_made_by_itself_after_repeated_wishes_and_kept_over_a_restart() {
    let (io, _, scheduler) = machine();
    let db = open(&io);
    fill(&db, 10_000);
    let ask = |db: &Database, field: &str| {
        let scan = db.snapshot().index_scan("c", field, &ValueRange::all()).expect("a scan");
        scan.map(Iterator::count)
    };
    for _ in 0..3 {
        assert_eq!(ask(&db, "v"), None);
    }
    let info = db.indexes().pop().expect("it is being made");
    assert_eq!((info.origin, info.field.as_str()), (IndexOrigin::Automatic, "v"));
    while scheduler.run_next() {}
    assert_eq!(ask(&db, "v"), Some(10_000));
    db.close().expect("it closes");
    drop(db);

    let db = open(&io);
    assert_eq!(ask(&db, "v"), Some(10_000), "without a build");
    assert!(db.drop_index("c", "v", None).expect("a drop"));
    (0..9).for_each(|_| assert_eq!(ask(&db, "v"), None));
    assert!(db.indexes().is_empty(), "what was dropped by hand is not made again");

    // Each of these is asked for more often than the ones before; the first ones go.
    for (uses, field) in (1..=10).map(|n| (n, format!("f{n}"))) {
        (0..3).for_each(|_| assert_eq!(ask(&db, &field), None));
        while scheduler.run_next() {}
        (0..uses).for_each(|_| assert_eq!(ask(&db, &field), Some(10_000)));
    }
    let kept: Vec<String> = db.indexes().into_iter().map(|info| info.field).collect();
    assert_eq!(kept, ["f10", "f3", "f4", "f5", "f6", "f7", "f8", "f9"]);
    // An explicit one takes the place of an automatic one.
    db.create_index("c", "f3", IndexKind::Eq).expect("an index");
    let origins: Vec<_> = db.indexes().into_iter().filter(|info| info.field == "f3").map(|info| info.origin).collect();
    assert_eq!(origins, [IndexOrigin::Explicit]);
}

#[test]
fn automatic_indexes_of_several_sessions_stay_apart() {
    let (io, _, scheduler) = machine();
    let fields = ["v", "absent", "other"];
    let is_seven = ValueRange::only(7.into());
    let rows = |db: &Database, field: &str| {
        let scan = db.snapshot().index_scan("c", field, &is_seven).expect("a scan");
        scan.map(Iterator::count)
    };
    let db = open(&io);
    fill(&db, 10_000);
    db.close().expect("it closes");
    for field in fields {
        let db = open(&io);
        (0..3).for_each(|_| assert_eq!(rows(&db, field), None));
        while scheduler.run_next() {}
        db.close().expect("it closes with a checkpoint");
    }
    let db = open(&io);
    let found: Vec<_> = fields.iter().map(|field| rows(&db, field)).collect();
    assert_eq!(found, [Some(100), Some(0), Some(0)]);
    assert!(db.indexes().iter().all(|info| info.entries == 10_000), "{:?}", db.indexes());
}

#[test]
fn texts_that_are_too_long_for_one_step_are_all_found() {
    const TEXTS: usize = 90;
    let (io, _, scheduler) = machine();
    let db = open(&io);
    let text = "some quite common words ".repeat(10_000);
    for n in 0..TEXTS {
        db.put("c", format!("{n:03}"), Body::json(format!("{{\"t\":\"{text} rare{n}\"}}"))).expect("a put");
    }
    db.create_index("c", "t", "search".parse().expect("a kind")).expect("an index");
    while scheduler.run_next() {}
    db.put("c", "000", Body::json(format!("{{\"t\":\"{text}\"}}"))).expect("a put");
    let rows = |nql: &str| db.query(nql).expect("a query").count();
    assert_eq!(rows(r#"FROM c SEARCH "common""#), TEXTS);
    assert_eq!(rows(r#"FROM c SEARCH "rare0""#), 0);
    assert_eq!(rows(r#"FROM c AS OF 89 SEARCH "rare0""#), 1);
    assert_eq!(rows(&format!(r#"FROM c SEARCH "rare{}""#, TEXTS - 1)), 1);
}

#[test]
fn small_collections_and_a_switch_keep_the_engine_from_making_indexes() {
    let (io, ..) = machine();
    let ask = |db: &Database| {
        for _ in 0..9 {
            assert!(db.snapshot().index_scan("c", "v", &ValueRange::all()).expect("a scan").is_none());
        }
        db.indexes().len()
    };
    let db = open(&io);
    fill(&db, 9_999);
    assert_eq!(ask(&db), 0);
    fill(&db, 10_001);
    drop(db);
    let db = Database::open("/db", Options::new().io(io.clone()).auto_index(false)).expect("it opens");
    assert_eq!(ask(&db), 0);
    drop(db);
    assert_eq!(ask(&open(&io)), 1);
}

#[test]
fn definitions_are_made_beside_many_writers_and_the_log_proves_them() {
    let dir = crate::support::temp_dir::TempDir::new("definitions");
    let db = Database::open(dir.join("db"), Options::new()).expect("it opens");
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let db = db.clone();
            scope.spawn(move || {
                for n in 0..40 {
                    db.put("c", format!("{writer}-{n}"), Body::json(format!("{{\"f{n}\":{n}}}"))).expect("a put");
                }
            });
        }
        for maker in 0..2 {
            let db = db.clone();
            scope.spawn(move || {
                for n in 0..20 {
                    db.create_index("c", &format!("f{n}"), IndexKind::Eq).expect("an index");
                    if n % 3 == maker {
                        db.drop_index("c", &format!("f{n}"), None).expect("a drop");
                    }
                }
            });
        }
    });
    let names = |db: &Database| db.indexes().into_iter().map(|info| info.field).collect::<Vec<_>>();
    let (before, head) = (names(&db), db.head());
    db.put("c", "last", Body::json("{}")).expect("a put that seals the catalogue");
    drop(db);
    let report = nedb::verify(dir.join("db"), &nedb::VerifyOptions::new()).expect("it verifies");
    assert!(report.is_ok(), "{report:?}");
    let db = Database::open(dir.join("db"), Options::new()).expect("it opens");
    assert_eq!(names(&db), before);
    assert_eq!(db.head().size, head.size + 1);
}
