//! The two headers of a frame.
//!
//! The local header belongs to this copy of the log and is not hashed; the shared header is the same on every copy.
//! Promises: a header exists only when its check passes for its own address and its lengths fit the segment. One whose
//! check passes and whose version or flags are not known is refused as such: it is no end of the log.

use crate::Address;
use crate::check::Seed;
use crate::layout::{
    FRAME_ALIGN, FRAME_BYTES_HARD_MAX, LOCAL_HEADER_BYTES, SHARED_HEADER_BYTES, UNIT_ALIGN, UNIT_ALIGN_U32, put,
};
use nedb_types::codec::Reader;
use nedb_types::limits::TRANSACTION_OPS_MAX;
use nedb_types::{Digest, Error, ErrorCode, Place, Result, Seq};

const MAGIC: [u8; 4] = *b"NFRM";
const VERSION: u8 = 1;
const SEAL: u8 = 0x01;
const CHECKED_LOCAL_BYTES: usize = LOCAL_HEADER_BYTES - 4;

/// Describes a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Where the frame begins.
    pub address: Address,
    /// Whether this is the last frame of its segment.
    pub is_seal: bool,
    /// The number of the opening for writing that wrote it.
    pub epoch: u64,
    /// The end of the last frame known durable when this one was written.
    pub watermark: Address,
    /// The seq of the first operation.
    pub first_seq: Seq,
    /// The number of operations.
    pub count: u32,
    /// The number of catalogue records.
    pub catalogue_count: u32,
    /// When the frame was committed, in microseconds.
    pub commit_time: i64,
    /// The hash of the frame before.
    pub previous_hash: Digest,
    /// The root of the tree after this frame.
    pub root: Digest,
    pub(crate) catalogue_bytes: u32,
    pub(crate) lengths: FrameLengths,
}

impl FrameHeader {
    /// Returns the length of the whole frame.
    pub fn frame_bytes(&self) -> u32 {
        self.lengths.frame
    }

    /// Returns the address behind the frame.
    pub fn end(&self) -> Address {
        self.address.plus(u64::from(self.lengths.frame))
    }

    /// Returns the number of operations in the log after this frame.
    pub fn size_after(&self) -> u64 {
        self.first_seq.get().saturating_add(u64::from(self.count))
    }

    /// Returns the address of the first record.
    pub fn records_start(&self) -> Address {
        self.address.plus(LOCAL_HEADER_BYTES as u64 + u64::from(self.lengths.shared))
    }

    /// Reads both headers at the start of `bytes`; `room` is the number of bytes up to the end of the segment.
    pub(crate) fn parse(bytes: &[u8], address: Address, seed: Seed, room: u64) -> Result<Self> {
        let Some(lengths) = FrameLengths::read(bytes, address, room) else {
            return Err(bad(address, "no frame begins here"));
        };
        let (Some(local), Some(shared)) = (bytes.get(..LOCAL_HEADER_BYTES), lengths.shared_of(bytes)) else {
            return Err(bad(address, "the frame's headers are cut short"));
        };
        let (checked, check) = local.split_at(CHECKED_LOCAL_BYTES);
        if seed.check_pair(address, checked, shared).to_le_bytes() != check {
            return Err(bad(address, "the check of the frame's headers fails"));
        }
        check_known(checked, address)?;
        let header = Self::decode(checked, shared, lengths)?;
        if header.count as usize > TRANSACTION_OPS_MAX || header.watermark > address {
            return Err(bad(address, "the frame's count or watermark is impossible"));
        }
        Ok(header)
    }

    fn decode(local: &[u8], shared: &[u8], lengths: FrameLengths) -> Result<Self> {
        let mut local = Reader::new(local, "local frame header");
        local.take(5)?;
        let flags = local.u8()?;
        let reserved = local.u16()?;
        let address = Address::new(local.u64()?);
        let (epoch, watermark) = (local.u64()?, Address::new(local.u64()?));
        local.take(12)?;
        let mut shared = Reader::new(shared, "shared frame header");
        let header = Self {
            address,
            is_seal: flags & SEAL != 0,
            epoch,
            watermark,
            first_seq: Seq::new(shared.u64()?),
            count: shared.u32()?,
            catalogue_count: shared.u32()?,
            commit_time: shared.i64()?,
            previous_hash: Digest::from(shared.array::<32>()?),
            root: Digest::from(shared.array::<32>()?),
            catalogue_bytes: shared.u32()?,
            lengths,
        };
        let is_reserved_zero = reserved == 0 && shared.u32()? == 0 && local.rest().iter().all(|byte| *byte == 0);
        let is_seal_empty = !header.is_seal || header.count == 0 && header.catalogue_count == 0;
        if is_reserved_zero && is_seal_empty && header.is_catalogue_fitting() {
            return Ok(header);
        }
        Err(bad(address, "the frame's reserved bytes or catalogue length do not fit"))
    }

