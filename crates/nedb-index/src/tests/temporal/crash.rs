//! A power cut at every operation of checkpoints with a temporal index: the old or the new one is found, whole.

use std::path::Path;
use std::sync::Arc;

use nedb_io::simulate::{Faults, SimDisk};
use nedb_io::{Disk, Io};
use nedb_log::LogPosition;
use nedb_types::{Result, Seq};

use super::super::{DATABASE, DIR, at, directory, io_with, within};
use super::{Entry, all_at};
use crate::{CheckpointImage, KeyHasher, TemporalBuilder, TemporalIndex, load_newest, write_checkpoint};

const STEP: u64 = 12;

/// Document n has its value from n on; every other one loses it six seqs later.
fn apply(index: &TemporalIndex, from: u64, until: u64) {
    for seq in from..until {
        if let Some(before) = seq.checked_sub(6).filter(|before| before % 2 == 0) {
            index.apply(&[Entry { removed: Some(seq), ..entry(before) }.remove()]);
        }
        index.apply(&[entry(seq).add()]);
    }
}

fn entry(seq: u64) -> Entry {
    Entry { key: b"value".to_vec(), id: format!("{seq:04}").into_bytes(), added: seq, removed: None }
}

fn expected(seq: u64) -> Vec<u64> {
    (0..=seq).filter(|number| number % 2 == 1 || seq < number + 6).collect()
}

fn checkpoint(io: &Io, index: &TemporalIndex, image: &mut CheckpointImage, size: u64) -> Result<()> {
    if let Some(frozen) = index.freeze() {
        let runs = directory(io).write_temporal_runs(&frozen, &index.runs())?;
        index.install(&frozen, runs);
    }
    image.temporal_runs = vec![index.runs().files(1)];
    image.position = LogPosition { end: at(size), size, ..LogPosition::start() };
    image.parts = write_checkpoint(io, Path::new(DIR), image)?.parts;
    Ok(())
}

/// A base and three checkpoints; returns how many were acknowledged before the cut.
fn run(io: &Io) -> u64 {
    let mut image = CheckpointImage::new(DATABASE, KeyHasher::new([5; 16]), LogPosition::start());
    let index = TemporalIndex::new();
    let directory = directory(io);
    let mut builder = TemporalBuilder::with_memory(&directory, 512);
    for seq in 0..6 {
        if builder.add(b"value", entry(seq).id.as_slice(), Seq::new(seq), None, super::payload(&entry(seq))).is_err() {
            return 0;
        }
    }
    let Ok(base) = builder.finish() else { return 0 };
    index.install_base(base);
    for number in 0..3 {
        apply(&index, (number * STEP).max(6), (number + 1) * STEP);
        if checkpoint(io, &index, &mut image, (number + 1) * STEP).is_err() {
            return number;
        }
    }
    3
}

fn prepare(disk: &SimDisk) {
    disk.create_dir(Path::new(DIR)).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
}

#[test]
fn a_power_cut_at_any_operation_leaves_the_old_or_the_new_runs() {
    let total = {
        let disk = Arc::new(SimDisk::new(0, Faults::default()));
        prepare(&disk);
        assert_eq!(run(&io_with(Arc::clone(&disk) as Arc<dyn Disk>)), 3);
        disk.counts().mutations
    };
    for seed in 0..6 {
        for operation in 0..total + 2 {
            let disk = Arc::new(SimDisk::new(seed, Faults::default()));
            prepare(&disk);
            disk.cut_at_operation(operation);
            let acknowledged = run(&io_with(Arc::clone(&disk) as Arc<dyn Disk>));
            disk.cut();
            let io = io_with(Arc::new(disk.reboot()));
            directory(&io).remove_spilled().unwrap();
            let names = io.disk.list(Path::new(DIR)).unwrap();
            assert!(names.iter().all(|name| !name.starts_with("spill-")), "{names:?}");
            let loaded = load_newest(&io, Path::new(DIR), DATABASE, within(1000, 1000)).unwrap();
            let context = format!("seed {seed}, operation {operation}");
            assert!(loaded.rejected.is_empty(), "{context}: {:?}", loaded.rejected);
            let found = loaded.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.image.position.size / STEP);
            assert!(found == acknowledged || found == acknowledged + 1, "{context}: {found} after {acknowledged}");
            if let Some(checkpoint) = loaded.checkpoint {
                let index = TemporalIndex::open(
                    checkpoint.temporal[&1].clone().expect("the files of a written checkpoint are good"),
                );
                for seq in 0..checkpoint.image.position.size {
                    let added: Vec<u64> = all_at(&index, seq).into_iter().map(|row| row.2).collect();
                    assert_eq!(added, expected(seq), "{context}, as of {seq}");
                }
            }
        }
    }
}
