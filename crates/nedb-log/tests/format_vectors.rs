//! The hex vectors of `docs/format.md` section 11 are what this crate writes.
//!
//! The files are made by the whole write path on a disk in memory, with a fixed clock and with random bytes that are all
//! 0x11, so that the vectors can be made again by anyone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

mod support;

use nedb_crypto::{Domain, Frontier, sha256};
use nedb_io::simulate::{Faults, SimDisk};
use nedb_io::{Disk, Io, ManualClock, ManualScheduler, Random};
use nedb_log::{
    Append, CATALOGUE_INDEX_CREATED, CATALOGUE_INDEX_DROPPED, CATALOGUE_SIGNER, CatalogueRecord, CatalogueState,
    EntryFields, FileLog, FramePlan, IndexBody, IndexBodyKind, LogOptions, LogStore, OpKind, PayloadContent,
    PayloadUnit, RelationTarget, Scratch, canonical_entry,
};
use nedb_types::codec::Writer;
use nedb_types::document::json_to_document;
use nedb_types::{DatabaseId, Digest, Seq};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use support::DIR;

const PAGE: &str = include_str!("../../../docs/format.md");
const HEX_BYTES_PER_LINE: usize = 32;

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
    let (_, section) = PAGE.split_once("\n## 11. Vectors\n").expect("the page has a section of vectors");
    // Section 12 is checked by the crate that writes those files.
    let section = section.split_once("\n## 12. ").map_or(section, |(section, _)| section);
    let blocks = section.find("\n### ").map_or("", |start| &section[start..]);
    assert_eq!(blocks.trim(), expected.trim(), "the section should read:\n{expected}");
}

fn render(vectors: &[(&str, Vec<u8>)]) -> String {
    let mut text = String::new();
    for (name, bytes) in vectors {
        write!(text, "\n### {name}\n```hex\n").unwrap();
        for line in bytes.chunks(HEX_BYTES_PER_LINE) {
            for byte in line {
                write!(text, "{byte:02x}").unwrap();
            }
            text.push('\n');
        }
        text.push_str("```\n");
    }
    text
}

/// Writes a database of three frames and returns its parts.
fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    let disk = SimDisk::new(0, Faults::default());
    disk.create_dir(Path::new(DIR)).unwrap();
    let io = Io {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::new(1_700_000_000_000_000)),
        random: Arc::new(AllEleven),
        scheduler: Arc::new(ManualScheduler::new()),
    };
    let id = DatabaseId::from_bytes(std::array::from_fn(|index| u8::try_from(index).unwrap()));
    let options = LogOptions { segment_bytes: 65_536, ..support::SMALL };
    let log = FileLog::create(&io, Path::new(DIR), id, options).unwrap();
    let read = |name: &str| disk.read_file(&Path::new(DIR).join(name)).unwrap();
    let head = read("HEAD")[4096..4096 + 192].to_vec();

    let signer = log.position().catalogue.record(Seq::new(0), CATALOGUE_SIGNER, b"example+signer".to_vec());
    let mut frontier = Frontier::new();
    let frames = [put(&signer), link(), noop()].map(|(entry, payload)| {
        let catalogue = if log.position().size == 0 { vec![signer.clone()] } else { Vec::new() };
        commit(&log, &mut frontier, &catalogue, (&entry, &payload))
    });
    let segment = read("log/0000000000000000.seg");
    let encoded = |record: &CatalogueRecord| {
        let mut writer = Writer::new();
        record.encode(&mut writer).unwrap();
        writer.into_bytes()
    };
    let [created, dropped] = indexes(log.position().catalogue);

    let reader = log.reader();
    let header = reader.frame(nedb_log::Address::new(4096)).unwrap();
    let mut scratch = Scratch::new();
    let entry = canonical_entry(id, &header, &reader.record(header.records_start(), &mut scratch).unwrap());
    let leaf = sha256(&[Domain::Leaf.tag(), &entry]);
    vec![
        ("HEAD, slot 1 of a new database, bytes 0..192", head),
        ("Segment header, bytes 0..128", segment[..128].to_vec()),
        ("Segment header, bytes 4092..4096", segment[4092..4096].to_vec()),
        ("Catalogue record: signer `example+signer`", encoded(&signer)),
        (
            "Catalogue record 2 at seq 3: an index for SEARCH in `body` and `title` of `notes`, English stems",
            encoded(&created),
        ),
        ("Catalogue record 3 at seq 3: that index is dropped", encoded(&dropped)),
        (
            "Frame at 4096: the catalogue record, and a put of `{\"a\":1}` as `notes:n1` by `ann`",
            segment[frames[0].clone()].to_vec(),
        ),
        ("Canonical entry of that put", entry),
        ("Leaf of that put", leaf.as_bytes().to_vec()),
        (
            "Frame behind it: a link `notes:n1` cites `papers:p9` with evidence, confidence and a cause",
            segment[frames[1].clone()].to_vec(),
        ),
        ("Frame behind it: a noop with idempotency and request digests", segment[frames[2].clone()].to_vec()),
    ]
}