    fn is_catalogue_fitting(&self) -> bool {
        let length = self.catalogue_bytes as usize;
        (self.catalogue_count == 0) == (length == 0)
            && (SHARED_HEADER_BYTES + length).next_multiple_of(UNIT_ALIGN) == self.lengths.shared as usize
    }

    /// Writes the local header with its check, over the first 64 bytes of `frame`.
    pub(crate) fn write_local(&self, shared: &[u8], seed: Seed) -> [u8; LOCAL_HEADER_BYTES] {
        let mut header = [0; LOCAL_HEADER_BYTES];
        let rest = put(&mut header, MAGIC);
        let rest = put(rest, [VERSION, if self.is_seal { SEAL } else { 0 }, 0, 0]);
        let rest = put(rest, self.address.get().to_le_bytes());
        let rest = put(rest, self.epoch.to_le_bytes());
        let rest = put(rest, self.watermark.get().to_le_bytes());
        let rest = put(rest, self.lengths.shared.to_le_bytes());
        let rest = put(rest, self.lengths.records.to_le_bytes());
        put(rest, self.lengths.frame.to_le_bytes());
        let (checked, rest) = header.split_at_mut(CHECKED_LOCAL_BYTES);
        put(rest, seed.check_pair(self.address, checked, shared).to_le_bytes());
        header
    }

    /// Returns the first 96 bytes of the shared header.
    pub(crate) fn shared_fixed(&self) -> [u8; SHARED_HEADER_BYTES] {
        let mut header = [0; SHARED_HEADER_BYTES];
        let rest = put(&mut header, self.first_seq.get().to_le_bytes());
        let rest = put(rest, self.count.to_le_bytes());
        let rest = put(rest, self.catalogue_count.to_le_bytes());
        let rest = put(rest, self.commit_time.to_le_bytes());
        let rest = put(rest, *self.previous_hash.as_bytes());
        let rest = put(rest, *self.root.as_bytes());
        put(rest, self.catalogue_bytes.to_le_bytes());
        header
    }
}

/// The three lengths of a frame, which fit each other and the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameLengths {
    pub(crate) shared: u32,
    pub(crate) records: u32,
    pub(crate) frame: u32,
}

impl FrameLengths {
    /// Works the lengths of a frame out; `None` when they exceed 32 bits.
    pub(crate) fn of(shared: usize, records: usize) -> Option<Self> {
        let frame = (LOCAL_HEADER_BYTES + shared + records).next_multiple_of(FRAME_ALIGN);
        Some(Self {
            shared: u32::try_from(shared).ok()?,
            records: u32::try_from(records).ok()?,
            frame: u32::try_from(frame).ok()?,
        })
    }

    /// Reads the lengths from a local header; `None` when no frame of this place begins here. The check is not verified.
    pub(crate) fn read(local: &[u8], address: Address, room: u64) -> Option<Self> {
        let mut reader = Reader::new(local.get(..LOCAL_HEADER_BYTES)?, "local frame header");
        if reader.array::<4>().ok()? != MAGIC {
            return None;
        }
        reader.take(4).ok()?;
        if reader.u64().ok()? != address.get() {
            return None;
        }
        reader.take(16).ok()?;
        let (shared, records, frame) = (reader.u32().ok()?, reader.u32().ok()?, reader.u32().ok()?);
        let lengths = Self::of(shared as usize, records as usize)?;
        let is_aligned = shared.is_multiple_of(UNIT_ALIGN_U32) && records.is_multiple_of(UNIT_ALIGN_U32);
        let is_fitting = u64::from(frame) <= room.min(FRAME_BYTES_HARD_MAX);
        (lengths.frame == frame && shared as usize >= SHARED_HEADER_BYTES && is_aligned && is_fitting)
            .then_some(lengths)
    }

    /// Returns the shared header in the bytes of a frame.
    pub(crate) fn shared_of(self, frame: &[u8]) -> Option<&[u8]> {
        frame.get(LOCAL_HEADER_BYTES..LOCAL_HEADER_BYTES + self.shared as usize)
    }

    /// Returns the length of both headers.
    pub(crate) fn headers(self) -> usize {
        LOCAL_HEADER_BYTES + self.shared as usize
    }
}

/// Refuses a local header, whose check was found right, of another version or with other flags.
fn check_known(local: &[u8], address: Address) -> Result<()> {
    let (version, flags) = (local.get(4).copied().unwrap_or(0), local.get(5).copied().unwrap_or(0));
    if version != VERSION {
        let error = Error::newer_format("a frame", u32::from(version), u32::from(VERSION));
        return Err(error.at(Place::at_offset(address.get())));
    }
    if flags & !SEAL != 0 {
        let text = format!("frame flags {flags:#04x} are not known here");
        return Err(Error::new(ErrorCode::UnknownFeature, text).at(Place::at_offset(address.get())));
    }
    Ok(())
}

#[cold]
fn bad(address: Address, what: &str) -> Error {
    Error::corrupt(what).at(Place::at_offset(address.get()))
}
