//! A whole frame, read in place.
//!
//! Promises: a view exists only for a frame whose headers and units all pass their checks and whose lengths and
//! numbers fit together. Whether it continues the log is checked by [`FrameView::position_after`]; the tree is for the
//! reader to check.

use super::{FrameHeader, FrameLengths};
use crate::check::Seed;
use crate::entry::EntryContext;
use crate::layout::{SHARED_HEADER_BYTES, is_zero};
use crate::record::UnitHeader;
use crate::{Address, CatalogueRecord, CatalogueState, LogPosition, Record};
use nedb_crypto::{Domain, Message, sha256, sha256_many};
use nedb_types::codec::Reader;
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Place, Result, Seq};

/// Shows a whole frame of the log.
#[derive(Clone, Copy, Debug)]
pub struct FrameView<'a> {
    header: FrameHeader,
    bytes: &'a [u8],
    seed: Seed,
    database: DatabaseId,
    hash: Digest,
}

impl<'a> FrameView<'a> {
    /// Reads the frame at the start of `bytes`; `room` is the number of bytes up to the end of the segment.
    pub(crate) fn parse(bytes: &'a [u8], address: Address, place: FramePlace) -> Result<Self> {
        let mut view = Self::parse_unhashed(bytes, address, place)?;
        let shared = view.header.lengths.shared_of(view.bytes).unwrap_or_default();
        view.hash = sha256(&[Domain::Frame.tag(), shared]);
        Ok(view)
    }

    /// As [`parse`](Self::parse), without the frame hash, for callers that hash many frames at once.
    pub(crate) fn parse_unhashed(bytes: &'a [u8], address: Address, place: FramePlace) -> Result<Self> {
        let FramePlace { seed, database, room } = place;
        let header = FrameHeader::parse(bytes, address, seed, room)?;
        let Some(bytes) = bytes.get(..header.lengths.frame as usize) else {
            return Err(bad(address, "the frame is cut short"));
        };
        let view = Self { header, bytes, seed, database, hash: Digest::ZERO };
        view.check_units()?;
        Ok(view)
    }

    /// Returns the headers.
    pub const fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Returns the address behind the frame.
    pub fn end(&self) -> Address {
        self.header.end()
    }

