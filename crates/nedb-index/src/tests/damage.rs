//! Damaged run files: detected or harmless, never a wrong answer, never an absent key.

use std::path::{Path, PathBuf};

use nedb_io::Io;
use nedb_types::ErrorKind;

use super::{DIR, apply, at, directory, index_of, io_with, key, memory_io};
use crate::{KeyRange, RunFile, SlotEntry, SlotIndex};

const KEYS: u64 = 40;

/// Writes a small run and returns its listing and its bytes.
fn small_run(io: &Io) -> (RunFile, Vec<u8>) {
    let index = index_of(0..KEYS);
    let runs = directory(io).write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap();
    let file = runs.files().remove(0);
    let handle = io.disk.open(&Path::new(DIR).join(&file.name), nedb_io::Access::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.length_bytes).unwrap()];
    handle.read_exact_at(&mut bytes, 0).unwrap();
    (file, bytes)
}

/// Opens the run and reads all of it; the number of wrong answers is asserted to be zero.
fn read_everything(io: &Io, file: &RunFile) -> Result<(), nedb_types::Error> {
    let directory = directory(io);
    let runs = directory.open_key_runs(std::slice::from_ref(file))?;
    let mut failure = None;
    for number in 0..KEYS {
        match runs.find(directory.hasher.hash(&key(number)), &mut |address| Ok(address == at(number))) {
            Ok(found) => assert_eq!(found, Some(at(number)), "damage made a key absent"),
            Err(error) => failure = Some(error),
        }
    }
    let run = runs.iter().next().unwrap();
    for direction in [crate::scan::Direction::Forward, crate::scan::Direction::Reverse] {
        let mut cursor = run.cursor(&KeyRange::all(), direction)?;
        let mut count = 0;
        while let Some(found) = cursor.key() {
            let number = if direction == crate::scan::Direction::Forward { count } else { KEYS - 1 - count };
            assert_eq!((found, cursor.value().unwrap().address()), (key(number).as_slice(), at(number)));
            count += 1;
            cursor.advance()?;
        }
        assert_eq!(count, KEYS);
    }
    failure.map_or(Ok(()), Err)
}

fn with_bytes(file: &RunFile, bytes: &[u8]) -> Io {
    let path = PathBuf::from(DIR).join(&file.name);
    let io = memory_io();
    io.disk.create_new(&path).unwrap().write_all_at(bytes, 0).unwrap();
    io
}

#[test]
fn every_changed_byte_of_a_run_is_an_integrity_error() {
    let (file, bytes) = small_run(&memory_io());
    assert!(bytes.len() <= 4 * 4096, "a small run stays small: {} bytes", bytes.len());
    let io = with_bytes(&file, &bytes);
    let handle = io.disk.open(&Path::new(DIR).join(&file.name), nedb_io::Access::Write).unwrap();
    read_everything(&io, &file).unwrap();
    for (offset, byte) in (0..).zip(&bytes) {
        handle.write_all_at(&[byte ^ 1 << (offset % 8)], offset).unwrap();
        let error = read_everything(&io, &file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "offset {offset}: {error}");
        assert!(error.place().is_some_and(|place| place.file.is_some()), "offset {offset}: {error}");
        handle.write_all_at(&[*byte], offset).unwrap();
    }
}

#[test]
fn a_cut_or_lengthened_run_is_an_integrity_error() {
    let (file, mut bytes) = small_run(&memory_io());
    bytes.push(0);
    let io = with_bytes(&file, &bytes);
    let handle = io.disk.open(&Path::new(DIR).join(&file.name), nedb_io::Access::Write).unwrap();
    assert_eq!(read_everything(&io, &file).unwrap_err().kind(), ErrorKind::Integrity);
    for length in (0..bytes.len() as u64 - 1).rev() {
        handle.set_len_bytes(length).unwrap();
        assert_eq!(read_everything(&io, &file).unwrap_err().kind(), ErrorKind::Integrity, "cut to {length}");
    }
}

#[test]
fn pages_of_another_place_or_file_are_refused() {
    let (file, bytes) = small_run(&memory_io());
    let io = io_with(std::sync::Arc::new(nedb_io::MemoryDisk::new(64 << 20)));
    io.disk.create_dir(Path::new(DIR)).unwrap();
    let directory = directory(&io);
    let index = index_of(1000..1000 + KEYS);
    let (_, other) = {
        let first = directory.write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap();
        drop(first);
        small_run(&io)
    };
    for page in 1..bytes.len() / 4096 {
        let range = page * 4096..page * 4096 + 4096;
        let mut foreign = bytes.clone();
        foreign[range.clone()].copy_from_slice(&other[range.clone()]);
        assert!(read_everything(&with_bytes(&file, &foreign), &file).is_err(), "page {page} of another run");
        let mut moved = bytes.clone();
        let next = if page + 1 < bytes.len() / 4096 { page + 1 } else { 1 };
        moved.copy_within(next * 4096..next * 4096 + 4096, page * 4096);
        assert!(read_everything(&with_bytes(&file, &moved), &file).is_err(), "page {page} moved");
    }
    assert!(read_everything(&with_bytes(&file, &other), &file).is_err(), "another run under this name");
}

