//! Records: an entry unit and its payload unit, read in place.
//!
//! Promises: a record exists only when the checks of its units pass for its own address; nothing is copied. Errors
//! name the address; the caller turns it into file and offset.

use crate::check::Seed;
use crate::layout::{
    CHAIN_BYTES, CHECK_BYTES, CHECK_BYTES_U32, ENTRY_HEADER_BYTES, POINTER_BYTES, UNIT_ALIGN, UNIT_ALIGN_U32, is_zero,
};
use crate::{Address, Chain, EntryView, Link, PayloadView};
use nedb_types::codec::Reader;
use nedb_types::{Error, Place, Result, Seq};

const HAS_CHAIN: u8 = 0x01;
const HAS_POINTER: u8 = 0x02;

/// Where the flags lie in the header of an entry unit.
const FLAGS_AT: usize = 20;

/// The smallest payload unit: salt, an empty content padded, check.
const PAYLOAD_UNIT_BYTES_MIN: u32 = 48;

/// Shows one operation as it lies in the log.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where the record begins.
    pub address: Address,
    /// The operation's number.
    pub seq: Seq,
    /// Where its frame begins.
    pub frame: Address,
    /// The pointers to earlier versions of the key; a first version has none.
    pub chain: Option<Chain>,
    /// The record whose payload this version has, when it is another one.
    pub payload_pointer: Option<Address>,
    /// The entry.
    pub entry: EntryView<'a>,
    /// The payload; none where only the entry was asked for or there is none.
    pub payload: Option<PayloadView<'a>>,
    entry_bytes: u32,
    payload_bytes: u32,
}

impl<'a> Record<'a> {
    /// Returns the address behind the record, where the next one of the frame begins.
    pub fn end(&self) -> Address {
        self.address.plus(u64::from(self.entry_bytes) + u64::from(self.payload_bytes))
    }

    /// Returns the length of the record in bytes, both units.
    pub fn record_bytes(&self) -> usize {
        self.entry_bytes as usize + self.payload_bytes as usize
    }

    /// Returns how many versions of the key lie before this one.
    pub fn depth(&self) -> u32 {
        self.chain.map_or(0, |chain| chain.depth)
    }

    /// Returns this version as a link of its chain.
    pub fn link(&self) -> Link {
        Link { address: self.address, seq: self.seq, depth: self.depth() }
    }

    /// Returns the id of the document; empty where the payload was not read.
    pub fn id(&self) -> &'a [u8] {
        self.payload.map_or(&[], |payload| payload.id)
    }

    /// Returns the document in its stored form.
    pub fn document(&self) -> Option<&'a [u8]> {
        self.payload?.document
    }

    /// Returns the note on why this was written.
    pub fn evidence(&self) -> Option<&'a str> {
        self.payload?.evidence()
    }

    /// Returns the payload length as the canonical entry states it: without the check field.
    pub fn padded_payload_bytes(&self) -> u32 {
        self.payload_bytes.saturating_sub(CHECK_BYTES_U32)
    }

    /// Reads the record at the start of `bytes`, with its payload.
    #[inline]
    pub(crate) fn parse(bytes: &'a [u8], address: Address, seed: Seed) -> Result<Self> {
        let header = UnitHeader::read(bytes, address)?;
        let entry = header.checked_entry(bytes, seed)?;
        let payload = if header.payload_bytes == 0 { None } else { Some(header.payload(bytes, seed)?) };
        header.record(entry, payload)
    }

    /// Reads the record at the start of `bytes`, with its payload, without the checks of its units, which passed before.
    pub(crate) fn parse_again(bytes: &'a [u8], address: Address) -> Result<Self> {
        let header = UnitHeader::read(bytes, address)?;
        let (Some(entry), Some(payload)) = (
            unit_content(bytes, 0..header.entry_end()),
            unit_content(bytes, header.entry_end()..header.record_bytes()),
        ) else {
            return Err(bad(address, "the record exceeds its frame"));
        };
        let payload = if header.payload_bytes == 0 { None } else { Some(header.payload_in(payload)?) };
        header.record(entry, payload)
    }

    /// Reads the seq and the chain of the entry unit at the start of `bytes`.
    ///
    /// `ahead` gets both before they are checked: good for a guess at what will be read next, and for nothing else.
    #[inline]
    pub(crate) fn parse_chain(
        bytes: &[u8],
        address: Address,
        seed: Seed,
        ahead: impl FnOnce(Seq, &Chain),
    ) -> Result<(Seq, Option<Chain>)> {
        let header = UnitHeader::read(bytes, address)?;
        if header.flags & HAS_CHAIN == 0 {
            header.checked_entry(bytes, seed)?;
            return Ok((header.seq, None));
        }
        let mut reader = Reader::new(bytes, "entry unit");
        reader.take(ENTRY_HEADER_BYTES)?;
        let chain = read_chain(&mut reader).inspect(|chain| ahead(header.seq, chain));
        header.checked_entry(bytes, seed)?;
        Ok((header.seq, Some(chain?)))
    }

    /// Reads only the entry of the record at the start of `bytes`.
    #[inline]
    pub(crate) fn parse_entry(bytes: &'a [u8], address: Address, seed: Seed) -> Result<Self> {
        let header = UnitHeader::read(bytes, address)?;
        header.record(header.checked_entry(bytes, seed)?, None)
    }
}

