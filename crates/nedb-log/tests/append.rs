//! Appending and reading: growth, rolls, conflicts, full disks, failed syncs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

mod support;

use nedb_io::simulate::{Call, Failure, Injection};
use nedb_io::{Io, PathKind};
use nedb_log::{Address, Append, FileLog, LogAccess, LogOptions, LogStore, ReadMode, Scratch};
use nedb_types::ErrorCode;
use std::path::{Path, PathBuf};
use support::{DIR, SMALL, Writer, document, new_disk, simulated};

#[test]
fn what_was_appended_is_read_back_and_survives_reopening() {
    let io = Io::memory(64 << 20);
    let mut writer = Writer::create(&io, SMALL);
    let expected: Vec<String> = (0..300).map(|number| format!("k{number}")).collect();
    for id in &expected {
        writer.put(id, 700).unwrap();
    }
    assert_eq!(writer.ids(), expected);
    assert!(writer.log.position().end > Address::new(3 * 65_536), "the log rolled");
    let (root, position) = (writer.frontier.root(), writer.log.position());
    writer.log.close().unwrap();
    drop(writer);

    let reopened = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    let recovery = reopened.recovery.as_ref().unwrap();
    assert_eq!((recovery.cut_bytes, recovery.rewritten_bytes, recovery.epoch), (None, 0, 2));
    assert!(!recovery.head_slot_damaged);
    assert_eq!(reopened.ids(), expected);
    assert_eq!(reopened.frontier.root(), root);
    assert_eq!(reopened.log.position(), position);
}

#[test]
fn a_map_and_positional_reads_give_equal_bytes() {
    let dir = std::env::temp_dir().join(format!("nedb-log-map-{}", std::process::id()));
    let io = Io::real();
    if io.disk.kind(&dir).unwrap().is_some() {
        io.disk.remove_dir_all(&dir).unwrap();
    }
    io.disk.create_dir(&dir).unwrap();
    drop(FileLog::create(&io, &dir, support::ID, SMALL).unwrap());
    let mut writer = Writer::open_at(&io, &dir, SMALL, LogAccess::Write).unwrap();
    for number in 0..200_u16 {
        writer.put(&format!("k{}", number % 50), number * 13).unwrap();
    }
    let unmapped = LogOptions { read: ReadMode::Pread, ..SMALL };
    let second = Writer::open_at(&io, &dir, unmapped, LogAccess::ReadOnly).unwrap();
    assert_eq!(second.addresses.len(), 199, "the last frame has no later watermark yet");
    let (mapped, read) = (writer.log.reader(), second.log.reader());
    for address in &second.addresses {
        let (mut one, mut two) = (Scratch::new(), Scratch::new());
        let (a, b) = (mapped.record(*address, &mut one).unwrap(), read.record(*address, &mut two).unwrap());
        assert_eq!(a.document(), b.document());
        assert_eq!((a.seq, a.chain, a.frame, a.end()), (b.seq, b.chain, b.frame, b.end()));
        assert_eq!(mapped.frame(a.frame).unwrap(), read.frame(a.frame).unwrap());
        assert_eq!(mapped.commit_time_of(&a).unwrap(), 10 * (i64::try_from(a.seq.get()).unwrap() + 1));
    }
    assert_eq!(Scratch::new().capacity(), 0);
    writer.log.close().unwrap();
    drop((writer, second));
    io.disk.remove_dir_all(&dir).unwrap();
}

