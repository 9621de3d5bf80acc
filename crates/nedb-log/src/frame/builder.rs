//! Building a frame: records get their final addresses as they are pushed.
//!
//! ```text
//! begin(plan) -> push, push, ... -> leaves() -> (caller extends the tree) -> finish(root) -> append
//! ```
//!
//! It is pure: no I/O, no clock. The only thing it reads from the log while it lives is the durable mark.

use super::{FrameHeader, FrameLengths};
use crate::check::Seed;
use crate::entry::{EntryContext, EntryFields, PREFIX_BYTES};
use crate::layout::{
    CHECK_BYTES, CHECK_BYTES_U32, FRAME_ALIGN, LOCAL_HEADER_BYTES, SHARED_HEADER_BYTES, UNIT_ALIGN, zeros,
};
use crate::record::UnitWriter;
use crate::{Address, CatalogueRecord, CatalogueState, Chain, LogPosition, PayloadUnit};
use nedb_crypto::{Domain, Message, leaf_hash, sha256, sha256_many};
use nedb_types::codec::Writer;
use nedb_types::limits::TRANSACTION_OPS_MAX;
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Result, Seq};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Says what a frame will hold, so that its place can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct FramePlan<'a> {
    /// The seq of the first operation.
    pub first_seq: Seq,
    /// When the frame is committed, in microseconds; not earlier than the frame before.
    pub commit_time: i64,
    /// The catalogue records, which precede the operations.
    pub catalogue: &'a [CatalogueRecord],
    /// The most bytes that the records will take; see [`FrameBuilder::record_bytes`].
    pub records_bytes_max: u64,
}

/// What the log knows about the place of the next frame.
#[derive(Clone, Debug)]
pub(crate) struct FrameBase {
    pub(crate) address: Address,
    pub(crate) seed: Seed,
    pub(crate) database: DatabaseId,
    pub(crate) epoch: u64,
    pub(crate) previous: LogPosition,
    pub(crate) watermark: Arc<AtomicU64>,
    /// Room that an earlier frame has left, or nothing.
    pub(crate) buffer: Vec<u8>,
}

/// Builds a frame record by record.
#[derive(Debug)]
pub struct FrameBuilder {
    base: FrameBase,
    writer: Writer,
    leaves: Vec<Leaf>,
    first_seq: Seq,
    commit_time: i64,
    catalogue: CatalogueState,
    catalogue_count: u32,
    catalogue_bytes: u32,
    headers: usize,
    end_max: usize,
}

/// What the leaf hash of a pushed operation is computed from.
#[derive(Debug)]
struct Leaf {
    /// Where the body of its entry stands.
    body: Range<usize>,
    /// How many bytes its payload takes, padding included.
    payload_bytes: u32,
}

impl FrameBuilder {
    pub(crate) fn new(mut base: FrameBase, plan: &FramePlan<'_>) -> Result<Self> {
        let mut writer = Writer::append_to(std::mem::take(&mut base.buffer));
        writer.clear();
        writer.bytes(&[0; LOCAL_HEADER_BYTES + SHARED_HEADER_BYTES]);
        let mut catalogue = base.previous.catalogue;
        for record in plan.catalogue {
            catalogue = catalogue.after(record)?;
            record.encode(&mut writer)?;
        }
        let catalogue_bytes = writer.position() - LOCAL_HEADER_BYTES - SHARED_HEADER_BYTES;
        writer.pad_to(UNIT_ALIGN);
        let headers = writer.position();
        Ok(Self {
            base,
            writer,
            leaves: Vec::new(),
            first_seq: plan.first_seq,
            commit_time: plan.commit_time,
            catalogue,
            catalogue_count: u32::try_from(plan.catalogue.len()).unwrap_or(u32::MAX),
            catalogue_bytes: u32::try_from(catalogue_bytes).unwrap_or(u32::MAX),
            headers,
            end_max: headers.saturating_add(usize::try_from(plan.records_bytes_max).unwrap_or(usize::MAX)),
        })
    }

    /// Returns how many bytes a record takes, to plan a frame with.
    pub fn record_bytes(
        entry: &EntryFields<'_>,
        has_chain: bool,
        has_pointer: bool,
        payload: Option<&PayloadUnit>,
    ) -> u64 {
        let entry = UnitWriter::entry_bytes(entry.encoded_len(), has_chain, has_pointer);
        (entry + payload.map_or(0, PayloadUnit::stored_len)) as u64
    }

