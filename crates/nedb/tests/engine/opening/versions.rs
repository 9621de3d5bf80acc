//! Directories of a newer format, of the earlier packages, and with files of another database.

use std::{ops::Range, path::Path};

use nedb::{Body, Database, Durability, ErrorCode};
use nedb_io::{Disk, crc32c_after};

use super::{HEAD, machine, open_options, read, refusals, segment, write};
use crate::durability::{Machine, batch};

const SLOT_STRIDE: usize = 4096;
const SEGMENT_HEADER_BYTES: usize = 4096;
/// Version of HEAD's slots, of segments and of all files in `index/`, and that of a frame.
const VERSION_AT: usize = 8;
const FRAME_VERSION_AT: usize = 4;
const FRAME_FLAGS_AT: usize = 5;

/// A closed database of three requests.
fn closed(seed: u64) -> Machine {
    let machine = machine(seed);
    let db = machine.open(Durability::Sync).expect("it opens");
    for n in 0..3 {
        db.write(batch(n, 2)).expect("a put");
    }
    db.close().expect("it closes");
    drop(db);
    machine.scheduler.forget_all();
    machine
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Makes a structure the next version, with its check as a newer program would write it.
fn raise_version(bytes: &mut [u8], structure: Range<usize>) {
    let structure = &mut bytes[structure];
    let (version, check_at) = (u32_at(structure, VERSION_AT), structure.len() - 4);
    put_u32(structure, VERSION_AT, version + 1);
    let check = crc32c::crc32c(&structure[..check_at]);
    put_u32(structure, check_at, check);
}

fn check_refusals(machine: &Machine, code: ErrorCode, what: &str) {
    for error in refusals(machine) {
        assert_eq!(error.code(), code, "{what}: {error}");
        if code == ErrorCode::NewerFormat {
            assert!(error.message().contains("use the version that wrote it or a later one"), "{what}: {error}");
        }
    }
}

#[test]
fn a_newer_head_is_refused_whichever_slot_has_it() {
    for slots in [&[0][..], &[1], &[0, 1]] {
        let machine = closed(1);
        let mut head = read(&machine, Path::new(HEAD));
        for slot in slots {
            raise_version(&mut head, slot * SLOT_STRIDE..slot * SLOT_STRIDE + 192);
        }
        write(&machine, Path::new(HEAD), &head);
        check_refusals(&machine, ErrorCode::NewerFormat, &format!("slots {slots:?}"));
    }
}

#[test]
fn a_newer_head_of_a_new_database_is_refused_although_its_other_slot_is_blank() {
    let machine = closed(1);
    let mut head = read(&machine, Path::new(HEAD));
    head[..SLOT_STRIDE].fill(0);
    raise_version(&mut head, SLOT_STRIDE..SLOT_STRIDE + 192);
    write(&machine, Path::new(HEAD), &head);
    check_refusals(&machine, ErrorCode::NewerFormat, "a blank slot");
}

#[test]
fn a_newer_segment_is_refused() {
    let machine = closed(1);
    let path = segment(&machine.disk);
    let mut bytes = read(&machine, &path);
    raise_version(&mut bytes, 0..SEGMENT_HEADER_BYTES);
    write(&machine, &path, &bytes);
    check_refusals(&machine, ErrorCode::NewerFormat, "a segment");
}

/// The start value of the checks of a segment: of its salt and the id of its database.
fn seed_of(segment: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&segment[80..112]), &segment[32..48])
}

/// Changes the frame at an address and writes its check as a newer program would.
fn change_frame(bytes: &mut [u8], frame: usize, at: usize, change: impl Fn(u8) -> u8) {
    let shared_bytes = usize::try_from(u32_at(bytes, frame + 32)).expect("small");
    bytes[frame + at] = change(bytes[frame + at]);
    let shared = frame + 64..frame + 64 + shared_bytes;
    let local = crc32c_after(seed_of(bytes), frame as u64, &bytes[frame..frame + 60]);
    let check = crc32c::crc32c_append(local, &bytes[shared]);
    put_u32(bytes, frame + 60, check);
}

/// Changes the flags of the first entry unit of a frame, and its check likewise.
fn change_unit_flags(bytes: &mut [u8], frame: usize) {
    let unit = frame + 64 + usize::try_from(u32_at(bytes, frame + 32)).expect("small");
    let length = usize::from(u16::from_le_bytes([bytes[unit], bytes[unit + 1]]));
    bytes[unit + 20] |= 0x40;
    let check = crc32c_after(seed_of(bytes), unit as u64, &bytes[unit..unit + length - 16]);
    put_u32(bytes, unit + length - 16, check);
}