/// The records that define an index and drop it again.
fn indexes(before: CatalogueState) -> [CatalogueRecord; 2] {
    let body = IndexBody {
        kind: IndexBodyKind::Search,
        stemming: "english".to_owned(),
        collection: "notes".to_owned(),
        paths: vec!["body".to_owned(), "title".to_owned()],
    };
    let created = before.record(Seq::new(3), CATALOGUE_INDEX_CREATED, body.encode());
    let body = created.number.to_le_bytes().to_vec();
    let dropped = before.after(&created).unwrap().record(Seq::new(3), CATALOGUE_INDEX_DROPPED, body);
    [created, dropped]
}

fn put(signer: &CatalogueRecord) -> (EntryFields<'static>, PayloadUnit) {
    let document = json_to_document(b"{\"a\":1}").unwrap();
    let content = PayloadContent { document: Some(document.as_bytes()), ..PayloadContent::new(b"n1") };
    let catalogue = Some((signer.number, signer.digest));
    (EntryFields { catalogue, ..EntryFields::new(OpKind::Put, "notes", "ann", 1) }, unit(&content))
}

fn link() -> (EntryFields<'static>, PayloadUnit) {
    let relation = Some(RelationTarget { relation: "cites", to_collection: "papers", to_id: b"p9" });
    let content = PayloadContent { relation, evidence: Some("page 3"), ..PayloadContent::new(b"n1") };
    let fields = EntryFields::new(OpKind::Link, "notes", "ann", 2);
    (EntryFields { causes: &[Seq::FIRST], confidence: Some(0.5), ..fields }, unit(&content))
}

fn noop() -> (EntryFields<'static>, PayloadUnit) {
    let content = PayloadContent { request: Some(Digest::from([0x44; 32])), ..PayloadContent::new(b"") };
    let idempotency = Some(sha256(&[Domain::IdempotencyKey.tag(), &[3], b"ann", b"key-1"]));
    (EntryFields { idempotency, ..EntryFields::new(OpKind::Noop, "", "ann", 3) }, unit(&content))
}

fn unit(content: &PayloadContent<'_>) -> PayloadUnit {
    PayloadUnit::encode([0x33; 16], content).unwrap()
}

fn commit(
    log: &FileLog,
    frontier: &mut Frontier,
    catalogue: &[CatalogueRecord],
    (entry, payload): (&EntryFields<'_>, &PayloadUnit),
) -> std::ops::Range<usize> {
    let (first_seq, commit_time) = (Seq::new(log.position().size), 1_700_000_000_000_001);
    let mut builder = log.begin(&FramePlan { first_seq, commit_time, catalogue, records_bytes_max: 1024 }).unwrap();
    let commitment = Some(payload.commitment());
    builder.push(&EntryFields { commitment, last_in_transaction: true, ..*entry }, None, None, Some(payload)).unwrap();
    frontier.extend(&builder.leaves());
    let (follows, frame) = (builder.follows(), builder.finish(frontier.root()));
    let range = frame.address().get()..frame.position().end.get();
    assert_eq!(log.append(follows, frame).unwrap(), Append::Committed);
    log.sync().unwrap();
    usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()
}