    /// Returns where the frame will begin.
    pub const fn address(&self) -> Address {
        self.base.address
    }

    /// Returns the end of the log that this frame continues: what [`append`](crate::LogStore::append) expects.
    pub const fn follows(&self) -> Address {
        self.base.previous.end
    }

    /// Returns the seq that the next pushed operation gets.
    pub fn next_seq(&self) -> Seq {
        Seq::new(self.first_seq.get().saturating_add(self.leaves.len() as u64))
    }

    /// Returns the state of the catalogue after this frame.
    pub const fn catalogue(&self) -> CatalogueState {
        self.catalogue
    }

    /// Returns how many bytes the records take so far.
    pub fn records_len(&self) -> u64 {
        (self.writer.position() - self.headers) as u64
    }

    /// Adds an operation and returns the address of its record, which is final if the frame is appended.
    ///
    /// The payload must be the one that the entry commits to. On an error nothing was added.
    pub fn push(
        &mut self,
        entry: &EntryFields<'_>,
        chain: Option<Chain>,
        payload_pointer: Option<Address>,
        payload: Option<&PayloadUnit>,
    ) -> Result<Address> {
        let start = self.writer.position();
        entry.admit(self.next_seq())?;
        self.admit(entry, payload, Self::record_bytes(entry, chain.is_some(), payload_pointer.is_some(), payload))?;
        let body_bytes = entry.encoded_len();
        let entry_bytes = UnitWriter::entry_bytes(body_bytes, chain.is_some(), payload_pointer.is_some());
        let payload_bytes = fit::<u32>(payload.map_or(0, PayloadUnit::stored_len))?;
        let seq = self.next_seq();
        let unit = UnitWriter { seq, distance: fit(start)?, chain, pointer: payload_pointer, payload_bytes };
        unit.write_start(&mut self.writer, fit(entry_bytes)?, fit(body_bytes)?);
        let body_start = self.writer.position();
        entry.encode_into(&mut self.writer);
        self.leaves.push(Leaf {
            body: body_start..body_start + body_bytes,
            payload_bytes: payload_bytes.saturating_sub(CHECK_BYTES_U32),
        });
        self.close_unit(start);
        if let Some(payload) = payload {
            let start = self.writer.position();
            self.writer.bytes(payload.bytes());
            self.close_unit(start);
        }
        Ok(self.base.address.plus(start as u64))
    }

    /// Computes the leaf hashes of all operations side by side.
    pub fn leaves(&self) -> Vec<Digest> {
        let prefix = |(leaf, seq): (&Leaf, u64)| {
            let (database, commit_time, payload_bytes) = (self.base.database, self.commit_time, leaf.payload_bytes);
            EntryContext { database, seq: Seq::new(seq), commit_time, payload_bytes }.prefix()
        };
        let prefixes = self.leaves.iter().zip(self.first_seq.get()..).map(prefix);
        if self.leaves.len() == 1 {
            let leaf = |(prefix, body): ([u8; PREFIX_BYTES], &[u8])| leaf_hash(&[&prefix, body]);
            return prefixes.zip(self.bodies()).map(leaf).collect();
        }
        let prefixes: Vec<[u8; PREFIX_BYTES]> = prefixes.collect();
        let messages: Vec<Message<'_>> = prefixes
            .iter()
            .zip(self.bodies())
            .map(|(prefix, body)| Message::tagged(Domain::Leaf, [prefix.as_slice(), body]))
            .collect();
        let mut leaves = vec![Digest::ZERO; messages.len()];
        sha256_many(&messages, &mut leaves);
        leaves
    }

    /// Ends the frame; `root_after` is the root of the tree with this frame's leaves.
    pub fn finish(self, root_after: Digest) -> Frame {
        self.close(root_after, false)
    }

    /// Ends the frame as the last one of its segment.
    pub(crate) fn seal(self) -> Frame {
        let root = self.base.previous.root;
        self.close(root, true)
    }