#[test]
fn the_last_frame_of_a_newer_version_is_no_torn_tail() {
    type Change = fn(&mut [u8], usize);
    let changes: [(&str, ErrorCode, Change); 3] = [
        ("version", ErrorCode::NewerFormat, |bytes, frame| change_frame(bytes, frame, FRAME_VERSION_AT, |one| one + 1)),
        ("flags", ErrorCode::UnknownFeature, |bytes, frame| {
            change_frame(bytes, frame, FRAME_FLAGS_AT, |flags| flags | 0x40);
        }),
        ("flags of an entry", ErrorCode::UnknownFeature, change_unit_flags),
    ];
    for (what, code, change) in changes {
        let machine = machine(1);
        let db = machine.open(Durability::None).expect("it opens");
        db.write(batch(0, 2)).expect("a put");
        let frame = usize::try_from(db.stats().expect("figures").log_bytes).expect("small");
        db.write(batch(1, 2)).expect("a put");
        machine.scheduler.forget_all();
        let killed = Machine::new(2, machine.disk.restart());
        let path = segment(&killed.disk);
        let mut bytes = read(&killed, &path);
        // The same change with a wrong check is a torn tail, so that the test knows what it changes.
        let mut torn = bytes.clone();
        change(&mut torn, frame);
        torn[frame + 60] ^= 1;
        let torn_machine = Machine::new(3, killed.disk.restart());
        write(&torn_machine, &path, &torn);
        let report = torn_machine.open(Durability::Sync).expect("a torn tail is cut").open_report().clone();
        assert_eq!(report.cut.map(|cut| cut.address), Some(frame as u64), "{what}: {report:?}");

        change(&mut bytes, frame);
        write(&killed, &path, &bytes);
        for error in refusals_unless_reading(&killed) {
            assert_eq!(error.code(), code, "{what}: {error}");
            assert!(error.place().is_some_and(|place| place.file.is_some()), "{what}: {error:?}");
        }
    }
}

/// As [`refusals`]: what is not known durable is not read by a reader, who may open.
fn refusals_unless_reading(machine: &Machine) -> Vec<nedb::Error> {
    let before = machine.disk.snapshot().files();
    let verified = nedb::verify("/db", &nedb::VerifyOptions::new().io(machine.io()));
    let refused = vec![
        machine.open(Durability::Sync).expect_err("it must not be opened for writing"),
        verified.expect_err("it must not be judged"),
    ];
    assert!(machine.disk.snapshot().files() == before, "a refused directory is not touched");
    refused
}

#[test]
fn newer_files_of_indexes_are_passed_over_and_named_because_the_log_has_everything() {
    let machine = machine(1);
    let db = machine.open(Durability::Sync).expect("it opens");
    for n in 0..3 {
        db.write(batch(n, 2)).expect("a put");
    }
    db.checkpoint().expect("a checkpoint");
    db.close().expect("it closes");
    drop(db);
    let path = Path::new("/db/index/checkpoint-0000000000000001.nck");
    let mut bytes = read(&machine, path);
    bytes[VERSION_AT] += 1;
    let content = bytes.len() - 32;
    let digest = nedb_crypto::sha256(&[&bytes[..content]]);
    bytes[content..].copy_from_slice(digest.as_bytes());
    write(&machine, path, &bytes);
    let before = machine.disk.snapshot().files();
    let db = Database::open("/db", open_options(&machine).read_only()).expect("the log has everything");
    let report = db.open_report();
    let reason = &report.rejected_checkpoints.first().expect("it is passed over").reason;
    assert!(reason.contains("format version 2") && reason.contains("a later one"), "{reason}");
    assert_eq!((report.checkpoint_size, report.replayed_operations), (0, 6));
    assert!(db.get("c", "00002-1").expect("readable").is_some());
    drop(db);
    assert!(machine.disk.snapshot().files() == before, "a reader changes nothing");
}

#[test]
fn directories_of_the_earlier_packages_are_refused_with_what_to_do() {
    for name in ["log.aof", "objects", "MANIFEST.json", "key.enc", "nadb.db"] {
        let machine = machine(1);
        machine.disk.create_dir(Path::new("/db")).expect("a directory");
        match name {
            "objects" => machine.disk.create_dir(&Path::new("/db").join(name)).expect("a directory"),
            _ => drop(machine.disk.create_new(&Path::new("/db").join(name)).expect("a file")),
        }
        let before = machine.disk.snapshot().files();
        for options in [open_options(&machine), open_options(&machine).read_only()] {
            let error = Database::open("/db", options).expect_err("it is not of this format");
            assert_eq!(error.code(), ErrorCode::OldFormat, "{error}");
            assert!(error.message().contains(name) && error.message().contains("import the export"), "{error}");
        }
        assert_eq!(machine.disk.list(Path::new("/db")).expect("a directory"), [name]);
        assert!(machine.disk.snapshot().files() == before, "it is not touched");
    }
}

#[test]
fn files_of_another_database_are_refused() {
    let (own, other) = (closed(1), closed(50));
    let parts: [(&str, Vec<std::path::PathBuf>); 2] =
        [("HEAD", vec![HEAD.into()]), ("a segment", vec![segment(&own.disk)])];
    for (what, paths) in parts {
        let machine = Machine::new(3, own.disk.restart());
        for path in &paths {
            write(&machine, path, &read(&other, path));
        }
        let before = machine.disk.snapshot().files();
        for options in [open_options(&machine), open_options(&machine).read_only()] {
            let error = Database::open("/db", options).expect_err("two databases are mixed");
            assert_eq!(error.code(), ErrorCode::WrongDatabase, "{what}: {error}");
        }
        assert!(machine.disk.snapshot().files() == before, "{what}: it is not touched");
    }
    // One slot of HEAD alone.
    let machine = Machine::new(3, own.disk.restart());
    let mut head = read(&own, Path::new(HEAD));
    head[..SLOT_STRIDE].copy_from_slice(&read(&other, Path::new(HEAD))[..SLOT_STRIDE]);
    write(&machine, Path::new(HEAD), &head);
    let error = machine.open(Durability::Sync).expect_err("the slots are of two databases");
    assert_eq!(error.code(), ErrorCode::WrongDatabase, "{error}");
    // The database itself is as it was.
    let db = Machine::new(4, own.disk.restart()).open(Durability::Sync).expect("it opens");
    db.put("c", "more", Body::json("{}")).expect("a put");
}
