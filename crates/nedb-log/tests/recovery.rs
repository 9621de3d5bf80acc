//! Finding the end of the log after crashes and damage.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

mod support;

use nedb_io::simulate::{Faults, SimDisk, Survival, Tear};
use nedb_io::{Disk, DiskLayer, Io};
use nedb_log::{FileLog, LogAccess, LogOptions, LogPosition, LogStore, VerifyOptions, verify_log};
use nedb_types::{Error, ErrorCode, ErrorKind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{DIR, SMALL, Writer, document, new_disk, simulated};

const FIRST: &str = "/db/log/0000000000000000.seg";
const HEAD: &str = "/db/HEAD";

fn open(disk: &SimDisk) -> Result<Writer, Error> {
    Writer::open(&simulated(disk).0, SMALL, LogAccess::Write)
}

/// Makes a closed database of a few records, and returns its disk and ids.
fn small_database() -> (SimDisk, Vec<String>) {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    let record = writer.log.position().catalogue.record(nedb_types::Seq::new(0), 1, b"signer".to_vec());
    writer.append_with(&[("a", &document(40, b"x"))], &[record]).unwrap();
    writer.put("b", 30).unwrap();
    writer.commit(&[("a", &document(20, b"y")), ("c", &document(5, b"z"))]).unwrap();
    writer.put("a", 1).unwrap();
    writer.log.close().unwrap();
    (disk, writer.ids())
}

#[test]
fn a_power_cut_at_any_operation_loses_no_acknowledged_write() {
    let script = |disk: &SimDisk, acknowledged: &mut usize| -> Result<(), Error> {
        let (io, scheduler) = simulated(disk);
        let mut writer = Writer::open(&io, SMALL, LogAccess::Write)?;
        let before = writer.addresses.len();
        for number in before..before + 14 {
            writer.put(&format!("k{number}"), 9_000)?;
            *acknowledged = number + 1;
            scheduler.run_due(0);
            if number % 5 == 4 {
                writer.log.write_head()?;
            }
        }
        writer.log.close()
    };
    let image = new_disk(1, SMALL).snapshot();
    let faults = |seed: u64| Faults {
        tear: if seed.is_multiple_of(2) { Tear::Sectors } else { Tear::Arbitrary },
        ..Faults::default()
    };
    let whole = SimDisk::from_image(1, faults(1), &image);
    script(&whole, &mut 0).unwrap();
    let operations = whole.counts().mutations;
    assert!(operations > 80, "{operations} operations");
    for cut in 1..=operations {
        for seed in 0..3 {
            let disk = SimDisk::from_image(seed, faults(seed), &image);
            disk.cut_at_operation(cut);
            let mut acknowledged = 0;
            assert!(script(&disk, &mut acknowledged).is_err());
            let survival = [Survival::Random, Survival::Nothing, Survival::Everything][usize::try_from(seed).unwrap()];
            let after = disk.reboot_with(cut * 31 + seed, survival);
            check_after_crash(&after, acknowledged, cut * 7 + seed);
        }
    }
}

/// Opens, writes on, and opens again, with a second cut during the first opening.
fn check_after_crash(disk: &SimDisk, acknowledged: usize, seed: u64) {
    disk.cut_at_operation(1 + seed % 9);
    let disk = if open(disk).is_ok() { disk.restart() } else { disk.reboot_with(seed, Survival::Random) };
    let mut writer = open(&disk).unwrap();
    let ids = writer.ids();
    assert!(ids.len() >= acknowledged, "{} of {acknowledged} acknowledged writes survive", ids.len());
    assert!(ids.len() <= acknowledged + 1, "at most the write in flight appears");
    assert!(ids.iter().enumerate().all(|(number, id)| *id == format!("k{number}")));
    writer.put("more", 100).unwrap();
    let expected = writer.ids();
    drop(writer);
    let disk = disk.reboot_with(seed, Survival::Nothing);
    assert_eq!(open(&disk).unwrap().ids(), expected);
    let verdict = verify_log(&simulated(&disk).0, Path::new(DIR), VerifyOptions::default()).unwrap();
    assert_eq!((verdict.damage, verdict.size), (None, expected.len() as u64));
}

#[test]
fn what_was_served_after_a_kill_survives_a_later_power_cut() {
    for seed in 0..30 {
        let disk = new_disk(seed, SMALL);
        let mut writer = open(&disk).unwrap();
        writer.put("a", 3000).unwrap();
        writer.append(&[("b", &document(3000, b"b"))]).unwrap();
        writer.append(&[("c", &document(3000, b"c"))]).unwrap();
        drop(writer);
        let killed = disk.restart();
        let reopened = open(&killed).unwrap();
        assert_eq!(reopened.ids(), ["a", "b", "c"]);
        assert!(reopened.recovery.as_ref().unwrap().rewritten_bytes > 6000);
        drop(reopened);
        let after = killed.reboot_with(seed, Survival::Nothing);
        assert_eq!(open(&after).unwrap().ids(), ["a", "b", "c"]);
    }
}

/// Fills a segment to its seal and the next one, without a sync, until the successor of that one was made; returns the
/// disk and how many operations the first one holds.
fn unsynced_segment_with_a_successor() -> (SimDisk, usize) {
    // Files that are made at their full length: growth would sync the frames.
    let options = LogOptions { first_segment_bytes: SMALL.segment_bytes, ..SMALL };
    let disk = new_disk(1, options);
    let (io, scheduler) = simulated(&disk);
    let mut writer = Writer::open(&io, options, LogAccess::Write).unwrap();
    let segment = |number: u64| PathBuf::from(format!("/db/log/{:016x}.seg", number << 16));
    let (mut count, mut in_first) = (0, 0);
    while disk.read_file(&segment(2)).is_err() {
        writer.append(&[(&format!("k{count}"), &document(4_000, b"x"))]).unwrap();
        scheduler.run_due(0);
        count += 1;
        if writer.log.position().end.get() < 1 << 16 {
            in_first = count;
        }
    }
    assert!(in_first < count && writer.log.position().end.get() < 2 << 16, "two segments are in use, a third is ready");
    drop(writer);
    (disk, in_first)
}

#[test]
fn a_power_cut_that_takes_every_frame_of_a_segment_with_a_successor_leaves_the_ones_before() {
    let (disk, expected) = unsynced_segment_with_a_successor();
    let image = disk.reboot_with(1, Survival::Nothing).snapshot();
    assert_eq!(image.files().iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "seg")).count(), 3);
    let reopened = |disk: &SimDisk| Writer::open(&simulated(disk).0, SMALL, LogAccess::ReadOnly).unwrap().ids().len();
    let whole = SimDisk::from_image(1, Faults::default(), &image);
    assert_eq!(reopened(&whole), expected);
    let before = whole.counts().mutations;
    assert_eq!(open(&whole).unwrap().ids().len(), expected);
    let operations = whole.counts().mutations - before;
    assert!(operations >= 5, "two files are removed, each durably, and HEAD is written: {operations} operations");
    for cut in 1..=operations {
        for seed in 0..8 {
            let disk = SimDisk::from_image(seed, Faults::default(), &image);
            disk.cut_at_operation(cut);
            assert!(open(&disk).is_err());
            let disk = disk.reboot_with(seed, Survival::Random);
            assert_eq!(reopened(&disk), expected, "cut {cut} of the opening, seed {seed}");
            let mut writer = open(&disk).unwrap();
            for number in 0..40 {
                writer.put(&format!("more{number}"), 4_000).unwrap();
            }
            assert_eq!(writer.ids().len(), expected + 40);
        }
    }
}