#[test]
fn a_run_of_another_database_or_secret_is_refused() {
    let io = memory_io();
    let (file, _) = small_run(&io);
    let mut directory = directory(&io);
    directory.hasher = crate::KeyHasher::new([6; 16]);
    assert_eq!(directory.open_key_runs(std::slice::from_ref(&file)).unwrap_err().kind(), ErrorKind::Integrity);
    directory.database = nedb_types::DatabaseId::from_bytes([1; 16]);
    let error = directory.open_key_runs(&[file]).unwrap_err();
    assert_eq!(error.code(), nedb_types::ErrorCode::WrongDatabase);
}

#[test]
fn a_run_of_a_newer_version_is_refused_as_such() {
    let (file, mut bytes) = small_run(&memory_io());
    bytes[8] += 1;
    // As a newer program would write it: CRC-32C of run id and page number, then of the body.
    let seed = crc32c::crc32c_append(crc32c::crc32c(&bytes[32..48]), &0_u32.to_le_bytes());
    let check = crc32c::crc32c_append(seed, &bytes[..4092]);
    bytes[4092..4096].copy_from_slice(&check.to_le_bytes());
    let error = read_everything(&with_bytes(&file, &bytes), &file).unwrap_err();
    assert_eq!(error.code(), nedb_types::ErrorCode::NewerFormat, "{error}");
    assert!(error.message().contains("use the version that wrote it or a later one"), "{error}");
}

#[test]
fn the_bytes_of_a_run_are_fixed() {
    let (file, bytes) = small_run(&memory_io());
    assert_eq!(super::hex(&bytes[..16]), "4e4544424b52554e0100000000100000");
    assert_eq!(super::hex(&bytes[48..56]), "0105090004000000", "kind, slot bytes, address bits, pages");
    assert_eq!(file.digest.to_string(), "a21e5c4ba81eb3e1aa8cec317757080b29cdb8cae9766b7c5f4fc6213ae1b318");
    assert_eq!(
        nedb_crypto::sha256(&[&bytes]).to_string(),
        "df4052d231245bdc49f0ae0ce2f4cff4be1650283bc5fc5404a834b0319e1947"
    );
}

#[test]
fn a_scan_that_met_damage_never_seems_to_end() {
    let io = memory_io();
    let index = index_of(0..2000);
    let runs = directory(&io).write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap();
    let path = Path::new(DIR).join(&runs.files().remove(0).name);
    io.disk.open(&path, nedb_io::Access::Write).unwrap().write_all_at(&[0xff; 16], 2 * 4096).unwrap();
    index.install(runs);
    apply(&index, 1990..2000);
    let mut scan = index.scan(&KeyRange::all()).unwrap();
    let mut count = 0;
    while let Ok(Some(_)) = scan.next() {
        count += 1;
    }
    assert!(count > 0 && count < 2000, "{count} keys came before the damage");
    for _ in 0..5 {
        assert_eq!(scan.next().unwrap_err().kind(), ErrorKind::Integrity);
    }
}

#[test]
fn every_changed_byte_of_a_slot_run_is_an_integrity_error() {
    let io = memory_io();
    let directory = directory(&io);
    let index = SlotIndex::new();
    let hash = |number: u64| directory.hasher.hash(&key(number));
    let entry = |number: u64| SlotEntry { hash: hash(number), address: at(number), replaces: None, number };
    index.apply((0..KEYS).map(entry));
    let file = directory.write_slot_runs(&index.freeze().unwrap(), &index.runs()).unwrap().files().remove(0);
    let read = || {
        let runs = directory.open_slot_runs(std::slice::from_ref(&file))?;
        for number in 0..KEYS {
            let found = runs.find(hash(number), &mut |address| Ok(address == at(number)))?;
            assert_eq!(found, Some(at(number)), "damage made an entry absent");
        }
        Ok::<(), nedb_types::Error>(())
    };
    read().unwrap();
    let handle = io.disk.open(&Path::new(DIR).join(&file.name), nedb_io::Access::Write).unwrap();
    for offset in 0..file.length_bytes {
        let mut byte = [0];
        handle.read_exact_at(&mut byte, offset).unwrap();
        handle.write_all_at(&[byte[0] ^ 1 << (offset % 8)], offset).unwrap();
        assert_eq!(read().unwrap_err().kind(), ErrorKind::Integrity, "offset {offset}");
        handle.write_all_at(&byte, offset).unwrap();
    }
}
