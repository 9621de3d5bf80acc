//! The hex vectors of `docs/format.md` section 12 are what this crate writes.
//!
//! Random bytes are all 0x11, so that the vectors can be made again by anyone.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use nedb_crypto::Frontier;
use nedb_io::{Io, MemoryDisk, Random};
use nedb_log::{CatalogueState, LogPosition};
use nedb_types::{Collection, DatabaseId, Digest, DocId, Seq, key};

use super::{DIR, hex};
use crate::{
    Address, CheckpointImage, DeltaLimits, IndexDirectory, KeyEntry, KeyHasher, KeyIndex, KeyState, LoadBounds,
    RunFile, SlotEntry, SlotIndex, TemporalChange, TemporalIndex, load_newest, write_checkpoint,
};

const PAGE: &str = include_str!("../../../../docs/format.md");
const LINE_BYTES: usize = 32;

#[derive(Debug)]
struct AllEleven;

impl Random for AllEleven {
    fn fill(&self, buf: &mut [u8]) {
        buf.fill(0x11);
    }
}

#[test]
fn the_vectors_of_the_format_page_are_what_is_written() {
    let expected = render(&vectors());
    let (_, section) = PAGE.split_once("\n## 12. Vectors of derived files\n").expect("the page has the section");
    let blocks = section.split_once("\n### ").map_or(String::new(), |(_, blocks)| format!("### {blocks}"));
    assert_eq!(blocks.trim(), expected.trim(), "the section should read:\n{expected}");
}

/// Lines of 32 bytes with their offsets, without those that are all zero.
fn render(vectors: &[(&str, Vec<u8>)]) -> String {
    let mut text = String::new();
    for (name, bytes) in vectors {
        write!(text, "\n### {name}, {} bytes\n```hex\n", bytes.len()).unwrap();
        for (offset, line) in (0..).step_by(LINE_BYTES).zip(bytes.chunks(LINE_BYTES)) {
            if line.iter().any(|byte| *byte != 0) {
                writeln!(text, "{offset:05}: {}", hex(line)).unwrap();
            }
        }
        text.push_str("```\n");
    }
    text
}

fn note(id: &str) -> Vec<u8> {
    key::document_key(&Collection::new("notes").unwrap(), &DocId::new(id).unwrap())
}

/// Writes one of each kind of file for a log of two operations, a put of `n1` and a deletion of `n2`.
fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    let io = Io { disk: Arc::new(MemoryDisk::new(64 << 20)), random: Arc::new(AllEleven), ..Io::memory(0) };
    io.disk.create_dir(Path::new(DIR)).unwrap();
    let database = DatabaseId::from_bytes(std::array::from_fn(|index| u8::try_from(index).unwrap()));
    let hasher = KeyHasher::new([0x11; 16]);
    let directory = IndexDirectory::new(&io, Path::new(DIR), database, hasher);

    let keys = KeyIndex::new(hasher, DeltaLimits::default());
    let (put, deletion) = (Address::new(4352), Address::new(4800));
    for (id, address, state) in [("n1", put, KeyState::Live), ("n2", deletion, KeyState::Tombstone)] {
        let key = note(id);
        keys.apply(&[KeyEntry { key: &key, hash: hasher.hash(&key), address, state }]);
    }
    let keys = directory.write_key_runs(&keys.freeze().unwrap(), &keys.runs()).unwrap();

    let clients = SlotIndex::new();
    clients.apply([SlotEntry { hash: hasher.hash(b"ann"), address: deletion, replaces: Some(put), number: 2 }]);
    let clients = directory.write_slot_runs(&clients.freeze().unwrap(), &clients.runs()).unwrap();

    let index = TemporalIndex::new();
    let (key, id) = (b"red".as_slice(), b"n1".as_slice());
    index.apply(&[TemporalChange::Added { key, id, added: Seq::FIRST, payload: b"" }]);
    let temporal = directory.write_temporal_runs(&index.freeze().unwrap(), &index.runs()).unwrap();

    let mut frontier = Frontier::new();
    frontier.extend(&[Digest::from([0x22; 32]), Digest::from([0x33; 32])]);
    let position = LogPosition {
        end: Address::new(5120),
        frame: Address::new(4608),
        frame_hash: Digest::from([0x44; 32]),
        size: 2,
        root: frontier.root(),
        commit_time: 1_700_000_000_000_002,
        catalogue: CatalogueState { number: 1, digest: Digest::from([0x55; 32]) },
    };
    let image = CheckpointImage {
        frontier: frontier.to_bytes(),
        live_counts: [("notes".to_owned(), 1)].into(),
        seq_samples: vec![put.get()],
        tree_nodes: Vec::new(),
        key_runs: keys.files(),
        client_runs: clients.files(),
        temporal_runs: vec![temporal.files(2)],
        ..CheckpointImage::new(database, hasher, position)
    };
    let parts = write_checkpoint(&io, Path::new(DIR), &image).unwrap().parts;
    let loaded = load_newest(&io, Path::new(DIR), database, LoadBounds::NONE).unwrap();
    assert_eq!(loaded.checkpoint.unwrap().image, CheckpointImage { parts: parts.clone(), ..image.clone() });

    let read = |name: &str| {
        let file = io.disk.open(&Path::new(DIR).join(name), nedb_io::Access::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len_bytes().unwrap()).unwrap()];
        file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    };
    let of = |files: &[RunFile]| read(&files[0].name);
    vec![
        ("`checkpoint-0000000000000001.nck`", read("checkpoint-0000000000000001.nck")),
        ("`part-1111111111111111.part`", read(&parts[0].file.name)),
        ("`keys-1111111111111111.run`", of(&image.key_runs)),
        ("`slots-1111111111111111.run`", of(&image.client_runs)),
        ("`temporal-1111111111111111.run`", of(&image.temporal_runs[0].live)),
    ]
}
