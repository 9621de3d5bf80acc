//! Checkpoint files: fixed bytes, round trip, damage, the choice of the newest good one, and what is removed.

use std::path::Path;

use nedb_io::{Access, Io};
use nedb_log::LogPosition;
use nedb_types::{Digest, ErrorCode, ErrorKind};

use super::{DATABASE, DIR, apply, at, directory, index_of, memory_io, within};
use crate::checkpoint::{CheckpointImage, ExtraSection};
use crate::{KeyHasher, LoadBounds, RUNS_MAX, load_newest, write_checkpoint};

fn image(size: u64) -> CheckpointImage {
    let position = LogPosition { end: at(size), size, ..LogPosition::start() };
    let mut image = CheckpointImage::new(DATABASE, KeyHasher::new([5; 16]), position);
    image.frontier = vec![1, 2, 3];
    image.live_counts.insert("people".into(), 7);
    image.seq_samples = (0..size).map(|number| at(number).get()).collect();
    image.tree_nodes = vec![(0..size / 4).map(digest).collect(), (0..size / 8).map(digest).collect()];
    image.sections.push(ExtraSection { kind: 0x0100, is_compatible: true, body: b"engine".to_vec() });
    image
}

fn digest(number: u64) -> Digest {
    let mut bytes = [0xaa; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Digest::from_bytes(bytes)
}

fn read(io: &Io, name: &str) -> Vec<u8> {
    let file = io.disk.open(&Path::new(DIR).join(name), Access::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len_bytes().unwrap()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn overwrite(io: &Io, name: &str, bytes: &[u8]) {
    let file = io.disk.open(&Path::new(DIR).join(name), Access::Write).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.set_len_bytes(bytes.len() as u64).unwrap();
}

fn load(io: &Io) -> crate::Loaded {
    load_newest(io, Path::new(DIR), DATABASE, within(1 << 20, 1 << 20)).unwrap()
}

#[test]
fn a_checkpoint_gives_back_its_image_and_fixed_bytes() {
    let io = memory_io();
    let mut image = image(40);
    image.parts = write_checkpoint(&io, Path::new(DIR), &image).unwrap().parts;
    assert_eq!(load(&io).checkpoint.unwrap().image, image);

    let small = CheckpointImage::new(DATABASE, KeyHasher::new([5; 16]), LogPosition::start());
    let bytes = crate::checkpoint::encode_for_test(&small, 3);
    let text = super::hex(&bytes[..64]);
    let expected = "4e454442434b50540100000000000000".to_owned()
        + "6d01000000000000"
        + "dbdbdbdbdbdbdbdbdbdbdbdbdbdbdbdb"
        + "0300000000000000"
        + "01000000000000008800000000000000";
    assert_eq!(text, expected);
    assert_eq!(nedb_crypto::sha256(&[&bytes[..bytes.len() - 32]]).as_bytes(), &bytes[bytes.len() - 32..]);
}

#[test]
fn a_checkpoint_cut_or_changed_at_any_byte_is_passed_over_and_named() {
    let io = memory_io();
    let mut older = image(8);
    older.parts = write_checkpoint(&io, Path::new(DIR), &older).unwrap().parts;
    let mut newer = image(16);
    newer.parts.clone_from(&older.parts);
    newer.parts = write_checkpoint(&io, Path::new(DIR), &newer).unwrap().parts;
    assert_eq!(load(&io).checkpoint.unwrap().image, newer);
    let part = newer.parts.last().unwrap().file.name.clone();
    for name in ["checkpoint-0000000000000002.nck", part.as_str()] {
        let bytes = read(&io, name);
        let check = |changed: &[u8], what: &str| {
            overwrite(&io, name, changed);
            let loaded = load(&io);
            assert_eq!(loaded.checkpoint.unwrap().image, older, "{name}: {what}");
            assert_eq!(loaded.rejected[0].file, "checkpoint-0000000000000002.nck");
            let reason = &loaded.rejected[0].reason;
            assert_eq!(reason.kind(), ErrorKind::Integrity, "{name}: {what}: {reason}");
            assert!(reason.place().unwrap().file.is_some(), "{name}: {what}: {reason}");
        };
        for length in 0..bytes.len() {
            check(&bytes[..length], &format!("cut to {length}"));
        }
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(&changed, &format!("bit {bit}"));
        }
        overwrite(&io, name, &bytes);
    }
}

#[test]
fn a_checkpoint_ahead_of_the_log_is_a_rollback() {
    let io = memory_io();
    write_checkpoint(&io, Path::new(DIR), &image(40)).unwrap();
    for (end, size) in [(39, 40), (40, 39)] {
        let error = load_newest(&io, Path::new(DIR), DATABASE, within(end, size)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Rollback);
    }
    assert!(load_newest(&io, Path::new(DIR), DATABASE, within(40, 40)).unwrap().checkpoint.is_some());
}

#[test]
fn an_older_checkpoint_is_found_below_the_number_of_a_newer_one() {
    let io = memory_io();
    for size in [10, 20] {
        write_checkpoint(&io, Path::new(DIR), &image(size)).unwrap();
    }
    let newest_below = |generation_end| {
        let bounds = LoadBounds { generation_end, ..LoadBounds::NONE };
        let found = load_newest(&io, Path::new(DIR), DATABASE, bounds).unwrap();
        assert!(found.rejected.is_empty());
        found.checkpoint.map(|checkpoint| checkpoint.image.position.size)
    };
    assert_eq!((newest_below(3), newest_below(2), newest_below(1)), (Some(20), Some(10), None));
}

#[test]
fn unknown_sections_are_refused_unless_they_may_be_ignored() {
    let io = memory_io();
    let mut refused = image(1);
    refused.sections[0].kind = 0x00ff;
    assert_eq!(write_checkpoint(&io, Path::new(DIR), &refused).unwrap_err().code(), ErrorCode::InvalidArgument);
    let bytes = crate::checkpoint::encode_for_test(&refused, 1);
    let decoded = crate::checkpoint::decode_for_test(&bytes).unwrap();
    assert!(decoded.sections.is_empty(), "a compatible section may be ignored");
    refused.sections[0].is_compatible = false;
    let bytes = crate::checkpoint::encode_for_test(&refused, 1);
    assert_eq!(crate::checkpoint::decode_for_test(&bytes).unwrap_err().code(), ErrorCode::UnknownFeature);
}

#[test]
fn a_checkpoint_of_another_database_or_name_is_passed_over() {
    let io = memory_io();
    write_checkpoint(&io, Path::new(DIR), &image(1)).unwrap();
    let other = nedb_types::DatabaseId::from_bytes([1; 16]);
    let loaded = load_newest(&io, Path::new(DIR), other, within(9, 9)).unwrap();
    assert_eq!(loaded.rejected[0].reason.code(), ErrorCode::WrongDatabase);
    let (from, to) = ("checkpoint-0000000000000001.nck", "checkpoint-0000000000000009.nck");
    io.disk.rename(&Path::new(DIR).join(from), &Path::new(DIR).join(to)).unwrap();
    assert_eq!(load(&io).rejected[0].reason.kind(), ErrorKind::Integrity);
    assert!(load_newest(&io, Path::new("/nowhere"), DATABASE, within(9, 9)).unwrap().checkpoint.is_none());
}

#[test]
fn a_checkpoint_or_part_of_a_newer_version_is_passed_over_and_named_as_such() {
    let io = memory_io();
    let mut older = image(8);
    older.parts = write_checkpoint(&io, Path::new(DIR), &older).unwrap().parts;
    let mut newer = CheckpointImage { parts: older.parts.clone(), ..image(16) };
    newer.parts = write_checkpoint(&io, Path::new(DIR), &newer).unwrap().parts;
    let name = "checkpoint-0000000000000002.nck";
    let raise = |name: &str| {
        let mut bytes = read(&io, name);
        bytes[8] += 1;
        let content = bytes.len() - 32;
        let digest = nedb_crypto::sha256(&[&bytes[..content]]);
        bytes[content..].copy_from_slice(digest.as_bytes());
        overwrite(&io, name, &bytes);
        digest
    };
    let check = |what: &str| {
        let loaded = load(&io);
        assert_eq!(loaded.checkpoint.unwrap().image, older, "{what}");
        let reason = &loaded.rejected[0].reason;
        assert_eq!((loaded.rejected[0].file.as_str(), reason.code()), (name, ErrorCode::NewerFormat), "{what}");
        assert!(reason.message().contains("use the version that wrote it or a later one"), "{what}: {reason}");
    };
    let sound = read(&io, name);
    raise(name);
    check("checkpoint");
    // A part that a newer program wrote, under a checkpoint of this version that lists it.
    let part = newer.parts.len() - 1;
    assert!(part >= older.parts.len() || newer.parts[part] != older.parts[part], "the second one wrote a part");
    newer.parts[part].file.digest = raise(&newer.parts[part].file.name.clone());
    overwrite(&io, name, &crate::checkpoint::encode_for_test(&newer, 2));
    assert_eq!(sound.len(), read(&io, name).len());
    let loaded = load(&io);
    let reason = &loaded.rejected[0].reason;
    assert_eq!(reason.code(), ErrorCode::NewerFormat, "{reason}");
}

#[test]
fn files_that_the_newest_two_do_not_need_are_removed_and_foreign_ones_stay() {
    let io = memory_io();
    io.disk.create_new(&Path::new(DIR).join("notes.txt")).unwrap();
    io.disk.create_new(&Path::new(DIR).join("checkpoint-00000000000000ff.nck.tmp")).unwrap();
    io.disk.create_new(&Path::new(DIR).join("keys-00000000000000ff.run")).unwrap();
    let index = index_of(std::iter::empty());
    let mut current = image(0);
    for round in 1..30_u64 {
        apply(&index, round * 50..round * 50 + 50);
        index.install(directory(&io).write_key_runs(&index.freeze().unwrap(), &index.runs()).unwrap());
        let parts = std::mem::take(&mut current.parts);
        current = CheckpointImage { parts, key_runs: index.runs().files(), ..image(round * 64) };
        let written = write_checkpoint(&io, Path::new(DIR), &current).unwrap();
        assert!(written.sweep_error.is_none());
        current.parts = written.parts;
        assert!(current.parts.len() <= RUNS_MAX);
        let loaded = load(&io).checkpoint.unwrap();
        assert_eq!((loaded.generation, &loaded.image), (round, &current));
    }
    let names = io.disk.list(Path::new(DIR)).unwrap();
    assert!(names.len() <= 1 + 2 + 2 * 2, "{names:?}");
    assert!(names.contains(&"notes.txt".to_owned()));
}
