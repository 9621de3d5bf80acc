//! The checks of the stored structures, computed again after a mutation.
//!
//! Without this nearly every input would end at the first checksum. Promises: whatever has the outline of a frame, a HEAD slot,
//! a checkpoint, a run or a part gets valid checks, links and roots; everything else stays as it is. The places are those of
//! docs/format.md and written here a second time on purpose: nothing of the crates is used but the hashes.

use crc32c::{crc32c, crc32c_append};
use nedb_crypto::{Domain, Frontier, leaf_hash, sha256};
use nedb_types::Digest;

/// Where the frames begin in a segment file.
pub const SEGMENT_HEADER_BYTES: usize = 4096;
/// What a canonical entry has before the stored body.
pub const ENTRY_PREFIX_BYTES: usize = 41;
const LOCAL_BYTES: usize = 64;
const SHARED_BYTES: usize = 96;
const CHECK_BYTES: usize = 16;
const SLOT_STRIDE: usize = 4096;
const SLOT_CHECK: usize = 188;
const PAGE_BYTES: usize = 4096;
const PAGE_BODY_BYTES: usize = PAGE_BYTES - 4;
const RUN_ID: std::ops::Range<usize> = 32..48;
const RUN_DIGEST: usize = 120;
const DIGEST_BYTES: usize = 32;

/// Gives both slots of a HEAD valid checks.
pub fn seal_head(bytes: &mut [u8]) {
    for slot in bytes.chunks_exact_mut(SLOT_STRIDE) {
        let check = crc32c(&slot[..SLOT_CHECK]);
        put(slot, SLOT_CHECK, &check.to_le_bytes());
    }
}

/// Gives the header of a segment a valid check.
pub fn seal_segment_header(bytes: &mut [u8]) {
    let end = SEGMENT_HEADER_BYTES - 4;
    if bytes.len() >= SEGMENT_HEADER_BYTES {
        let check = crc32c(&bytes[..end]);
        put(bytes, end, &check.to_le_bytes());
    }
}

/// Gives the frames of the first segment of a log valid places, numbers, checks, links and roots.
pub fn seal_frames(bytes: &mut [u8]) {
    if bytes.len() < SEGMENT_HEADER_BYTES {
        return;
    }
    let mut sealer = Sealer::of(bytes);
    let mut at = SEGMENT_HEADER_BYTES;
    while let Some(end) = frame_end(bytes, at) {
        sealer.seal_frame(&mut bytes[at..end], at as u64);
        at = end;
    }
}

/// Returns where the frame ends whose outline begins here.
pub fn frame_end(bytes: &[u8], at: usize) -> Option<usize> {
    let local = bytes.get(at..at + LOCAL_BYTES)?;
    let end = at.checked_add(u32_at(local, 40) as usize)?;
    let is_fitting = end <= bytes.len() && end >= at + LOCAL_BYTES + SHARED_BYTES;
    let shared_end = at + LOCAL_BYTES + u32_at(local, 32) as usize;
    (local.starts_with(b"NFRM") && is_fitting && shared_end <= end && shared_end >= at + LOCAL_BYTES + SHARED_BYTES)
        .then_some(end)
}

struct Sealer {
    seed: u32,
    database: [u8; 16],
    previous: Digest,
    tree: Frontier,
}

impl Sealer {
    fn of(segment: &[u8]) -> Self {
        let database: [u8; 16] = segment[32..48].try_into().expect("the range has 16 bytes");
        let seed = crc32c_append(crc32c(&segment[80..112]), &database);
        Self { seed, database, previous: Digest::ZERO, tree: Frontier::new() }
    }

    fn check(&self, address: u64, bytes: &[u8]) -> u32 {
        crc32c_append(crc32c_append(self.seed, &address.to_le_bytes()), bytes)
    }

    fn seal_frame(&mut self, frame: &mut [u8], address: u64) {
        let first_seq = self.tree.size();
        let shared_bytes = u32_at(frame, 32) as usize;
        let commit_time: [u8; 8] = frame[LOCAL_BYTES + 16..LOCAL_BYTES + 24].try_into().expect("the range has 8 bytes");
        let mut at = LOCAL_BYTES + shared_bytes;
        let records_end = (at + u32_at(frame, 36) as usize).min(frame.len());
        while let Some(end) = self.seal_record(&mut frame[..records_end], at, address, commit_time) {
            at = end;
        }
        put(frame, 8, &address.to_le_bytes());
        put(frame, LOCAL_BYTES, &first_seq.to_le_bytes());
        put(frame, LOCAL_BYTES + 24, self.previous.as_bytes());
        put(frame, LOCAL_BYTES + 56, self.tree.root().as_bytes());
        let (local, rest) = frame.split_at_mut(LOCAL_BYTES);
        let shared = &rest[..shared_bytes];
        let check = crc32c_append(self.check(address, &local[..60]), shared);
        put(local, 60, &check.to_le_bytes());
        self.previous = sha256(&[Domain::Frame.tag(), shared]);
    }

