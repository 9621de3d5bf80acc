//! Reading records by address, without locks.
//!
//! Promises: every read verifies the checks of what it returns; only bytes below the published end are looked at, and
//! those never change. A mapped read copies nothing, allocates nothing and counts no reference.

use crate::frame::FrameLengths;
use crate::layout::SEGMENT_HEADER_BYTES;
use crate::record::UnitHeader;
use crate::segment::{Segment, SegmentTable, locate};
use crate::{Address, Chain, FrameHeader, Link, Record};
use nedb_types::{DatabaseId, Error, ErrorCode, Place, Result, Seq};
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of a record to load ahead of a read: all of one with a small document.
const PREFETCH_BYTES: usize = 320;

/// How much of an entry unit to load ahead of a step along a chain: all of a common one.
const PREFETCH_ENTRY_BYTES: usize = 176;

/// How much an unmapped read fetches at first: most records fit, and a page costs no more than a few bytes.
const FIRST_READ_BYTES: u64 = 1024;

/// The header of an entry unit, which tells how long the record is.
const UNIT_HEADER_BYTES: usize = 24;

/// Holds the bytes of a record where the log cannot be mapped; reused from read to read.
///
/// # Examples
///
/// ```
/// let scratch = nedb_log::Scratch::new();
/// assert_eq!(scratch.capacity(), 0);
/// ```
#[derive(Debug, Default)]
pub struct Scratch {
    bytes: Vec<u8>,
}