    /// Returns the frame hash, which the next frame repeats.
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// Returns the stored bytes.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Iterates over the records in the order of their seqs.
    pub fn records(&self) -> Records<'a> {
        Records { rest: self.record_bytes(), address: self.header.records_start(), seed: self.seed }
    }

    /// Iterates over the records without repeating the checks that [`parse`](Self::parse) made, for callers that hold
    /// the bytes in memory of their own.
    pub(crate) fn records_again(&self) -> impl Iterator<Item = (Address, Result<Record<'a>>)> + use<'a> {
        let (mut rest, mut address) = (self.record_bytes(), self.header.records_start());
        std::iter::from_fn(move || {
            let at = address;
            let record = (!rest.is_empty()).then(|| Record::parse_again(rest, at))?;
            let taken = record.as_ref().map_or(usize::MAX, Record::record_bytes);
            rest = rest.get(taken..).unwrap_or_default();
            address = address.plus(taken as u64);
            Some((at, record))
        })
    }

    /// Returns the catalogue records.
    pub fn catalogue_records(&self) -> Result<Vec<CatalogueRecord>> {
        let shared = self.header.lengths.shared_of(self.bytes).unwrap_or_default();
        let area = shared.get(SHARED_HEADER_BYTES..).unwrap_or_default();
        let (records, padding) = match area.split_at_checked(self.header.catalogue_bytes as usize) {
            Some(parts) if is_zero(parts.1) => parts,
            _ => return Err(self.bad("the catalogue records do not fit the frame's header")),
        };
        debug_assert!(padding.len() < 16, "the header's lengths were checked");
        let mut reader = Reader::new(records, "catalogue record");
        let mut found = Vec::new();
        while !reader.is_empty() {
            match CatalogueRecord::decode(&mut reader) {
                Ok(record) => found.push(record),
                Err(error) => return Err(self.bad(error.message())),
            }
        }
        let is_complete = found.len() == self.header.catalogue_count as usize;
        if is_complete && found.iter().all(|record| record.at_seq == self.header.first_seq) {
            return Ok(found);
        }
        Err(self.bad("the number or seq of the catalogue records does not fit the frame"))
    }

    /// Returns the leaf hashes of all operations, computed side by side.
    pub fn leaves(&self) -> Vec<Digest> {
        let mut prefixes = Vec::with_capacity(self.header.count as usize);
        let mut bodies = Vec::with_capacity(self.header.count as usize);
        for (unit, record) in self.units() {
            prefixes.push(self.context(unit.seq, unit.padded_payload_bytes()).prefix());
            bodies.push(unit.body(record).unwrap_or_default());
        }
        let messages: Vec<Message<'_>> = prefixes
            .iter()
            .zip(&bodies)
            .map(|(prefix, body)| Message::tagged(Domain::Leaf, [prefix.as_slice(), body]))
            .collect();
        let mut leaves = vec![Digest::ZERO; messages.len()];
        sha256_many(&messages, &mut leaves);
        leaves
    }

    /// Returns the position after this frame, or an error when the frame does not continue `previous`.
    pub fn position_after(&self, previous: &LogPosition) -> Result<LogPosition> {
        self.check_link(previous)?;
        Ok(self.position_with(self.catalogue_after(previous.catalogue)?))
    }

    /// Returns the position after this frame for a walk that began in the middle, where the catalogue is not known
    /// until the first record of it.
    pub(crate) fn position_from_middle(&self, previous: Option<&LogPosition>) -> Result<LogPosition> {
        if let Some(previous) = previous {
            self.check_link(previous)?;
        }
        let last = self.catalogue_records()?.pop();
        let catalogue = last.map(|last| CatalogueState { number: last.number, digest: last.digest });
        Ok(self.position_with(catalogue.unwrap_or(CatalogueState::EMPTY)))
    }

    /// Returns the state of the catalogue after this frame.
    pub fn catalogue_after(&self, before: CatalogueState) -> Result<CatalogueState> {
        self.catalogue_records()?.iter().try_fold(before, |state, record| state.after(record))
    }

    fn check_link(&self, previous: &LogPosition) -> Result<()> {
        let header = &self.header;
        if header.first_seq.get() != previous.size {
            return Err(self.bad("the frame's first seq does not continue the log"));
        }
        if header.previous_hash != previous.frame_hash {
            return Err(self.bad("the frame does not name the hash of the frame before it"));
        }
        if header.commit_time < previous.commit_time {
            return Err(self.bad("the frame's commit time is earlier than that of the frame before it"));
        }
        Ok(())
    }

    fn position_with(&self, catalogue: CatalogueState) -> LogPosition {
        let header = &self.header;
        LogPosition {
            end: header.end(),
            frame: header.address,
            frame_hash: self.hash,
            size: header.size_after(),
            root: header.root,
            commit_time: header.commit_time,
            catalogue,
        }
    }

    fn context(&self, seq: Seq, payload_bytes: u32) -> EntryContext {
        EntryContext { database: self.database, seq, commit_time: self.header.commit_time, payload_bytes }
    }

    fn record_bytes(&self) -> &'a [u8] {
        let FrameLengths { records, .. } = self.header.lengths;
        let start = self.header.lengths.headers();
        self.bytes.get(start..start + records as usize).unwrap_or_default()
    }

    /// Iterates over the unit headers and the bytes from each record on; stops at the first bad one.
    fn units(&self) -> impl Iterator<Item = (UnitHeader, &'a [u8])> + use<'a> {
        let (mut rest, mut address) = (self.record_bytes(), self.header.records_start());
        std::iter::from_fn(move || {
            let unit = UnitHeader::read(rest, address).ok()?;
            let record = rest;
            rest = rest.get(unit.record_bytes()..)?;
            address = address.plus(unit.record_bytes() as u64);
            Some((unit, record))
        })
    }

    /// Returns the message whose digest is the frame hash. Its root commits to every entry, so bodies need not be in it.
    pub(crate) fn hashed_message(&self) -> Message<'a> {
        Message::tagged(Domain::Frame, [self.header.lengths.shared_of(self.bytes).unwrap_or_default()])
    }

    /// Checks every unit, the numbers of the records and the padding.
    fn check_units(&self) -> Result<()> {
        let (mut count, mut used) = (0, 0);
        for (unit, record) in self.units() {
            unit.check(record, self.seed)?;
            let is_numbered = unit.seq.get() == self.header.first_seq.get().wrapping_add(count);
            let is_placed = Some(u64::from(unit.distance)) == unit.address.get().checked_sub(self.header.address.get());
            if !is_numbered || !is_placed {
                return Err(self.bad("a record's seq or distance does not fit the frame"));
            }
            count += 1;
            used += unit.record_bytes();
        }
        let padding = self.bytes.get(self.header.lengths.headers() + used..).unwrap_or_default();
        let is_complete = used == self.header.lengths.records as usize && count == u64::from(self.header.count);
        if is_complete && is_zero(padding) {
            return Ok(());
        }
        let (rest, at) = (self.record_bytes().get(used..), self.header.records_start().plus(used as u64));
        if let Some(flags) = UnitHeader::unknown_flags(rest.unwrap_or_default(), at, self.seed) {
            let text = format!("entry unit flags {flags:#04x} are not known here");
            return Err(Error::new(ErrorCode::UnknownFeature, text).at(Place::at_offset(at.get())));
        }
        Err(self.bad("the records of the frame do not fit its header"))
    }

    #[cold]
    fn bad(&self, what: &str) -> Error {
        Error::corrupt(what).at(Place::at_offset(self.header.address.get()).seq(self.header.first_seq.get()))
    }
}

/// What a reader knows about the place of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FramePlace {
    pub(crate) seed: Seed,
    pub(crate) database: DatabaseId,
    /// The number of bytes from the frame's start to the end of the segment.
    pub(crate) room: u64,
}

/// Iterates over the records of a frame.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    address: Address,
    seed: Seed,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = Record::parse(self.rest, self.address, self.seed);
        let taken = record.as_ref().map_or(usize::MAX, Record::record_bytes);
        self.address = self.address.plus(taken as u64);
        self.rest = self.rest.get(taken..).unwrap_or_default();
        Some(record)
    }
}

#[cold]
fn bad(address: Address, what: &str) -> Error {
    Error::corrupt(what).at(Place::at_offset(address.get()))
}