    /// Seals the record at an offset of its frame and returns where it ends.
    fn seal_record(&mut self, frame: &mut [u8], at: usize, address: u64, commit_time: [u8; 8]) -> Option<usize> {
        let header = frame.get(at..at + 24)?;
        let (entry_bytes, body_bytes) = (u16_at(header, 0) as usize, u16_at(header, 2) as usize);
        let (payload_bytes, flags) = (u32_at(header, 4) as usize, header[20]);
        let (entry_end, end) = (at + entry_bytes, at + entry_bytes + payload_bytes);
        let chain = if flags & 1 != 0 { 32 } else { 0 };
        let body = at + 24 + chain + if flags & 2 != 0 { 8 } else { 0 };
        if end > frame.len() || body + body_bytes + CHECK_BYTES > entry_end {
            return None;
        }
        let seq = self.tree.size();
        put(frame, at + 8, &seq.to_le_bytes());
        put(frame, at + 16, &u32::try_from(at).expect("the file is small").to_le_bytes());
        self.seal_unit(&mut frame[at..entry_end], address + at as u64);
        if payload_bytes >= CHECK_BYTES {
            self.seal_unit(&mut frame[entry_end..end], address + entry_end as u64);
        }
        let padded = u32::try_from(payload_bytes.saturating_sub(CHECK_BYTES)).expect("the file is small");
        let prefix =
            [b"NEDB\x01".as_slice(), &self.database, &seq.to_le_bytes(), &commit_time, &padded.to_le_bytes()].concat();
        self.tree.push(leaf_hash(&[&prefix, &frame[body..body + body_bytes]]));
        Some(end)
    }

    fn seal_unit(&self, unit: &mut [u8], address: u64) {
        let content = unit.len() - CHECK_BYTES;
        let check = u128::from(self.check(address, &unit[..content]));
        put(unit, content, &check.to_le_bytes());
    }
}

/// Writes a frame with one record behind the last frame of the file, sealed like all others.
pub fn append_record(segment: &mut Vec<u8>, body: &[u8], payload: &[u8]) {
    let mut at = SEGMENT_HEADER_BYTES;
    let mut last = at;
    while let Some(end) = frame_end(segment, at) {
        (last, at) = (at, end);
    }
    let mut record = record(body, payload);
    let frame_bytes = (LOCAL_BYTES + SHARED_BYTES + record.len()).next_multiple_of(64);
    let mut frame = segment[last..last + LOCAL_BYTES + SHARED_BYTES].to_vec();
    let lengths = [SHARED_BYTES, record.len(), frame_bytes].map(|length| u32::try_from(length).expect("it is small"));
    put(&mut frame, 5, &[0]);
    for (place, length) in [32, 36, 40].into_iter().zip(lengths) {
        put(&mut frame, place, &length.to_le_bytes());
    }
    put(&mut frame, LOCAL_BYTES + 8, &1_u64.to_le_bytes());
    put(&mut frame, LOCAL_BYTES + 88, &[0; 8]);
    frame.append(&mut record);
    frame.resize(frame_bytes, 0);
    segment.truncate(at);
    segment.append(&mut frame);
    seal_frames(segment);
}

fn record(body: &[u8], payload: &[u8]) -> Vec<u8> {
    let entry_bytes = (24 + body.len()).next_multiple_of(16) + CHECK_BYTES;
    let payload_bytes = if payload.is_empty() { 0 } else { payload.len().next_multiple_of(16).max(32) + CHECK_BYTES };
    let mut record = u16::try_from(entry_bytes).expect("inputs are short").to_le_bytes().to_vec();
    record.extend(u16::try_from(body.len()).expect("inputs are short").to_le_bytes());
    record.extend(u32::try_from(payload_bytes).expect("inputs are short").to_le_bytes());
    record.resize(24, 0);
    record.extend(body);
    record.resize(entry_bytes, 0);
    record.extend(payload);
    record.resize(entry_bytes + payload_bytes, 0);
    record
}

/// Gives a checkpoint its length and its digest.
pub fn seal_checkpoint(bytes: &mut [u8]) {
    let length = bytes.len() as u64;
    if bytes.len() >= 24 + DIGEST_BYTES {
        put(bytes, 16, &length.to_le_bytes());
        seal_digest(bytes);
    }
}

/// Gives a part file its digest and returns it.
pub fn seal_digest(bytes: &mut [u8]) -> Option<Digest> {
    let content = bytes.len().checked_sub(DIGEST_BYTES)?;
    let digest = sha256(&[&bytes[..content]]);
    put(bytes, content, digest.as_bytes());
    Some(digest)
}

/// Gives the pages of a run their checks and the run its digest, and returns the digest.
pub fn seal_run(bytes: &mut [u8]) -> Option<Digest> {
    let id: [u8; 16] = bytes.get(RUN_ID)?.try_into().ok()?;
    let mut checks = Vec::new();
    for (page, number) in bytes.chunks_exact_mut(PAGE_BYTES).zip(0_u32..).skip(1) {
        checks.extend(seal_page(page, number, id));
    }
    let digest = sha256(&[&checks]);
    let first = bytes.get_mut(..PAGE_BYTES)?;
    put(first, RUN_DIGEST, digest.as_bytes());
    seal_page(first, 0, id);
    Some(digest)
}

fn seal_page(page: &mut [u8], number: u32, id: [u8; 16]) -> [u8; 4] {
    let seed = crc32c_append(crc32c(&id), &number.to_le_bytes());
    let check = crc32c_append(seed, &page[..PAGE_BODY_BYTES]).to_le_bytes();
    put(page, PAGE_BODY_BYTES, &check);
    check
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("the range has 2 bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("the range has 4 bytes"))
}