/// The fixed start of an entry unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitHeader {
    pub(crate) address: Address,
    entry_bytes: u16,
    body_bytes: u16,
    payload_bytes: u32,
    pub(crate) seq: Seq,
    pub(crate) distance: u32,
    flags: u8,
}

impl UnitHeader {
    /// Reads the header; the lengths fit together but are not checked against `bytes`.
    #[inline]
    pub(crate) fn read(bytes: &[u8], address: Address) -> Result<Self> {
        let Some(fixed) = bytes.first_chunk::<ENTRY_HEADER_BYTES>() else {
            return Err(bad(address, "the entry unit is cut short"));
        };
        // The length is known here, so that no step of this reader can fail or branches.
        let mut reader = Reader::new(fixed, "entry unit");
        let header = Self {
            address,
            entry_bytes: reader.u16()?,
            body_bytes: reader.u16()?,
            payload_bytes: reader.u32()?,
            seq: Seq::new(reader.u64()?),
            distance: reader.u32()?,
            flags: reader.u8()?,
        };
        let is_reserved_zero = reader.array::<3>()? == [0; 3];
        let expected =
            (header.body_start() + usize::from(header.body_bytes)).next_multiple_of(UNIT_ALIGN) + CHECK_BYTES;
        let is_payload_sane = header.payload_bytes == 0
            || header.payload_bytes.is_multiple_of(UNIT_ALIGN_U32) && header.payload_bytes >= PAYLOAD_UNIT_BYTES_MIN;
        let is_known = header.flags & !(HAS_CHAIN | HAS_POINTER) == 0 && is_reserved_zero;
        if expected == usize::from(header.entry_bytes) && is_payload_sane && is_known {
            return Ok(header);
        }
        Err(bad(address, "no entry unit begins here: its lengths or flags do not fit"))
    }

    /// Returns the flags that are not known here of the unit at the start of `bytes`, when its check passes.
    pub(crate) fn unknown_flags(bytes: &[u8], address: Address, seed: Seed) -> Option<u8> {
        let mut reader = Reader::new(bytes, "entry unit");
        let entry_bytes = reader.u16().ok()?;
        reader.take(FLAGS_AT - size_of::<u16>()).ok()?;
        let unknown = reader.u8().ok()? & !(HAS_CHAIN | HAS_POINTER);
        let unit = bytes.get(..usize::from(entry_bytes))?;
        (unknown != 0 && checked(unit, address, seed).is_some()).then_some(unknown)
    }

    /// Returns the length of the whole record.
    pub(crate) const fn record_bytes(&self) -> usize {
        self.entry_bytes as usize + self.payload_bytes as usize
    }

    const fn entry_end(&self) -> usize {
        self.entry_bytes as usize
    }

    /// Returns the payload length as the canonical entry states it: without the check field.
    pub(crate) const fn padded_payload_bytes(&self) -> u32 {
        self.payload_bytes.saturating_sub(CHECK_BYTES_U32)
    }

    /// Returns the stored body in the bytes of the record.
    pub(crate) fn body<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.body_start();
        record.get(start..start + usize::from(self.body_bytes))
    }

    /// Checks both units without decoding what they hold, as recovery does.
    pub(crate) fn check(&self, record: &[u8], seed: Seed) -> Result<()> {
        self.checked_entry(record, seed)?;
        if self.payload_bytes != 0 {
            self.checked_payload(record, seed)?;
        }
        Ok(())
    }

    const fn body_start(&self) -> usize {
        let chain = if self.flags & HAS_CHAIN != 0 { CHAIN_BYTES } else { 0 };
        let pointer = if self.flags & HAS_POINTER != 0 { POINTER_BYTES } else { 0 };
        ENTRY_HEADER_BYTES + chain + pointer
    }

    /// Reads the entry in the content of its unit and puts the record together.
    #[inline]
    fn record<'a>(&self, unit: &'a [u8], payload: Option<PayloadView<'a>>) -> Result<Record<'a>> {
        let mut reader = Reader::new(unit, "entry unit");
        reader.take(ENTRY_HEADER_BYTES)?;
        let chain = if self.flags & HAS_CHAIN != 0 { Some(read_chain(&mut reader)?) } else { None };
        let payload_pointer = if self.flags & HAS_POINTER != 0 { Some(Address::new(reader.u64()?)) } else { None };
        let body = reader.take(usize::from(self.body_bytes))?;
        if !is_zero(reader.rest()) {
            return Err(bad(self.address, "the padding of the entry unit is not zero"));
        }
        let entry = match EntryView::decode(body, self.seq) {
            Ok(entry) => entry,
            Err(error) => return Err(error.at(place(self.address, self.seq))),
        };
        Ok(Record {
            address: self.address,
            seq: self.seq,
            frame: Address::new(self.address.get().saturating_sub(u64::from(self.distance))),
            chain,
            payload_pointer,
            entry,
            payload,
            entry_bytes: u32::from(self.entry_bytes),
            payload_bytes: self.payload_bytes,
        })
    }

    #[inline]
    fn payload<'a>(&self, bytes: &'a [u8], seed: Seed) -> Result<PayloadView<'a>> {
        self.payload_in(self.checked_payload(bytes, seed)?)
    }

    /// Reads the payload in the content of its unit.
    #[inline]
    fn payload_in<'a>(&self, unit: &'a [u8]) -> Result<PayloadView<'a>> {
        match PayloadView::decode(unit) {
            Ok(payload) => Ok(payload),
            Err(error) => Err(error.at(place(self.address, self.seq))),
        }
    }

    #[inline]
    fn checked_entry<'a>(&self, bytes: &'a [u8], seed: Seed) -> Result<&'a [u8]> {
        match bytes.split_at_checked(usize::from(self.entry_bytes)) {
            Some((unit, _)) => match checked(unit, self.address, seed) {
                Some(content) => Ok(content),
                None => Err(bad(self.address, "the check of the entry unit fails")),
            },
            None => Err(bad(self.address, "the entry unit exceeds its frame")),
        }
    }

    #[inline]
    fn checked_payload<'a>(&self, bytes: &'a [u8], seed: Seed) -> Result<&'a [u8]> {
        match bytes.get(usize::from(self.entry_bytes)..self.record_bytes()) {
            Some(unit) => match checked(unit, self.address.plus(u64::from(self.entry_bytes)), seed) {
                Some(content) => Ok(content),
                None => Err(bad(self.address, "the check of the payload unit fails").at(place(self.address, self.seq))),
            },
            None => Err(bad(self.address, "the payload unit exceeds its frame")),
        }
    }
}