#[test]
fn an_empty_database_takes_at_most_192_kib() {
    let io = Io::memory(64 << 20);
    let writer = Writer::create(&io, LogOptions::default());
    let mut total = 0;
    let mut directories = vec![PathBuf::from(DIR)];
    while let Some(directory) = directories.pop() {
        for name in io.disk.list(&directory).unwrap() {
            match io.disk.kind(&directory.join(&name)).unwrap() {
                Some(PathKind::File { len_bytes }) => total += len_bytes,
                Some(PathKind::Directory) => directories.push(directory.join(&name)),
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((64 << 10..=192 << 10).contains(&total), "{total} bytes");
    drop(writer);
}

#[test]
fn files_grow_ahead_in_the_background_and_are_trimmed_on_close() {
    let disk = new_disk(1, SMALL);
    let (io, scheduler) = simulated(&disk);
    let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    let segment = Path::new(DIR).join("log/0000000000000000.seg");
    let length = || disk.read_file(&segment).unwrap().len();
    assert_eq!(length(), 8 << 10);
    writer.put("a", 2000).unwrap();
    assert_eq!(scheduler.pending_names(), ["log growth"]);
    assert!(scheduler.run_next());
    assert_eq!(length(), 16 << 10);
    for number in 0..20 {
        writer.put(&format!("b{number}"), 2200).unwrap();
    }
    assert!(scheduler.pending_names().contains(&"log successor"));
    scheduler.run_due(0);
    let successor = Path::new(DIR).join("log/0000000000010000.seg");
    assert_eq!(disk.read_file(&successor).unwrap().len(), 8 << 10);
    writer.log.close().unwrap();
    assert_eq!(length() as u64, writer.log.position().end.get());
    assert_eq!(writer.log.sync().unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(writer.ids().len(), 21, "reads go on after a close");

    let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    for number in 0..40 {
        writer.put(&format!("c{number}"), 2200).unwrap();
    }
    assert_eq!(writer.ids().len(), 61);
}

#[test]
fn background_work_of_a_dropped_log_touches_nothing() {
    let disk = new_disk(1, SMALL);
    let (io, scheduler) = simulated(&disk);
    let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    writer.put("a", 2500).unwrap();
    assert_eq!(scheduler.pending(), 1);
    drop(writer);
    let before = disk.snapshot().files();
    scheduler.run_due(0);
    assert_eq!(disk.snapshot().files(), before);
}

#[test]
fn a_frame_for_another_end_is_a_conflict_and_writes_nothing() {
    let io = Io::memory(64 << 20);
    let mut writer = Writer::create(&io, SMALL);
    let bytes = document(10, b"x");
    let (stale, _) = writer.build(&[("a", &bytes)], &[]).unwrap();
    let position = writer.put("b", 10).unwrap();
    let (follows, root) = (stale.follows(), stale.leaves()[0]);
    let stale = stale.finish(root);
    assert_eq!(writer.log.append(follows, stale.clone()).unwrap(), Append::Conflict(position));
    assert_eq!(writer.log.append(position.end, stale).unwrap(), Append::Conflict(position));
    assert_eq!(writer.log.position(), position);
    writer.put("c", 10).unwrap();
    assert_eq!(writer.ids(), ["b", "c"]);
}

#[test]
fn a_frame_that_fits_no_segment_is_refused_by_name() {
    let io = Io::memory(64 << 20);
    let mut writer = Writer::create(&io, SMALL);
    let large = document(62_000, b"x");
    assert_eq!(writer.append(&[("a", &large)]).unwrap_err().code(), ErrorCode::BatchTooLarge);
    let fitting = document(60_000, b"x");
    writer.commit(&[("a", &fitting)]).unwrap();
    writer.commit(&[("b", &fitting)]).unwrap();
    assert_eq!(writer.ids(), ["a", "b"]);
}

#[test]
fn a_tail_hands_out_the_durable_frames_from_any_frame_boundary() {
    let io = Io::memory(64 << 20);
    let mut writer = Writer::create(&io, SMALL);
    assert!(writer.log.tail(Address::ZERO).unwrap().next().unwrap().is_none());
    let mut ends = Vec::new();
    let record = writer.log.position().catalogue.record(nedb_types::Seq::new(0), 1, b"key".to_vec());
    writer.append_with(&[], &[record]).unwrap();
    for number in 0..60 {
        ends.push(writer.put(&format!("k{number}"), 3000).unwrap());
    }
    let position = writer.log.position();
    let record = position.catalogue.record(nedb_types::Seq::new(position.size), 1, b"key 2".to_vec());
    writer.append_with(&[], &[record]).unwrap();
    writer.log.sync().unwrap();
    writer.append(&[("not durable", &document(10, b"x"))]).unwrap();
    let durable = writer.log.durable();
    for start in [0, 1, 17, 18, 19, 20, 21, 22, 58, 59] {
        for from in [ends[start].end, ends[start].frame] {
            let mut frames = writer.log.tail(from).unwrap();
            let (mut last, mut seals) = (None, 0);
            while let Some(frame) = frames.next().unwrap() {
                last = Some((frame.end(), frame.header().size_after()));
                seals += u32::from(frame.header().is_seal);
            }
            assert_eq!(last, Some((durable.end, durable.size)), "from {from}");
            assert!(start >= 20 || seals >= 1);
        }
    }
    assert!(writer.log.tail(durable.end.plus(64)).is_err());
    assert!(writer.log.tail(durable.end).unwrap().next().unwrap().is_none());
}

#[test]
fn a_full_disk_refuses_the_frame_and_takes_it_again_when_there_is_room() {
    let disk = new_disk(3, SMALL);
    let (io, _) = simulated(&disk);
    let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    writer.put("a", 500).unwrap();
    disk.inject(Injection::forever(Call::Write, 1, Failure::NoSpace).on(".seg"));
    let before = writer.log.position();
    let error = writer.put("b", 30_000).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NoSpace);
    assert_eq!(writer.log.position(), before);
    assert_eq!(writer.ids(), ["a"]);
    disk.clear_injections();
    writer.put("c", 30_000).unwrap();
    assert_eq!(writer.ids(), ["a", "c"]);
    let reopened = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    assert_eq!(reopened.ids(), ["a", "c"]);
}

#[test]
fn a_frame_whose_write_failed_midway_never_appears_later() {
    for seed in 0..40 {
        let disk = new_disk(seed, SMALL);
        let (io, _) = simulated(&disk);
        let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
        writer.put("a", 500).unwrap();
        disk.inject(Injection::once(Call::Write, 1, Failure::Io).on(".seg"));
        assert_eq!(writer.put("b", 1500).unwrap_err().code(), ErrorCode::Io);
        disk.cut();
        let (io, _) = simulated(&disk.reboot());
        let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
        assert_eq!(writer.ids(), ["a"]);
        writer.put("c", 100).unwrap();
        assert_eq!(writer.ids(), ["a", "c"]);
    }
}

#[test]
fn a_failed_sync_poisons_the_log_for_writing_only() {
    let disk = new_disk(5, SMALL);
    let (io, _) = simulated(&disk);
    let mut writer = Writer::open(&io, SMALL, LogAccess::Write).unwrap();
    writer.put("a", 100).unwrap();
    writer.append(&[("b", &document(100, b"x"))]).unwrap();
    disk.inject(Injection::once(Call::SyncFile, 1, Failure::Io));
    assert_eq!(writer.log.sync().unwrap_err().code(), ErrorCode::Poisoned);
    let before = disk.counts();
    assert_eq!(writer.log.sync().unwrap_err().code(), ErrorCode::Poisoned);
    assert_eq!(writer.put("c", 100).unwrap_err().code(), ErrorCode::Poisoned);
    assert_eq!(writer.log.write_head().unwrap_err().code(), ErrorCode::Poisoned);
    assert_eq!(writer.log.close().unwrap_err().code(), ErrorCode::Poisoned);
    assert_eq!(disk.counts().mutations, before.mutations, "nothing more is written");
    assert_eq!(writer.log.durable().size, 1);
    assert_eq!(writer.ids(), ["a", "b"], "reads go on");
}

#[test]
fn trimming_and_erasing_are_refused_by_name() {
    let io = Io::memory(64 << 20);
    let writer = Writer::create(&io, SMALL);
    assert_eq!(writer.log.trim(Address::ZERO).unwrap_err().code(), ErrorCode::Unsupported);
    assert_eq!(writer.log.redact(Address::ZERO).unwrap_err().code(), ErrorCode::Unsupported);
}

#[test]
fn a_log_opened_for_reading_refuses_writes() {
    let disk = new_disk(5, SMALL);
    let (io, _) = simulated(&disk);
    let mut reader = Writer::open(&io, SMALL, LogAccess::ReadOnly).unwrap();
    assert_eq!(reader.put("a", 10).unwrap_err().code(), ErrorCode::ReadOnly);
    assert_eq!(reader.log.write_head().unwrap_err().code(), ErrorCode::ReadOnly);
    reader.log.close().unwrap();
}
