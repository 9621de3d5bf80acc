//! A checkpoint that takes as long as it likes: writers and readers go on meanwhile.

use std::{path::Path, sync::Arc};

use nedb::{Body, CheckpointPolicy, Database, IndexKind, Options, ScanRange, VerifyOptions};
use nedb_io::{Disk, Io};

use super::body;
use crate::support::{gate::GatedDisk, watchdog::Watchdog};

fn open(disk: &Arc<GatedDisk>) -> Database {
    let io = Io { disk: Arc::clone(disk) as Arc<dyn Disk>, ..Io::memory(0) };
    let options = Options::new().io(io).checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0);
    Database::open("/db", options).expect("it opens")
}

fn fill(db: &Database, numbers: std::ops::Range<i64>) {
    for n in numbers {
        db.put("c", format!("{n:04}"), body(n)).expect("a put is acknowledged");
    }
}

fn is_sound(db: &Database) -> bool {
    db.verify_with(&VerifyOptions::new().deep(true)).expect("it verifies").is_ok()
}

#[test]
fn writers_are_acknowledged_while_a_checkpoint_is_written() {
    let _watchdog = Watchdog::seconds("a checkpoint that stops writers", 60);
    let disk = GatedDisk::new("/index/");
    let db = open(&disk);
    fill(&db, 0..500);
    disk.close();
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| db.checkpoint());
        disk.wait_for_arrival();
        let writers: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn({
                    let db = &db;
                    move || fill(db, 500 + 25 * number..525 + 25 * number)
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("a writer does not panic");
        }
        assert!(!checkpoint.is_finished(), "it is still being written");
        assert_eq!(db.head().size, 600);
        assert_eq!(db.stats().expect("figures").checkpoint_size, 0);
        let rows = db.snapshot().scan("c", &ScanRange::all()).expect("reads go on too");
        assert_eq!(rows.count(), 600);
        disk.open_gate();
        let covered = checkpoint.join().expect("no panic").expect("it is written").size;
        assert_eq!(covered, 500, "the image is that of the moment when it began");
    });
    assert_eq!(db.stats().expect("figures").checkpoint_size, 500);
    assert!(is_sound(&db));
    let head = db.head();
    drop(db);
    let db = open(&disk);
    let report = db.open_report();
    assert_eq!((report.checkpoint_size, report.replayed_operations), (500, 100), "{report:?}");
    assert_eq!(db.head(), head);
    assert_eq!(db.snapshot().scan("c", &ScanRange::all()).expect("readable").count(), 600);
    assert!(is_sound(&db));
}

/// The files of secondary indexes.
fn files_of_indexes(disk: &GatedDisk) -> Vec<String> {
    let mut names = disk.list(Path::new("/db/index")).expect("a directory");
    names.retain(|name| name.starts_with("temporal-"));
    names
}

#[test]
fn an_index_that_is_dropped_while_a_checkpoint_is_written_leaves_nothing_behind() {
    let _watchdog = Watchdog::seconds("a drop beside a checkpoint", 60);
    let disk = GatedDisk::new("/index/");
    let db = open(&disk);
    fill(&db, 0..500);
    for field in ["n", "kept"] {
        db.create_index("c", field, IndexKind::Ordered).expect("an index");
        db.wait_for_index("c", field, IndexKind::Ordered, &mut |_| ()).expect("it is built");
    }
    disk.close();
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| db.checkpoint());
        disk.wait_for_arrival();
        assert!(db.drop_index("c", "n", None).expect("a drop"));
        disk.open_gate();
        checkpoint.join().expect("no panic").expect("the checkpoint is written all the same");
    });
    let names = |db: &Database| db.indexes().into_iter().map(|index| index.field).collect::<Vec<_>>();
    assert_eq!(names(&db), ["kept"]);
    assert!(is_sound(&db));
    drop(db);
    let db = open(&disk);
    assert_eq!(names(&db), ["kept"], "it does not come back");
    assert_eq!(db.open_report().rejected_indexes, []);
    assert_eq!(db.open_report().checkpoint_size, 500);
    assert_eq!(db.query("FROM c WHERE n >= 490").expect("a query").count(), 10);
    assert!(is_sound(&db));
    // Two checkpoints later no generation names its files any more.
    for n in 0..2 {
        db.put("c", format!("later-{n}"), Body::json("{}")).expect("a put");
        db.checkpoint().expect("a checkpoint");
    }
    let with_one = files_of_indexes(&disk).len();
    assert!(db.drop_index("c", "kept", None).expect("a drop"));
    for n in 2..5 {
        db.put("c", format!("later-{n}"), Body::json("{}")).expect("a put");
        db.checkpoint().expect("a checkpoint");
    }
    assert!(with_one > 0);
    assert_eq!(files_of_indexes(&disk), Vec::<String>::new(), "of {with_one} files none is left");
}