    fn close(self, root: Digest, is_seal: bool) -> Frame {
        let count = self.leaves.len();
        let records = self.writer.position() - self.headers;
        let lengths = FrameLengths::of(self.headers - LOCAL_HEADER_BYTES, records)
            .expect("begin refused every plan whose frame exceeds 32 MiB");
        let header = FrameHeader {
            address: self.base.address,
            is_seal,
            epoch: self.base.epoch,
            watermark: Address::new(self.base.watermark.load(Ordering::Acquire)),
            first_seq: self.first_seq,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            catalogue_count: self.catalogue_count,
            commit_time: self.commit_time,
            previous_hash: self.base.previous.frame_hash,
            root,
            catalogue_bytes: self.catalogue_bytes,
            lengths,
        };
        let seed = self.base.seed;
        let catalogue = self.catalogue;
        let follows = self.base.previous.end;
        let mut bytes = self.writer.into_bytes();
        overwrite(&mut bytes, LOCAL_HEADER_BYTES, &header.shared_fixed());
        let shared = lengths.shared_of(&bytes).unwrap_or_default();
        let hash = sha256(&[Domain::Frame.tag(), shared]);
        let local = header.write_local(shared, seed);
        overwrite(&mut bytes, 0, &local);
        bytes.resize(lengths.frame as usize, 0);
        let position = LogPosition {
            end: header.end(),
            frame: header.address,
            frame_hash: hash,
            size: header.size_after(),
            root,
            commit_time: header.commit_time,
            catalogue,
        };
        Frame { bytes, position, follows }
    }

    fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        self.leaves.iter().map(|leaf| self.writer.as_bytes().get(leaf.body.clone()).unwrap_or_default())
    }

    /// Pads the unit that began at `start` and writes its check field.
    fn close_unit(&mut self, start: usize) {
        let unaligned = (self.writer.position() - start) % UNIT_ALIGN;
        if unaligned != 0 {
            self.writer.bytes(zeros(UNIT_ALIGN - unaligned));
        }
        let unit = self.writer.as_bytes().get(start..).unwrap_or_default();
        let check = self.base.seed.check(self.base.address.plus(start as u64), unit);
        self.writer.u32(check);
        self.writer.bytes(zeros(CHECK_BYTES - 4));
    }

    fn admit(&self, entry: &EntryFields<'_>, payload: Option<&PayloadUnit>, record_bytes: u64) -> Result<()> {
        if self.leaves.len() >= TRANSACTION_OPS_MAX {
            let (max, count) = (TRANSACTION_OPS_MAX as u64, self.leaves.len() as u64 + 1);
            let what = "number of operations";
            return Err(Error::over_limit(ErrorCode::BatchTooLarge, what, "TRANSACTION_OPS_MAX", max, count));
        }
        let end = self.writer.position() as u64 + record_bytes;
        if end > self.end_max as u64 {
            let text = format!("a record of {record_bytes} bytes exceeds what was planned for its frame");
            return Err(Error::new(ErrorCode::BatchTooLarge, text));
        }
        if entry.commitment != payload.map(PayloadUnit::commitment) {
            let text = format!("the entry of seq {} does not commit to its payload", self.next_seq());
            return Err(Error::new(ErrorCode::InvalidArgument, text));
        }
        Ok(())
    }
}

/// Holds a built frame that waits to be appended.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Vec<u8>,
    position: LogPosition,
    follows: Address,
}

impl Frame {
    /// Returns the bytes as they will be stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the position after this frame.
    pub const fn position(&self) -> &LogPosition {
        &self.position
    }

    /// Returns the end of the log that this frame continues.
    pub const fn follows(&self) -> Address {
        self.follows
    }

    /// Returns where the frame begins.
    pub const fn address(&self) -> Address {
        self.position.frame
    }

    /// Returns the room that the bytes took.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Converts a length that the limits keep small.
fn fit<T: TryFrom<usize>>(length: usize) -> Result<T> {
    match T::try_from(length) {
        Ok(length) => Ok(length),
        Err(_) => Err(Error::new(ErrorCode::BatchTooLarge, format!("a length of {length} bytes exceeds its field"))),
    }
}

fn overwrite(bytes: &mut [u8], start: usize, with: &[u8]) {
    let target = bytes.get_mut(start..start + with.len());
    target.expect("the builder wrote the headers' room first").copy_from_slice(with);
}

const _: () = assert!(FRAME_ALIGN.is_multiple_of(UNIT_ALIGN), "a frame's start is a unit's start");
