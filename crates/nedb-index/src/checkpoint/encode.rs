//! The bytes of a checkpoint file.
//!
//! ```text
//! "NEDBCKPT" | version u32 | zero u32 | length of the file u64 | database id | generation u64
//! | sections: kind u16, flags u16 (bit 0: may be ignored), zero u32, length u64, body | SHA-256 of all before
//! ```
//! Promises: the same image gives the same bytes. Leaves to others: files.

use nedb_crypto::sha256;
use nedb_types::codec::Writer;

use super::image::{CheckpointImage, PartFile};
use crate::{RunFile, TemporalRunFiles};

pub(crate) const MAGIC: &[u8; 8] = b"NEDBCKPT";
pub(crate) const VERSION: u32 = 1;
/// Bit 0 of a section's flags.
pub(crate) const FLAG_COMPATIBLE: u16 = 1;
/// Place of the file's length.
pub(crate) const LENGTH_OFFSET: usize = 16;
/// Length of the digest at the end.
pub(crate) const DIGEST_BYTES: usize = 32;

/// Kinds of this crate's sections.
pub(crate) mod kind {
    pub(crate) const POSITION: u16 = 1;
    pub(crate) const HASH_SECRET: u16 = 2;
    pub(crate) const FRONTIER: u16 = 3;
    pub(crate) const LIVE_COUNTS: u16 = 4;
    pub(crate) const KEY_RUNS: u16 = 5;
    pub(crate) const CLIENT_RUNS: u16 = 6;
    pub(crate) const IDEMPOTENCY_RUNS: u16 = 7;
    pub(crate) const PARTS: u16 = 8;
    pub(crate) const TEMPORAL_RUNS: u16 = 9;
}

/// Encodes an image with the parts that hold its arrays.
pub(crate) fn encode(image: &CheckpointImage, parts: &[PartFile], generation: u64) -> Vec<u8> {
    let mut file = Writer::new();
    file.bytes(MAGIC);
    file.u32(VERSION);
    file.u32(0);
    file.u64(0);
    file.bytes(image.database.as_bytes());
    file.u64(generation);
    put_section(&mut file, kind::POSITION, 0, |body| image.position.encode(body));
    put_section(&mut file, kind::HASH_SECRET, 0, |body| body.bytes(image.hasher.secret()));
    put_section(&mut file, kind::FRONTIER, 0, |body| body.bytes(&image.frontier));
    put_section(&mut file, kind::LIVE_COUNTS, 0, |body| put_live_counts(body, image));
    put_section(&mut file, kind::KEY_RUNS, 0, |body| put_files(body, &image.key_runs));
    put_section(&mut file, kind::CLIENT_RUNS, 0, |body| put_files(body, &image.client_runs));
    put_section(&mut file, kind::IDEMPOTENCY_RUNS, 0, |body| put_files(body, &image.idempotency_runs));
    put_section(&mut file, kind::PARTS, 0, |body| put_parts(body, parts));
    if !image.temporal_runs.is_empty() {
        put_section(&mut file, kind::TEMPORAL_RUNS, 0, |body| put_temporal_runs(body, &image.temporal_runs));
    }
    for section in &image.sections {
        let flags = if section.is_compatible { FLAG_COMPATIBLE } else { 0 };
        put_section(&mut file, section.kind, flags, |body| body.bytes(&section.body));
    }
    let length = (file.position() + DIGEST_BYTES) as u64;
    let mut bytes = file.into_bytes();
    if let Some(place) = bytes.get_mut(LENGTH_OFFSET..LENGTH_OFFSET + 8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    let digest = sha256(&[&bytes]);
    bytes.extend_from_slice(digest.as_bytes());
    bytes
}

fn put_section(file: &mut Writer, kind: u16, flags: u16, write: impl FnOnce(&mut Writer)) {
    let mut body = Writer::new();
    write(&mut body);
    file.u16(kind);
    file.u16(flags);
    file.u32(0);
    file.u64(body.position() as u64);
    file.bytes(body.as_bytes());
}

fn put_live_counts(body: &mut Writer, image: &CheckpointImage) {
    body.varint(image.live_counts.len() as u64);
    for (collection, count) in &image.live_counts {
        body.varint(collection.len() as u64);
        body.bytes(collection.as_bytes());
        body.i64(*count);
    }
}

fn put_files(body: &mut Writer, files: &[RunFile]) {
    body.varint(files.len() as u64);
    for file in files {
        put_file(body, file);
    }
}

fn put_temporal_runs(body: &mut Writer, indexes: &[TemporalRunFiles]) {
    body.varint(indexes.len() as u64);
    for files in indexes {
        body.varint(files.index);
        put_files(body, &files.live);
        put_files(body, &files.closed);
    }
}

fn put_file(body: &mut Writer, file: &RunFile) {
    body.varint(file.name.len() as u64);
    body.bytes(file.name.as_bytes());
    body.u64(file.length_bytes);
    body.bytes(file.digest.as_bytes());
}

fn put_parts(body: &mut Writer, parts: &[PartFile]) {
    body.varint(parts.len() as u64);
    for part in parts {
        put_file(body, &part.file);
        body.varint(part.ends.len() as u64);
        for end in &part.ends {
            body.u64(*end);
        }
    }
}
