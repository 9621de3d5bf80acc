//! Damage to derived files: an answer is right or an integrity error, and without the files everything comes back.

use std::path::PathBuf;

use nedb::{Database, Durability, ErrorKind};
use nedb_io::simulate::{Faults, SimDisk};

use super::{Machine, batch};

const REQUESTS: u64 = 12;

fn filled() -> Machine {
    let machine = Machine::new(1, SimDisk::new(1, Faults::default()));
    let db = machine.open(Durability::Sync).expect("it opens");
    for n in 0..REQUESTS {
        db.write(batch(n, 2)).expect("a put");
        if n % 5 == 4 {
            db.checkpoint().expect("a checkpoint");
        }
    }
    db.close().expect("it closes");
    machine
}

fn index_files(machine: &Machine) -> Vec<(PathBuf, usize)> {
    let files = machine.disk.snapshot().files();
    files
        .into_iter()
        .filter(|(path, _)| path.starts_with("/db/index"))
        .map(|(path, bytes)| (path, bytes.len()))
        .collect()
}

/// Every document is there; an integrity error is an honest answer too.
fn check(db: &Database) -> Result<(), nedb::Error> {
    for n in 0..REQUESTS {
        assert!(db.get("c", format!("{n:05}-1"))?.is_some(), "{n} is missing");
        assert!(db.get("c", format!("{n:05}-9"))?.is_none(), "{n}-9 was never written");
    }
    let rows = db.snapshot().scan("c", &nedb::ScanRange::all())?.collect::<Result<Vec<_>, _>>()?;
    assert_eq!(rows.len() as u64, 2 * REQUESTS);
    Ok(())
}

fn open_and_check(machine: &Machine, what: &str) {
    let answer = machine.open(Durability::Sync).and_then(|db| check(&db));
    if let Err(error) = answer {
        assert_eq!(error.kind(), ErrorKind::Integrity, "{what}: {error}");
    }
}

#[test]
fn damaged_index_files_give_right_answers_or_integrity_errors() {
    let machine = filled();
    let files = index_files(&machine);
    assert!(!files.is_empty(), "checkpoints were taken");
    let mut tried = 0;
    for (path, len) in &files {
        let step = (len / 150).max(1);
        for offset in (0..*len).step_by(step) {
            let after = Machine::new(2, machine.disk.restart());
            after
                .disk
                .flip_bit(path, offset as u64, u8::try_from(offset % 8).expect("below 8"))
                .expect("the medium fails");
            open_and_check(&after, &format!("bit at {offset} of {}", path.display()));
            tried += 1;
        }
        for cut in [0, 1, len / 2, len - 1] {
            let after = Machine::new(2, machine.disk.restart());
            after.disk.truncate_file(path, cut as u64).expect("the medium fails");
            open_and_check(&after, &format!("{} cut to {cut}", path.display()));
        }
    }
    println!("derived files: {} files, {tried} bits", files.len());
}

#[test]
fn each_subset_of_index_files_may_be_missing() {
    let machine = filled();
    let files = index_files(&machine);
    for lost in 0_u32..1 << files.len().min(8) {
        let after = Machine::new(2, machine.disk.restart());
        for (at, (path, _)) in files.iter().enumerate().take(8) {
            if lost & (1 << at) != 0 {
                after.disk.remove_file(path).expect("it can be removed");
            }
        }
        let db = after.open(Durability::Sync).unwrap_or_else(|error| panic!("without files {lost:b}: {error}"));
        check(&db).unwrap_or_else(|error| panic!("without files {lost:b}: {error}"));
    }
}
