//! What rebuilding promises, over files that are damaged, and over files that check and are wrong.

use nedb_index::LoadBounds;
use nedb_io::Io;

use super::*;
use crate::{Body, CheckpointPolicy, IndexKind, open::INDEX_DIR, verify, verify::VerifyOptions};

const DIR: &str = "/db";

fn options(io: &Io) -> Options {
    Options::new().io(io.clone()).checkpoints(CheckpointPolicy::manual()).sweep_interval_us(0)
}

/// A closed database with a checkpoint of 20 documents, an index, and some writes behind the checkpoint.
fn filled(io: &Io) -> Head {
    let db = Database::open(DIR, options(io)).unwrap();
    for n in 0..20 {
        db.put("c", format!("{n:02}"), Body::json(format!(r#"{{"n": {n}}}"#))).unwrap();
    }
    db.create_index("c", "n", IndexKind::Ordered).unwrap();
    db.wait_for_index("c", "n", IndexKind::Ordered, &mut |_| ()).unwrap();
    db.checkpoint().unwrap();
    db.delete("c", "03").unwrap();
    let head = db.head();
    db.close().unwrap();
    head
}

fn deep(io: &Io) -> bool {
    verify(DIR, &VerifyOptions::new().io(io.clone()).deep(true)).unwrap().is_ok()
}

fn index_files(io: &Io) -> Vec<String> {
    io.disk.list(&Path::new(DIR).join(INDEX_DIR)).unwrap()
}

/// Writes a checkpoint whose bytes check, and which says of a collection that it has more documents.
fn forge(io: &Io) {
    let dir = Path::new(DIR).join(INDEX_DIR);
    let id = nedb_log::database_id(io, Path::new(DIR)).unwrap();
    let mut image = nedb_index::load_newest(io, &dir, id, LoadBounds::NONE).unwrap().checkpoint.unwrap().image;
    image.live_counts.values_mut().for_each(|live| *live += 5);
    nedb_index::write_checkpoint(io, &dir, &image).unwrap();
}

#[test]
fn a_checkpoint_that_checks_and_is_wrong_is_replaced_by_what_the_log_says() {
    let io = Io::memory(64 << 20);
    let head = filled(&io);
    forge(&io);
    assert!(!deep(&io), "a deep verification tells of it");

    let report = rebuild(DIR, options(&io)).unwrap();
    assert_eq!((report.head, report.documents), (head, 19));
    assert_eq!(report.indexes.iter().map(|index| index.position).collect::<Vec<_>>(), [head.size]);
    assert!(deep(&io));
    let db = Database::open(DIR, options(&io)).unwrap();
    let opened = db.open_report();
    assert_eq!((opened.checkpoint_size, opened.replayed_operations), (head.size, 0), "{opened:?}");
    assert!(opened.rejected_checkpoints.is_empty() && opened.rejected_indexes.is_empty(), "{opened:?}");
    assert_eq!(db.snapshot().collections().unwrap().len(), 1);
}

#[test]
fn no_file_that_was_there_is_believed_or_stays() {
    let io = Io::memory(64 << 20);
    let head = filled(&io);
    let before = index_files(&io);
    for name in &before {
        let path = Path::new(DIR).join(INDEX_DIR).join(name);
        io.disk.open(&path, nedb_io::Access::Write).unwrap().write_all_at(&[0xff; 64], 0).unwrap();
    }
    assert_eq!(rebuild(DIR, options(&io)).unwrap().head, head);
    let after = index_files(&io);
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} {after:?}");
    assert!(deep(&io));
}

#[test]
fn a_database_that_somebody_has_open_is_not_rebuilt_and_a_damaged_log_is_refused_with_nothing_changed() {
    let io = Io::memory(64 << 20);
    filled(&io);
    let db = Database::open(DIR, options(&io)).unwrap();
    assert_eq!(rebuild(DIR, options(&io)).unwrap_err().code(), ErrorCode::Locked);
    assert_eq!(rebuild(DIR, options(&io).read_only()).unwrap_err().code(), ErrorCode::ReadOnly);
    assert_eq!(rebuild("/none", options(&io)).unwrap_err().code(), ErrorCode::NotADatabase);
    db.close().unwrap();
    let segment = Path::new(DIR).join("log/0000000000000000.seg");
    io.disk.open(&segment, nedb_io::Access::Write).unwrap().write_all_at(&[0xff; 64], 8192).unwrap();
    let before = index_files(&io);
    assert_eq!(rebuild(DIR, options(&io)).unwrap_err().kind(), nedb_types::ErrorKind::Integrity);
    assert_eq!(index_files(&io), before);
}

#[test]
fn an_empty_database_can_be_rebuilt() {
    let io = Io::memory(64 << 20);
    Database::open(DIR, options(&io)).unwrap().close().unwrap();
    assert_eq!(rebuild(DIR, options(&io)).unwrap().documents, 0);
    assert!(deep(&io));
}