/// A disk that still lists a segment file which a recovering writer has just removed.
#[derive(Debug)]
struct LateListing(SimDisk);

impl DiskLayer for LateListing {
    fn below(&self) -> &dyn Disk {
        &self.0
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = self.0.list(dir)?;
        names.push(String::from("0000000000010000.seg"));
        Ok(names)
    }
}

#[test]
fn a_reader_does_not_mind_that_a_recovering_writer_removes_files_behind_the_end() {
    let (disk, expected) = small_database();
    let io = Io { disk: Arc::new(LateListing(disk.clone())), ..simulated(&disk).0 };
    assert_eq!(Writer::open(&io, SMALL, LogAccess::ReadOnly).unwrap().ids(), expected);
    assert_eq!(Writer::open(&io, SMALL, LogAccess::Write).err().unwrap().code(), ErrorCode::Io);
}

#[test]
fn a_torn_tail_is_cut_and_reported_even_if_its_payload_holds_copied_segment_bytes() {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    writer.put("a", 100).unwrap();
    writer.put("b", 100).unwrap();
    let copy = disk.read_file(Path::new(FIRST)).unwrap();
    let copied = document(8_000, &copy[4096..]);
    let last = writer.append(&[("c", &copied)]).unwrap();
    drop(writer);
    let whole = disk.snapshot();
    for lost in [0, 8, 63, 64, 200, 4000, 7900] {
        let disk = SimDisk::from_image(1, Faults::default(), &whole);
        disk.set_byte(Path::new(FIRST), last.frame.get() + lost, 0xee).unwrap();
        let writer = open(&disk).unwrap();
        let recovery = writer.recovery.as_ref().unwrap();
        assert_eq!(recovery.cut_bytes.map(|(at, _)| at), Some(last.frame));
        assert_eq!(writer.ids(), ["a", "b"]);
        let bytes = disk.read_file(Path::new(FIRST)).unwrap();
        assert!(bytes[usize::try_from(last.frame.get()).unwrap()..].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn damage_below_a_later_watermark_or_head_is_refused_with_its_place() {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    let damaged = writer.put("a", 100).unwrap();
    writer.put("b", 100).unwrap();
    writer.put("c", 100).unwrap();
    drop(writer);
    disk.flip_bit(Path::new(FIRST), damaged.frame.get() + 300, 3).unwrap();
    for access in [LogAccess::Write, LogAccess::ReadOnly] {
        let before = disk.snapshot().files();
        let error = Writer::open(&simulated(&disk).0, SMALL, access).err().unwrap();
        assert_eq!(error.code(), ErrorCode::Corrupt, "{error}");
        assert_eq!(error.place().unwrap().file.as_deref(), Some("log/0000000000000000.seg"));
        assert_eq!(disk.snapshot().files(), before, "damage is never mended in silence");
    }
}

#[test]
fn an_older_log_below_its_head_is_a_rollback() {
    let (disk, _) = small_database();
    let old = disk.read_file(Path::new(FIRST)).unwrap();
    let mut writer = open(&disk).unwrap();
    writer.put("d", 500).unwrap();
    writer.log.close().unwrap();
    let position = writer.log.position();
    drop(writer);
    disk.write_file(Path::new(FIRST), &old).unwrap();
    assert_eq!(open(&disk).err().unwrap().code(), ErrorCode::Rollback);

    let (disk, _) = small_database();
    let visit = &mut |_: &nedb_log::FrameView<'_>| Ok(());
    let error =
        FileLog::open(&simulated(&disk).0, Path::new(DIR), opening(LogAccess::Write, position), visit).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Rollback, "a checkpoint names a frame that the log does not hold");
}

#[test]
fn opening_from_a_checkpoint_reads_only_what_follows() {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    let mut positions: Vec<LogPosition> = Vec::new();
    for number in 0..30 {
        positions.push(writer.put(&format!("k{number}"), 3_500).unwrap());
    }
    writer.log.close().unwrap();
    let end = writer.log.position();
    drop(writer);
    for (index, start) in positions.iter().enumerate() {
        let mut seqs = Vec::new();
        let mut visit = |frame: &nedb_log::FrameView<'_>| {
            seqs.extend(frame.records().map(|record| record.unwrap().seq.get()));
            Ok(())
        };
        let (io, _) = simulated(&disk);
        let (log, recovery) =
            FileLog::open(&io, Path::new(DIR), opening(LogAccess::ReadOnly, *start), &mut visit).unwrap();
        assert_eq!(seqs, (index as u64 + 1..30).collect::<Vec<_>>());
        assert_eq!((recovery.start, log.position()), (start.end, end));
    }
}

#[test]
fn a_reader_beside_a_writer_sees_the_durable_part_and_modifies_nothing() {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    writer.put("a", 100).unwrap();
    writer.put("b", 100).unwrap();
    writer.append(&[("c", &document(100, b"c"))]).unwrap();
    let before = disk.snapshot().files();
    let reader = Writer::open(&simulated(&disk).0, SMALL, LogAccess::ReadOnly).unwrap();
    assert_eq!(reader.ids(), ["a", "b"], "the frame that no sync confirmed is not served");
    assert_eq!(reader.recovery.as_ref().unwrap().cut_bytes, None);
    reader.log.close().unwrap();
    drop(reader);
    assert_eq!(disk.snapshot().files(), before);
    writer.put("d", 100).unwrap();
    assert_eq!(writer.ids(), ["a", "b", "c", "d"]);
}

#[test]
fn a_log_cut_short_anywhere_below_its_head_is_refused() {
    let (disk, _) = small_database();
    let image = disk.snapshot();
    let length = disk.read_file(Path::new(FIRST)).unwrap().len() as u64;
    for len in 0..length {
        let disk = SimDisk::from_image(1, Faults::default(), &image);
        disk.truncate_file(Path::new(FIRST), len).unwrap();
        let error = open(&disk).err().unwrap_or_else(|| panic!("a log of {len} bytes opens"));
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        let verdict = verify_log(&simulated(&disk).0, Path::new(DIR), VerifyOptions::default()).unwrap();
        assert!(!verdict.is_sound(), "a log of {len} bytes verifies");
    }
    for len in 0..8192 {
        let disk = SimDisk::from_image(1, Faults::default(), &image);
        disk.truncate_file(Path::new(HEAD), len).unwrap();
        assert_eq!(open(&disk).err().unwrap().kind(), ErrorKind::Integrity);
    }
}

#[test]
fn an_unacknowledged_tail_cut_short_anywhere_leaves_the_durable_part() {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    writer.put("a", 100).unwrap();
    writer.put("b", 100).unwrap();
    let last = writer.append(&[("c", &document(300, b"c"))]).unwrap();
    drop(writer);
    let image = disk.snapshot();
    for len in last.frame.get()..last.end.get() {
        let disk = SimDisk::from_image(1, Faults::default(), &image);
        disk.truncate_file(Path::new(FIRST), len).unwrap();
        let mut writer = open(&disk).unwrap();
        let kept = writer.ids();
        assert_eq!(kept, ["a", "b"], "cut at {len}");
        writer.put("d", 10).unwrap();
        assert_eq!(open(&disk.reboot_with(1, Survival::Nothing)).unwrap().ids().len(), kept.len() + 1);
    }
}

#[test]
fn every_flipped_bit_is_detected_or_dead() {
    let (disk, expected) = small_database();
    let image = disk.snapshot();
    for path in [FIRST, HEAD] {
        let length = disk.read_file(Path::new(path)).unwrap().len() as u64;
        for offset in 0..length {
            for bit in [u8::try_from(offset % 8).unwrap(), u8::try_from((offset + 3) % 8).unwrap()] {
                let disk = SimDisk::from_image(1, Faults::default(), &image);
                disk.flip_bit(Path::new(path), offset, bit).unwrap();
                let (io, _) = simulated(&disk);
                let verdict = verify_log(&io, Path::new(DIR), VerifyOptions::default());
                let is_noticed = match &verdict {
                    Ok(verdict) => !verdict.is_sound() || verdict.head_slot_damaged,
                    Err(_) => true,
                };
                assert!(is_noticed, "verify misses bit {bit} of byte {offset} of {path}: {verdict:?}");
                match open(&disk) {
                    Err(error) => assert_ne!(error.kind(), ErrorKind::Invalid, "{error}"),
                    Ok(writer) => {
                        assert_eq!(path, HEAD, "bit {bit} of byte {offset} of {path}");
                        assert!(writer.recovery.as_ref().unwrap().head_slot_damaged);
                        assert_eq!(writer.ids(), expected);
                    }
                }
            }
        }
    }
}

#[test]
fn missing_foreign_and_superfluous_segment_files_are_named() {
    let disk = new_disk(1, SMALL);
    let mut writer = open(&disk).unwrap();
    for number in 0..50 {
        writer.put(&format!("k{number}"), 4_000).unwrap();
    }
    writer.log.close().unwrap();
    drop(writer);
    let image = disk.snapshot();
    let second = Path::new("/db/log/0000000000010000.seg");
    let after = |damage: &dyn Fn(&SimDisk)| {
        let disk = SimDisk::from_image(1, Faults::default(), &image);
        damage(&disk);
        open(&disk).err().unwrap()
    };
    let names = |error: &Error| error.place().unwrap().file.clone().unwrap();
    let error = after(&|disk| disk.remove_file(second).unwrap());
    assert_eq!((error.code(), names(&error).as_str()), (ErrorCode::Corrupt, "log/0000000000010000.seg"));
    let error = after(&|disk| disk.write_file(Path::new("/db/log/notes.txt"), b"x").unwrap());
    assert_eq!((error.code(), names(&error).as_str()), (ErrorCode::Corrupt, "log/notes.txt"));
    let error = after(&|disk| disk.write_file(second, &disk.read_file(Path::new(FIRST)).unwrap()).unwrap());
    assert_eq!((error.code(), names(&error).as_str()), (ErrorCode::Corrupt, "log/0000000000010000.seg"));
    let error = after(&|disk| {
        let other = SimDisk::new(9, Faults::default());
        other.create_dir(Path::new(DIR)).unwrap();
        let id = nedb_types::DatabaseId::from_bytes([1; 16]);
        FileLog::create(&simulated(&other).0, Path::new(DIR), id, SMALL).unwrap();
        disk.write_file(Path::new(FIRST), &other.read_file(Path::new(FIRST)).unwrap()).unwrap();
    });
    assert_eq!(error.code(), ErrorCode::WrongDatabase);
    let last = Path::new("/db/log/0000000000040000.seg");
    let error = after(&|disk| {
        let path = PathBuf::from("/db/log/0000000000030000.seg");
        assert!(disk.read_file(&path).is_ok() && disk.read_file(last).is_err());
        disk.remove_file(&path).unwrap();
    });
    assert_eq!(error.code(), ErrorCode::Rollback);
    let error = after(&|disk| disk.remove_file(Path::new(HEAD)).unwrap());
    assert_eq!(error.code(), ErrorCode::NotADatabase);
    let error = after(&|disk| {
        let first_head = new_disk(1, SMALL).read_file(Path::new(HEAD)).unwrap();
        disk.write_file(Path::new(HEAD), &first_head).unwrap();
        for number in 0..4_u64 {
            let path = PathBuf::from(format!("/db/log/{:016x}.seg", number << 16));
            let bytes = disk.read_file(&path).unwrap();
            disk.write_file(&path, &bytes[..4096]).unwrap();
        }
    });
    assert_eq!((error.code(), names(&error).as_str()), (ErrorCode::Corrupt, "log/0000000000020000.seg"));
}

fn opening(access: LogAccess, start: nedb_log::LogPosition) -> nedb_log::LogOpening {
    nedb_log::LogOpening { options: SMALL, access, start: Some(start) }
}
