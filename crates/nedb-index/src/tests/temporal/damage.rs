//! Damaged temporal runs: detected or harmless, never a wrong answer, never an absent entry.

use std::path::{Path, PathBuf};

use nedb_io::Io;
use nedb_types::{ErrorKind, Seq};

use super::super::{DIR, directory, hex, memory_io};
use super::{Entry, Row, checkpoint, rows};
use crate::{KeyRange, TemporalIndex, TemporalRunFiles};

const ENTRIES: u64 = 30;
const PAGE: &str = include_str!("../../../../../docs/format.md");

fn entries() -> Vec<Entry> {
    let entry = |number: u64| Entry {
        key: format!("value {:02}|", number % 7).into_bytes(),
        id: format!("{number:03}").into_bytes(),
        added: number,
        removed: number.is_multiple_of(2).then_some(number + 20),
    };
    (0..ENTRIES).map(entry).collect()
}

/// Writes a live and a closed run.
fn small_runs(io: &Io) -> TemporalRunFiles {
    let index = TemporalIndex::new();
    for entry in entries() {
        index.apply(&[entry.add()]);
        if entry.removed.is_some() {
            index.apply(&[entry.remove()]);
        }
    }
    checkpoint(io, &index);
    index.runs().files(3)
}

fn read_file(io: &Io, name: &str) -> Vec<u8> {
    let handle = io.disk.open(&Path::new(DIR).join(name), nedb_io::Access::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(handle.len_bytes().unwrap()).unwrap()];
    handle.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn read_everything(io: &Io, files: &TemporalRunFiles) -> Result<Vec<Vec<Row>>, nedb_types::Error> {
    let index = TemporalIndex::open(directory(io).open_temporal_runs(files)?);
    let mut answers = Vec::new();
    for seq in [0, 19, 35, 60] {
        let snapshot = index.snapshot(Seq::new(seq));
        for is_descending in [false, true] {
            let mut scan = if is_descending {
                snapshot.scan_descending(&KeyRange::all())?
            } else {
                snapshot.scan(&KeyRange::all())?
            };
            let mut answer = Vec::new();
            while let Some(entry) = scan.next()? {
                answer.push((entry.key.to_vec(), entry.id.to_vec(), entry.added.get(), entry.payload.to_vec()));
            }
            assert_eq!(answer.len() as u64, snapshot.count(&KeyRange::all())?);
            answers.push(answer);
        }
    }
    Ok(answers)
}

#[test]
fn every_changed_or_missing_byte_of_a_temporal_run_is_an_integrity_error() {
    let io = memory_io();
    let files = small_runs(&io);
    let sound = read_everything(&io, &files).unwrap();
    assert_eq!(sound.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 20, 20, 22, 22, 15, 15]);
    for name in [&files.live[0].name, &files.closed[0].name] {
        let bytes = read_file(&io, name);
        assert!(bytes.len() <= 5 * 4096, "header, two blocks, node, top");
        let handle = io.disk.open(&PathBuf::from(DIR).join(name), nedb_io::Access::Write).unwrap();
        for (offset, byte) in (0..).zip(&bytes) {
            handle.write_all_at(&[byte ^ 1 << (offset % 8)], offset).unwrap();
            let error = read_everything(&io, &files).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Integrity, "offset {offset}: {error}");
            assert!(error.place().is_some_and(|place| place.file.is_some()), "offset {offset}: {error}");
            handle.write_all_at(&[*byte], offset).unwrap();
        }
        for length in (0..bytes.len() as u64).rev() {
            handle.set_len_bytes(length).unwrap();
            assert_eq!(read_everything(&io, &files).unwrap_err().kind(), ErrorKind::Integrity, "cut to {length}");
        }
        handle.write_all_at(&bytes, 0).unwrap();
        assert_eq!(read_everything(&io, &files).unwrap(), sound);
    }
}

#[test]
fn the_bytes_of_a_temporal_run_are_fixed() {
    let io = memory_io();
    let index = TemporalIndex::new();
    let [a, b] = [("aa", 5, None), ("ab", 7, Some(9))].map(|(key, added, removed)| Entry {
        key: key.into(),
        id: b"1".to_vec(),
        added,
        removed,
    });
    index.apply(&[b.remove(), a.add()]);
    checkpoint(&io, &index);
    let file = index.runs().files(0).live.remove(0);
    let bytes = read_file(&io, &file.name);
    assert_eq!(hex(&bytes[48..64]), "03000000040000000200000000000000", "kind, pages, items");
    assert_eq!(
        hex(&bytes[152..184]),
        "05000000000000000700000000000000".to_owned() + "0000000000000000ffffffffffffffff",
        "moments"
    );
    // The block of two items on the page: one live, and one that closes what lies elsewhere.
    let (_, after) = PAGE.split_once("\nA block of two items: ").expect("the page shows a block");
    let (_, after) = after.split_once("\n\n").expect("its bytes follow");
    let (block, _) = after.split_once("\n\n").expect("and end");
    let block: String = block.split_whitespace().collect();
    assert_eq!(block.len(), 2 * 41);
    assert_eq!(hex(&bytes[4096..4096 + 41]), block);
    assert_eq!(file.digest.to_string(), "ca9db862e5ffeb266fdf4710a97e4c734751f35a5882f08fe1672bed9f1580cd");
}

#[test]
fn a_scan_that_met_damage_never_seems_to_end() {
    let io = memory_io();
    let index = TemporalIndex::new();
    for number in 0..2000_u64 {
        let entry = Entry { key: number.to_be_bytes().to_vec(), id: b"1".to_vec(), added: number, removed: None };
        index.apply(&[entry.add()]);
    }
    checkpoint(&io, &index);
    let name = index.runs().files(0).live.remove(0).name;
    let handle = io.disk.open(&PathBuf::from(DIR).join(&name), nedb_io::Access::Write).unwrap();
    handle.write_all_at(&[0xff; 16], 2 * 4096).unwrap();
    let snapshot = index.snapshot(Seq::new(2000));
    let mut scan = snapshot.scan(&KeyRange::all()).unwrap();
    let mut count = 0;
    while let Ok(Some(_)) = scan.next() {
        count += 1;
    }
    assert!(count > 0 && count < 2000, "{count} entries came before the damage");
    for _ in 0..5 {
        assert_eq!(scan.next().unwrap_err().kind(), ErrorKind::Integrity);
        assert_eq!(scan.seek(b"").unwrap_err().kind(), ErrorKind::Integrity);
    }
}

#[test]
fn a_run_of_another_kind_is_refused() {
    let io = memory_io();
    let files = small_runs(&io);
    let turned = TemporalRunFiles { index: 3, live: files.closed.clone(), closed: files.live.clone() };
    assert_eq!(directory(&io).open_temporal_runs(&turned).unwrap_err().kind(), ErrorKind::Integrity);
    assert!(directory(&io).open_key_runs(&files.live).is_err());
    assert_eq!(rows(TemporalIndex::new().snapshot(Seq::new(0)).scan(&KeyRange::all()).unwrap()), []);
}