/// Writes an entry unit behind what `buffer` holds; the body was written at `body_start` already by the caller's order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitWriter {
    pub(crate) seq: Seq,
    pub(crate) distance: u32,
    pub(crate) chain: Option<Chain>,
    pub(crate) pointer: Option<Address>,
    pub(crate) payload_bytes: u32,
}

impl UnitWriter {
    /// Returns the length of an entry unit with this body.
    pub(crate) fn entry_bytes(body_bytes: usize, has_chain: bool, has_pointer: bool) -> usize {
        let chain = if has_chain { CHAIN_BYTES } else { 0 };
        let pointer = if has_pointer { POINTER_BYTES } else { 0 };
        (ENTRY_HEADER_BYTES + chain + pointer + body_bytes).next_multiple_of(UNIT_ALIGN) + CHECK_BYTES
    }

    /// Writes the bytes before the body.
    pub(crate) fn write_start(&self, writer: &mut nedb_types::codec::Writer, entry_bytes: u16, body_bytes: u16) {
        let chain = if self.chain.is_some() { HAS_CHAIN } else { 0 };
        let pointer = if self.pointer.is_some() { HAS_POINTER } else { 0 };
        writer.u16(entry_bytes);
        writer.u16(body_bytes);
        writer.u32(self.payload_bytes);
        writer.u64(self.seq.get());
        writer.u32(self.distance);
        writer.u8(chain | pointer);
        writer.bytes(&[0; 3]);
        if let Some(chain) = self.chain {
            writer.u64(chain.previous.get());
            writer.u64(chain.jump.get());
            writer.u64(chain.jump_seq.get());
            writer.u32(chain.depth);
            writer.u32(0);
        }
        if let Some(pointer) = self.pointer {
            writer.u64(pointer.get());
        }
    }
}

#[inline]
fn read_chain(reader: &mut Reader<'_>) -> Result<Chain> {
    // As with the header: of a known length, so that no step can fail.
    let fixed = reader.array::<CHAIN_BYTES>()?;
    let mut reader = Reader::new(&fixed, "version chain");
    let chain = Chain {
        previous: Address::new(reader.u64()?),
        jump: Address::new(reader.u64()?),
        jump_seq: Seq::new(reader.u64()?),
        depth: reader.u32()?,
    };
    if reader.u32()? == 0 { Ok(chain) } else { Err(reader.corrupt("the reserved bytes of a chain are not zero")) }
}

/// Returns the bytes of a unit without its check field; nothing of a unit that is not there.
fn unit_content(record: &[u8], unit: std::ops::Range<usize>) -> Option<&[u8]> {
    let unit = record.get(unit)?;
    Some(unit.split_last_chunk::<CHECK_BYTES>().map_or(&[], |(content, _)| content))
}

/// Splits the check field off a unit and returns the rest when it is right.
#[inline]
fn checked(unit: &[u8], address: Address, seed: Seed) -> Option<&[u8]> {
    let (content, field) = unit.split_last_chunk::<CHECK_BYTES>()?;
    let field = u128::from_le_bytes(*field);
    (u128::from(seed.check(address, content)) == field).then_some(content)
}

#[cold]
fn bad(address: Address, what: &str) -> Error {
    Error::corrupt(what).at(Place::at_offset(address.get()))
}

#[cold]
fn place(address: Address, seq: Seq) -> Place {
    Place::at_offset(address.get()).seq(seq.get())
}