impl Scratch {
    /// Starts empty; mapped reads never fill it.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Returns how many bytes it holds room for.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Fills the buffer with `len` bytes of a segment; what the file does not have reads as zeros, as the format says.
    fn fill(&mut self, segment: &Segment, offset: u64, len: u64) -> Result<&[u8]> {
        self.bytes.clear();
        self.bytes.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        let (mut rest, mut at) = (self.bytes.as_mut_slice(), offset);
        while !rest.is_empty() {
            match segment.file().read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => {
                    rest = rest.get_mut(count..).unwrap_or_default();
                    at += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(&self.bytes)
    }
}

/// Reads records; shared by any number of threads, and usable after the log was closed.
#[derive(Debug)]
pub struct LogReader {
    segments: SegmentTable,
    published: AtomicU64,
    database: DatabaseId,
    segment_bytes: u64,
}

impl LogReader {
    pub(crate) fn new(segments: SegmentTable, database: DatabaseId, segment_bytes: u32, published: Address) -> Self {
        let (published, segment_bytes) = (AtomicU64::new(published.get()), u64::from(segment_bytes));
        Self { segments, published, database, segment_bytes }
    }

    /// Returns the database.
    pub const fn database(&self) -> DatabaseId {
        self.database
    }

    /// Returns the address below which records can be read.
    pub fn published(&self) -> Address {
        Address::new(self.published.load(Ordering::Acquire))
    }

    /// Reads the record at an address and verifies both its units.
    #[inline]
    pub fn record<'a>(&'a self, at: Address, scratch: &'a mut Scratch) -> Result<Record<'a>> {
        let (segment, offset, room) = self.place(at)?;
        let record = match mapped(segment, offset, room) {
            Some(bytes) => Record::parse(bytes, at, segment.seed()),
            None => Record::parse(read(segment, at, offset, room, scratch)?, at, segment.seed()),
        };
        record.map_err(|error| locate(error, self.segment_bytes))
    }

    /// Reads only the entry of the record at an address: enough to follow a chain.
    #[inline]
    pub fn record_entry<'a>(&'a self, at: Address, scratch: &'a mut Scratch) -> Result<Record<'a>> {
        let (segment, offset, room) = self.place(at)?;
        let record = match mapped(segment, offset, room) {
            Some(bytes) => Record::parse_entry(bytes, at, segment.seed()),
            None => Record::parse_entry(read(segment, at, offset, room, scratch)?, at, segment.seed()),
        };
        record.map_err(|error| locate(error, self.segment_bytes))
    }

    /// Reads and verifies the entry unit of a record for its seq and chain alone: a step to an earlier version.
    ///
    /// The version that a search for one below `size` visits next begins to load before the check of this one ends.
    #[inline]
    pub fn chain<'a>(&'a self, at: Address, size: u64, scratch: &'a mut Scratch) -> Result<(Seq, Option<Chain>)> {
        let (segment, offset, room) = self.place(at)?;
        let chain = match mapped(segment, offset, room) {
            Some(bytes) => Record::parse_chain(bytes, at, segment.seed(), |seq, chain| {
                if seq.get() >= size {
                    self.prefetch_entry(chain.toward(size));
                }
            }),
            None => Record::parse_chain(read(segment, at, offset, room, scratch)?, at, segment.seed(), |_, _| ()),
        };
        chain.map_err(|error| locate(error, self.segment_bytes))
    }

    /// Asks the processor to load the start of a record; does nothing where the log is not mapped.
    #[inline]
    pub fn prefetch(&self, at: Address) {
        if let Ok((segment, offset, _)) = self.place(at)
            && let Some(map) = segment.map()
        {
            map.prefetch_range(offset, PREFETCH_BYTES);
        }
    }

    /// Asks the processor to load the entry unit of a record; does nothing where the log is not mapped.
    #[inline]
    fn prefetch_entry(&self, at: Address) {
        if let Ok((segment, offset, _)) = self.place(at)
            && let Some(map) = segment.map()
        {
            map.prefetch_range(offset, PREFETCH_ENTRY_BYTES);
        }
    }

    /// Reads and verifies the headers of the frame at an address.
    pub fn frame(&self, at: Address) -> Result<FrameHeader> {
        let (segment, offset, room) = self.place(at)?;
        let logical_room = segment.logical_end().bytes_after(at);
        let parse = |bytes: &[u8]| FrameHeader::parse(bytes, at, segment.seed(), logical_room);
        let header = if let Some(bytes) = mapped(segment, offset, room) {
            parse(bytes)
        } else {
            let mut scratch = Scratch::new();
            let first = room.min(FIRST_READ_BYTES);
            let bytes = scratch.fill(segment, offset, first)?;
            let needed = FrameLengths::read(bytes, at, logical_room).map_or(0, FrameLengths::headers);
            parse(scratch.fill(segment, offset, (needed as u64).max(first).min(room))?)
        };
        header.map_err(|error| locate(error, self.segment_bytes))
    }

    /// Returns the commit time of a record, in microseconds: its frame's, after checking that the record is part of it.
    pub fn commit_time_of(&self, record: &Record<'_>) -> Result<i64> {
        let frame = self.frame(record.frame)?;
        let is_inside = record.address >= frame.records_start() && record.end() <= frame.end();
        if is_inside && record.seq >= frame.first_seq && record.seq.get() < frame.size_after() {
            return Ok(frame.commit_time);
        }
        let place = Place::at_offset(record.address.get()).seq(record.seq.get());
        Err(locate(Error::corrupt("the record is not part of its frame").at(place), self.segment_bytes))
    }

    /// Computes the chain of a new version whose predecessor lies at `previous`.
    pub fn chain_after(&self, previous: Address, scratch: &mut Scratch) -> Result<Chain> {
        let (previous, jump) = self.link(previous, scratch)?;
        let (jump, jump_of_jump) = match jump {
            Some(address) => self.link(address, scratch)?,
            None => (previous, None),
        };
        let jump_of_jump = match jump_of_jump {
            Some(address) => self.link(address, scratch)?.0,
            None => jump,
        };
        Ok(Chain::after(previous, jump, jump_of_jump))
    }

    /// Reads the link of a version and the address of its jump version; a first version has none.
    fn link(&self, at: Address, scratch: &mut Scratch) -> Result<(Link, Option<Address>)> {
        let record = self.record_entry(at, scratch)?;
        Ok((record.link(), record.chain.map(|chain| chain.jump)))
    }

    /// As [`next_record`](Self::next_record), with the frame's header kept between the steps of a walk.
    pub fn step(&self, record: &Record<'_>, frame: &mut Option<FrameHeader>) -> Result<Option<Address>> {
        let current = match frame.filter(|frame| frame.address == record.frame) {
            Some(current) => current,
            None => *frame.insert(self.frame(record.frame)?),
        };
        if record.seq.get().saturating_add(1) < current.size_after() {
            return Ok(Some(record.end()));
        }
        self.next_record(record)
    }

    /// Returns the record behind this one, or `None` when it is the last that can be read.
    pub fn next_record(&self, record: &Record<'_>) -> Result<Option<Address>> {
        let frame = self.frame(record.frame)?;
        if record.seq.get().saturating_add(1) < frame.size_after() {
            return Ok(Some(record.end()));
        }
        let mut next = self.next_frame(&frame);
        while next < self.published() {
            let frame = self.frame(next)?;
            if frame.count > 0 {
                return Ok(Some(frame.records_start()));
            }
            next = self.next_frame(&frame);
        }
        Ok(None)
    }

    /// Returns where the frame behind this one begins, which may be the end of the log.
    pub fn next_frame(&self, frame: &FrameHeader) -> Address {
        if !frame.is_seal {
            return frame.end();
        }
        let segment = frame.address.get() / self.segment_bytes + 1;
        Address::new(segment * self.segment_bytes + SEGMENT_HEADER_BYTES as u64)
    }

    pub(crate) const fn segments(&self) -> &SegmentTable {
        &self.segments
    }

    pub(crate) const fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    /// Makes everything below `end` readable.
    pub(crate) fn publish(&self, end: Address) {
        self.published.store(end.get(), Ordering::Release);
    }

    /// Returns the segment of an address, the offset there, and how many published bytes follow in the segment.
    #[inline]
    fn place(&self, at: Address) -> Result<(&Segment, u64, u64)> {
        let offset = at.get() & (self.segment_bytes - 1);
        let number = at.get() >> self.segment_bytes.trailing_zeros();
        let published = self.published.load(Ordering::Acquire);
        match self.segments.get(number) {
            Some(segment) if at.get() < published => {
                Ok((segment, offset, (published - at.get()).min(self.segment_bytes - offset)))
            }
            _ => Err(beyond(at, published)),
        }
    }
}

#[inline]
fn mapped(segment: &Segment, offset: u64, room: u64) -> Option<&[u8]> {
    segment.map()?.bytes(offset, usize::try_from(room).ok()?)
}

/// Reads the bytes of a record: a first guess, and the rest when the record is longer.
fn read<'a>(segment: &Segment, at: Address, offset: u64, room: u64, scratch: &'a mut Scratch) -> Result<&'a [u8]> {
    let first = room.min(FIRST_READ_BYTES);
    let bytes = scratch.fill(segment, offset, first)?;
    let header = bytes.get(..UNIT_HEADER_BYTES).unwrap_or_default();
    let needed = UnitHeader::read(header, at).map_or(first, |unit| (unit.record_bytes() as u64).min(room));
    if needed > first {
        scratch.fill(segment, offset, needed)?;
    }
    Ok(&scratch.bytes)
}

#[cold]
fn beyond(at: Address, published: u64) -> Error {
    let text = format!("address {at} is not below the end of the log, {published}");
    Error::new(ErrorCode::Corrupt, text).at(Place::at_offset(at.get()))
}
