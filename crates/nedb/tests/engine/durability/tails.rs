//! The end of the log: a torn tail is cut and reported, a history that HEAD knows is never cut.

use std::path::{Path, PathBuf};

use nedb::{Durability, ErrorCode};
use nedb_io::simulate::{Faults, SimDisk};

use super::{Machine, batch, requests};

/// The one segment of a small log.
fn segment(disk: &SimDisk) -> PathBuf {
    let files = disk.snapshot().files();
    let is_segment = |path: &&PathBuf| path.starts_with("/db/log");
    files.keys().find(is_segment).expect("a database has a log").clone()
}

fn last_byte(disk: &SimDisk, path: &Path) -> u64 {
    let bytes = disk.read_file(path).expect("it is there");
    bytes.iter().rposition(|byte| *byte != 0).expect("a segment is not empty") as u64
}

#[test]
fn a_torn_tail_is_cut_and_reported() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::None).expect("it opens");
    for n in 0..3 {
        db.write(batch(n, 2)).expect("a put");
    }
    db.flush().expect("a flush");
    let path = segment(&machine.disk);
    let durable_end = last_byte(&machine.disk, &path);
    db.write(batch(3, 2)).expect("a put");
    let end = last_byte(&machine.disk, &path);
    machine.scheduler.forget_all();
    for offset in (durable_end + 64..=end).step_by(7) {
        let killed = Machine::new(2, machine.disk.restart());
        killed.disk.flip_bit(&path, offset, 3).expect("the medium fails");
        let db = killed.open(Durability::Sync).expect("a torn tail is no damage");
        assert_eq!(requests(&db, &[2, 2, 2, 2]), 3, "byte {offset}");
        let cut = db.open_report().cut.expect("the cut is reported");
        assert!(cut.bytes > 0 && cut.address > 0);
        db.write(batch(3, 2)).expect("the log goes on behind the cut");
        drop(db);
        let again = killed.reboot();
        let db = again.open(Durability::Sync).expect("it opens again");
        assert_eq!(db.open_report().cut, None, "there is nothing more to cut");
        assert_eq!(requests(&db, &[2, 2, 2, 2]), 4);
    }
}

#[test]
fn damage_below_the_durable_end_is_refused_with_its_place() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Sync).expect("it opens");
    for n in 0..4 {
        db.write(batch(n, 2)).expect("a put");
    }
    machine.advance_us(100_000);
    let path = segment(&machine.disk);
    let end = last_byte(&machine.disk, &path);
    drop(db);
    machine.scheduler.forget_all();
    for offset in (4096..end).step_by(61) {
        let after = Machine::new(2, machine.disk.restart());
        after.disk.flip_bit(&path, offset, 5).expect("the medium fails");
        match after.open(Durability::Sync) {
            Err(error) => {
                assert!(matches!(error.code(), ErrorCode::Corrupt | ErrorCode::Rollback), "byte {offset}: {error}");
                assert!(error.place().is_some(), "byte {offset}: {error}");
            }
            // Padding and zeros may be dead bytes; an answer must be right all the same.
            Ok(db) => assert_eq!(requests(&db, &[2, 2, 2, 2]), 4, "byte {offset}"),
        }
    }
}

#[test]
fn a_log_that_ends_below_head_is_refused() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Sync).expect("it opens");
    db.write(batch(0, 2)).expect("a put");
    let path = segment(&machine.disk);
    let old = machine.disk.read_file(&path).expect("it is there");
    db.write(batch(1, 2)).expect("a put");
    machine.advance_us(100_000);
    drop(db);
    machine.scheduler.forget_all();
    let after = Machine::new(2, machine.disk.restart());
    after.disk.write_file(&path, &old).expect("an old copy is put back");
    let error = after.open(Durability::Sync).expect_err("an acknowledged write is missing");
    assert_eq!(error.code(), ErrorCode::Rollback, "{error}");
    let error = Machine::new(3, after.disk.restart()).open(Durability::Sync).expect_err("and it stays so");
    assert_eq!(error.code(), ErrorCode::Rollback, "{error}");
}

#[test]
fn a_refused_directory_is_not_touched() {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Sync).expect("it opens");
    db.write(batch(0, 2)).expect("a put");
    db.close().expect("it closes");
    drop(db);
    let path = segment(&machine.disk);
    let after = Machine::new(2, machine.disk.restart());
    let middle = last_byte(&machine.disk, &path) - 200;
    after.disk.flip_bit(&path, middle, 1).expect("the medium fails");
    let before = after.disk.snapshot().files();
    after.open(Durability::Sync).expect_err("damage below HEAD");
    assert_eq!(after.disk.snapshot().files(), before, "nothing heals in silence");
}
