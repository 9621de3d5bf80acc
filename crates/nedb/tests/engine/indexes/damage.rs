//! A damaged file of an index costs a rebuild, never an answer.

use std::{path::Path, sync::Arc};

use nedb::{Body, CheckpointPolicy, Database, ErrorKind, IndexKind, IndexState, Options, ValueRange};
use nedb_io::{
    Io, ManualClock, ManualScheduler, SeededRandom,
    simulate::{Faults, SimDisk},
};

use crate::support::dice::Dice;

const DOCUMENTS: u32 = 500;

/// Flips one bit of a file.
pub fn flip_a_bit(disk: &SimDisk, path: &Path, dice: &mut Dice) {
    let length = disk.read_file(path).expect("the file is there").len() as u64;
    let bit = u8::try_from(dice.below(8)).expect("a bit of a byte");
    disk.flip_bit(path, dice.below(length), bit).expect("the file is there");
}

fn io(disk: &SimDisk) -> Io {
    Io {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::new(1_767_225_600_000_000)),
        random: Arc::new(SeededRandom::new(1)),
        scheduler: Arc::new(ManualScheduler::new()),
    }
}

fn open(io: &Io) -> Database {
    let options = Options::new().io(io.clone()).sweep_interval_us(0).checkpoints(CheckpointPolicy::manual());
    Database::open("/db", options).expect("it opens")
}

/// A database with an index in its checkpoint, closed, and the names of the index's files.
fn saved() -> (SimDisk, Io, Vec<String>) {
    let disk = SimDisk::new(1, Faults::default());
    let io = io(&disk);
    let db = open(&io);
    for n in 0..DOCUMENTS {
        db.put("c", n.to_string(), Body::json(format!("{{\"v\":{}}}", n % 7))).expect("a put");
    }
    db.create_index("c", "v", IndexKind::Eq).expect("an index");
    db.wait_for_index("c", "v", IndexKind::Eq, &mut |_| ()).expect("it is built");
    db.checkpoint().expect("a checkpoint");
    db.close().expect("it closes");
    let names = io.disk.list(Path::new("/db/index")).expect("there is an index directory");
    (disk, io, names.into_iter().filter(|name| name.starts_with("temporal-")).collect())
}

fn rows(db: &Database) -> Result<Option<usize>, nedb::Error> {
    let Some(scan) = db.snapshot().index_scan("c", "v", &ValueRange::all())? else { return Ok(None) };
    scan.collect::<Result<Vec<_>, _>>().map(|rows| Some(rows.len()))
}

#[test]
fn an_index_whose_file_is_missing_is_built_anew_and_reported() {
    let (disk, io, names) = saved();
    assert!(!names.is_empty());
    disk.remove_file(&Path::new("/db/index").join(&names[0])).expect("the file is there");
    let db = open(&io);
    let report = db.open_report();
    assert_eq!(report.rejected_checkpoints, [], "the rest of the checkpoint is good");
    assert_eq!(report.rejected_indexes.len(), 1, "{report:?}");
    assert_eq!(report.rejected_indexes[0].index, "eq index on v of c");
    assert!(matches!(db.indexes()[0].state, IndexState::Building { .. }));
    assert_eq!(rows(&db).expect("a scan"), None);
    db.wait_for_index("c", "v", IndexKind::Eq, &mut |_| ()).expect("it is built");
    assert_eq!(rows(&db).expect("a scan"), Some(DOCUMENTS as usize));
}

#[test]
fn no_flipped_bit_in_a_file_of_an_index_changes_an_answer() {
    let (disk, io, names) = saved();
    let (mut said, mut reported) = (0, 0);
    for name in names {
        let path = Path::new("/db/index").join(&name);
        let bytes = disk.read_file(&path).expect("the file is there");
        for at in (0..bytes.len()).step_by(bytes.len() / 60) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            disk.write_file(&path, &damaged).expect("the file is there");
            let db = open(&io);
            reported += db.open_report().rejected_indexes.len();
            match rows(&db) {
                Ok(Some(rows)) => assert_eq!(rows, DOCUMENTS as usize, "{name} at {at}"),
                Ok(None) => {}
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Integrity, "{name} at {at}: {error}");
                    said += 1;
                }
            }
            db.wait_for_index("c", "v", IndexKind::Eq, &mut |_| ()).expect("it is built anew");
            assert_eq!(rows(&db).expect("a sound index"), Some(DOCUMENTS as usize), "{name} at {at}");
        }
        disk.write_file(&path, &bytes).expect("the file is there");
    }
    assert!(said > 0 && reported > 0, "{said} said by a scan, {reported} by an open");
}

#[test]
fn a_checkpoint_leaves_a_damaged_index_out_instead_of_failing() {
    let (disk, io, names) = saved();
    let db = open(&io);
    for name in names {
        let path = Path::new("/db/index").join(&name);
        let mut bytes = disk.read_file(&path).expect("the file is there");
        bytes.iter_mut().skip(4096).step_by(1000).for_each(|byte| *byte ^= 1);
        disk.write_file(&path, &bytes).expect("the file is there");
    }
    for n in 0..DOCUMENTS {
        db.put("c", n.to_string(), Body::json(format!("{{\"v\":{}}}", n % 5))).expect("a put");
    }
    db.checkpoint().expect("the rest is good");
    db.wait_for_index("c", "v", IndexKind::Eq, &mut |_| ()).expect("it is built anew");
    assert_eq!(rows(&db).expect("a sound index"), Some(DOCUMENTS as usize));
}
