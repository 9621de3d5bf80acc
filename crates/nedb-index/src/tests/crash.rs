//! A power cut at every operation of a checkpoint: afterwards the old or the new one is found, whole.

use std::path::Path;
use std::sync::Arc;

use nedb_io::simulate::{Call, Failure, Faults, Injection, SimDisk};
use nedb_io::{Disk, Io};
use nedb_log::LogPosition;
use nedb_types::Result;

use super::{DATABASE, DIR, apply, at, directory, index_of, io_with, key, within};
use crate::{CheckpointImage, KeyHasher, KeyIndex, Loaded, load_newest, write_checkpoint};

const STEP: u64 = 30;

/// Writes one checkpoint that covers `size` keys.
fn checkpoint(io: &Io, index: &KeyIndex, image: &mut CheckpointImage, size: u64) -> Result<()> {
    if let Some(frozen) = index.freeze() {
        index.install(directory(io).write_key_runs(&frozen, &index.runs())?);
    }
    image.key_runs = index.runs().files();
    image.position = LogPosition { end: at(size), size, ..LogPosition::start() };
    image.seq_samples = (0..size).collect();
    image.live_counts.insert("c".into(), size.cast_signed());
    image.parts = write_checkpoint(io, Path::new(DIR), image)?.parts;
    Ok(())
}

/// Four checkpoints; returns how many were acknowledged before the cut.
fn run(io: &Io) -> u64 {
    let mut image = CheckpointImage::new(DATABASE, KeyHasher::new([5; 16]), LogPosition::start());
    let index = index_of(std::iter::empty());
    for number in 0..4 {
        apply(&index, number * STEP..(number + 1) * STEP);
        if checkpoint(io, &index, &mut image, (number + 1) * STEP).is_err() {
            return number;
        }
    }
    4
}

fn load(disk: Arc<SimDisk>) -> Loaded {
    load_newest(&io_with(disk), Path::new(DIR), DATABASE, within(1000, 1000)).unwrap()
}

#[test]
fn a_power_cut_at_any_operation_leaves_the_old_or_the_new_checkpoint() {
    let total = {
        let disk = Arc::new(SimDisk::new(0, Faults::default()));
        prepare(&disk);
        assert_eq!(run(&io_with(Arc::clone(&disk) as Arc<dyn Disk>)), 4);
        disk.counts().mutations
    };
    assert!(total > 40, "{total} operations");
    for seed in 0..12 {
        for operation in 0..total + 2 {
            let disk = Arc::new(SimDisk::new(seed, Faults::default()));
            prepare(&disk);
            disk.cut_at_operation(operation);
            let acknowledged = run(&io_with(Arc::clone(&disk) as Arc<dyn Disk>));
            disk.cut();
            let loaded = load(Arc::new(disk.reboot()));
            let context = format!("seed {seed}, operation {operation}");
            assert!(loaded.rejected.is_empty(), "{context}: {:?}", loaded.rejected);
            let found = loaded.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.image.position.size / STEP);
            assert!(found == acknowledged || found == acknowledged + 1, "{context}: {found} after {acknowledged}");
            if let Some(checkpoint) = loaded.checkpoint {
                let size = checkpoint.image.position.size;
                assert_eq!(checkpoint.image.seq_samples, (0..size).collect::<Vec<_>>());
                for number in 0..size {
                    let hash = checkpoint.image.hasher.hash(&key(number));
                    let found = checkpoint.keys.find(hash, &mut |address| Ok(address == at(number))).unwrap();
                    assert_eq!(found, Some(at(number)), "{context}");
                }
            }
        }
    }
}

#[test]
fn after_any_failed_call_the_next_checkpoint_is_whole_and_durable() {
    for failure in [Failure::Io, Failure::NoSpace] {
        for nth in 1.. {
            let disk = Arc::new(SimDisk::new(nth, Faults::default()));
            prepare(&disk);
            disk.inject(Injection::once(Call::Any, nth, failure));
            let io = io_with(Arc::clone(&disk) as Arc<dyn Disk>);
            let mut image = CheckpointImage::new(DATABASE, KeyHasher::new([5; 16]), LogPosition::start());
            let index = index_of(std::iter::empty());
            let mut acknowledged = 0;
            let mut has_failed = false;
            for number in 0..4 {
                apply(&index, number * STEP..(number + 1) * STEP);
                match checkpoint(&io, &index, &mut image, (number + 1) * STEP) {
                    Ok(()) => acknowledged = number + 1,
                    Err(_) => has_failed = true,
                }
            }
            disk.clear_injections();
            disk.cut();
            let loaded = load(Arc::new(disk.reboot()));
            let size = loaded.checkpoint.map_or(0, |found| {
                let size = found.image.position.size;
                for number in 0..size {
                    let hash = found.image.hasher.hash(&key(number));
                    let address = found.keys.find(hash, &mut |address| Ok(address == at(number))).unwrap();
                    assert_eq!(address, Some(at(number)), "call {nth}");
                }
                size
            });
            assert!(size >= acknowledged * STEP, "call {nth}: {size} after {acknowledged} checkpoints");
            assert!(acknowledged >= 3, "call {nth}: one failure costs one checkpoint at most");
            if !has_failed && nth > 200 {
                break;
            }
        }
    }
}

fn prepare(disk: &SimDisk) {
    disk.create_dir(Path::new(DIR)).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
}
