//! Mapped runs on the real disk give the answers of runs that are read, and check each page before they use it.

use std::ops::Bound;
use std::path::PathBuf;

use nedb_io::{Access, Io};
use nedb_types::ErrorKind;

use super::{DATABASE, at, index_of, key};
use crate::{DeltaLimits, IndexDirectory, KeyHasher, KeyIndex, KeyRange};

const KEYS: u64 = 20_000;

#[test]
fn a_mapped_run_answers_and_refuses_like_one_that_is_read() {
    let io = Io::real();
    let mut suffix = [0; 8];
    io.random.fill(&mut suffix);
    let dir: PathBuf = std::env::temp_dir().join(format!("nedb-index-mapped-{:016x}", u64::from_le_bytes(suffix)));
    io.disk.create_dir(&dir).unwrap();
    let directory = IndexDirectory::new(&io, &dir, DATABASE, KeyHasher::new([5; 16]));
    let index = index_of(0..KEYS);
    let runs = directory.write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap();
    index.install(runs.clone());
    for _ in 0..2 {
        for number in 0..KEYS {
            let hash = index.hash(&key(number));
            index.prefetch(hash);
            let found = index.newest(hash, |address| Ok(address == at(number))).unwrap();
            assert_eq!(found, Some(at(number)));
        }
    }
    let mut scan = index.scan_reverse(&KeyRange::all()).unwrap();
    let mut count = 0;
    while let Some(entry) = scan.next().unwrap() {
        count += 1;
        assert_eq!(entry.key, key(KEYS - count));
    }
    assert_eq!(count, KEYS);

    for from in [0, 1, 700, KEYS - 1] {
        let range = KeyRange { start: Bound::Included(key(from)), end: Bound::Unbounded };
        let mut addresses = Vec::new();
        index.scan(&range).unwrap().addresses(usize::MAX, &mut addresses).unwrap();
        assert!(addresses.into_iter().eq((from..KEYS).map(at)));
    }

    for step in [1, 7, 31, 32, 33, 200, 5000] {
        let (mut scan, mut found) = (index.scan(&KeyRange::all()).unwrap(), Vec::new());
        loop {
            scan.addresses(step, &mut found).unwrap();
            let Some(entry) = scan.next().unwrap() else { break };
            assert_eq!(entry.key, key(found.len() as u64), "values and keys by turns, {step}");
            found.push(entry.address);
        }
        assert!(found.into_iter().eq((0..KEYS).map(at)), "{step}");
    }

    let file = runs.files().remove(0);
    let handle = io.disk.open(&dir.join(&file.name), Access::Write).unwrap();
    for page in 1..file.length_bytes / 4096 {
        handle.write_all_at(&[0x55; 8], page * 4096 + 2000).unwrap();
    }
    let damaged = directory.open_key_runs(&[file]).unwrap();
    for number in 0..KEYS {
        let error = damaged.find(index.hash(&key(number)), &mut |address| Ok(address == at(number))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity);
    }
    let damaged = KeyIndex::open(KeyHasher::new([5; 16]), DeltaLimits::default(), damaged);
    let error = damaged.scan(&KeyRange::all()).and_then(|mut scan| scan.addresses(1, &mut Vec::new())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
    io.disk.remove_dir_all(&dir).unwrap();
}
