//! The first page of a run file.
//!
//! Promises: it is written last, holds the lengths of everything else, and is refused when anything in it is unknown.
//! Leaves to others: the contents of the sections.

use std::path::Path;

use nedb_io::File;
use nedb_types::codec::{Reader, Writer};
use nedb_types::{DatabaseId, Digest, Error, Place, Result};

use super::page::{BODY_BYTES, PAGE_BYTES, RunId, place_name, split_page};
use crate::number::u32_from;

const MAGIC: &[u8; 8] = b"NEDBKRUN";
const VERSION: u32 = 1;

/// What a run file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunKind {
    /// Ordered keys and their slots.
    Keys,
    /// Slots with whole hashes and without keys.
    Slots,
    /// Entries of a temporal index that were live when the run was written, and closings of entries in older runs.
    Live,
    /// Entries of a temporal index that were removed.
    Closed,
}

impl RunKind {
    const fn number(self) -> u8 {
        match self {
            Self::Keys => 1,
            Self::Slots => 2,
            Self::Live => 3,
            Self::Closed => 4,
        }
    }

    /// Returns whether the header has a summary of moments.
    pub(crate) const fn has_moments(self) -> bool {
        matches!(self, Self::Live | Self::Closed)
    }
}

/// Where a section lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) first_page: u32,
    pub(crate) page_count: u32,
    /// Blocks of the key section, bytes of the block index, homes of the slot section; in a temporal run blocks, index
    /// nodes, bytes of the top node.
    pub(crate) items: u64,
}

/// What the moments of the entries of a temporal run, or of a part of it, have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MomentSummary {
    pub(crate) least_added: u64,
    pub(crate) greatest_added: u64,
    /// Zero when an item closes an entry that lies elsewhere.
    pub(crate) least_removed: u64,
    /// The greatest number when an entry is live or an item closes an entry that lies elsewhere.
    pub(crate) greatest_removed: u64,
}

impl Default for MomentSummary {
    /// Returns the summary of nothing.
    fn default() -> Self {
        Self { least_added: u64::MAX, greatest_added: 0, least_removed: u64::MAX, greatest_removed: 0 }
    }
}

impl MomentSummary {
    /// Returns the summary of both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            least_added: self.least_added.min(other.least_added),
            greatest_added: self.greatest_added.max(other.greatest_added),
            least_removed: self.least_removed.min(other.least_removed),
            greatest_removed: self.greatest_removed.max(other.greatest_removed),
        }
    }

    /// Returns whether an item may matter to a reader of this moment.
    #[inline]
    pub(crate) const fn may_show_at(&self, moment: u64) -> bool {
        self.least_added <= moment && self.greatest_removed > moment
    }

    /// Returns whether every item is an entry that is visible at this moment.
    #[inline]
    pub(crate) const fn is_whole_at(&self, moment: u64) -> bool {
        self.greatest_added <= moment && self.least_removed > moment
    }

    pub(crate) fn encode(&self, writer: &mut Writer) {
        for number in [self.least_added, self.greatest_added, self.least_removed, self.greatest_removed] {
            writer.u64(number);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            least_added: reader.u64()?,
            greatest_added: reader.u64()?,
            least_removed: reader.u64()?,
            greatest_removed: reader.u64()?,
        })
    }
}

/// The decoded first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunHeader {
    pub(crate) kind: RunKind,
    pub(crate) database: DatabaseId,
    pub(crate) id: RunId,
    pub(crate) secret_check: u64,
    pub(crate) entry_count: u64,
    pub(crate) page_count: u32,
    pub(crate) slot_bytes: u8,
    pub(crate) address_bits: u8,
    pub(crate) keys: Section,
    pub(crate) block_index: Section,
    pub(crate) slots: Section,
    /// SHA-256 of the checks of all pages of the sections, in order: the identity of the contents.
    pub(crate) digest: Digest,
    /// Of temporal runs only; the summary of nothing otherwise.
    pub(crate) moments: MomentSummary,
}

impl RunHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(PAGE_BYTES);
        writer.bytes(MAGIC);
        writer.u32(VERSION);
        writer.u32(u32_from(PAGE_BYTES));
        writer.bytes(self.database.as_bytes());
        writer.bytes(&self.id.0);
        writer.u8(self.kind.number());
        writer.u8(self.slot_bytes);
        writer.u8(self.address_bits);
        writer.u8(0);
        writer.u32(self.page_count);
        writer.u64(self.entry_count);
        writer.u64(self.secret_check);
        for section in [self.keys, self.block_index, self.slots] {
            writer.u32(section.first_page);
            writer.u32(section.page_count);
            writer.u64(section.items);
        }
        writer.bytes(self.digest.as_bytes());
        if self.kind.has_moments() {
            self.moments.encode(&mut writer);
        }
        let mut page = writer.into_bytes();
        page.resize(BODY_BYTES, 0);
        let check = self.id.check(0, &page);
        page.extend_from_slice(&check.to_le_bytes());
        page
    }

    /// Reads and checks the first page of a file, and the file's length.
    pub(crate) fn read(path: &Path, file: &dyn File) -> Result<Self> {
        let place = || Place::in_file(place_name(path));
        let length = file.len_bytes()?;
        if length < PAGE_BYTES as u64 {
            return Err(Error::corrupt(format!("run file is {length} bytes long, shorter than a page")).at(place()));
        }
        let mut page = [0; PAGE_BYTES];
        file.read_exact_at(&mut page, 0)?;
        let header = Self::decode(&page).map_err(|error| {
            let offset = error.place().and_then(|place| place.offset).unwrap_or_default();
            error.at(place().offset(offset))
        })?;
        if length != u64::from(header.page_count) * PAGE_BYTES as u64 {
            let pages = header.page_count;
            return Err(
                Error::corrupt(format!("run file is {length} bytes long, its header says {pages} pages")).at(place())
            );
        }
        Ok(header)
    }

    pub(crate) fn decode(page: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(page, "run header");
        if &reader.array::<8>()? != MAGIC {
            return Err(reader.corrupt("the magic is not that of a run file"));
        }
        let version = reader.u32()?;
        let page_bytes = reader.u32()?;
        let database = DatabaseId::from_bytes(reader.array()?);
        let id = RunId(reader.array()?);
        match split_page(page) {
            Some((body, stored)) if id.check(0, body) == stored => {}
            _ => return Err(reader.corrupt("the check of page 0 fails")),
        }
        if version != VERSION {
            return Err(Error::newer_format("the run file", version, VERSION));
        }
        let header = Self::decode_rest(&mut reader, database, id)?;
        if page_bytes as usize != PAGE_BYTES || !header.is_consistent() {
            return Err(reader.corrupt("lengths and sections contradict each other"));
        }
        Ok(header)
    }

    fn decode_rest(reader: &mut Reader<'_>, database: DatabaseId, id: RunId) -> Result<Self> {
        let kind = match reader.u8()? {
            1 => RunKind::Keys,
            2 => RunKind::Slots,
            3 => RunKind::Live,
            4 => RunKind::Closed,
            other => return Err(reader.corrupt(format_args!("{other} is not a kind of run"))),
        };
        let (slot_bytes, address_bits, reserved) = (reader.u8()?, reader.u8()?, reader.u8()?);
        if reserved != 0 {
            return Err(reader.corrupt("a reserved byte is not zero"));
        }
        let page_count = reader.u32()?;
        let (entry_count, secret_check) = (reader.u64()?, reader.u64()?);
        let mut section = || -> Result<Section> {
            Ok(Section { first_page: reader.u32()?, page_count: reader.u32()?, items: reader.u64()? })
        };
        let (keys, block_index, slots) = (section()?, section()?, section()?);
        let digest = Digest::from_bytes(reader.array()?);
        let moments = if kind.has_moments() { MomentSummary::decode(reader)? } else { MomentSummary::default() };
        Ok(Self {
            kind,
            database,
            id,
            secret_check,
            entry_count,
            page_count,
            slot_bytes,
            address_bits,
            keys,
            block_index,
            slots,
            digest,
            moments,
        })
    }

    fn is_consistent(&self) -> bool {
        let fits = |section: Section| {
            section.page_count == 0
                || (section.first_page > 0
                    && section.first_page.checked_add(section.page_count).is_some_and(|end| end <= self.page_count))
        };
        let index_bytes = u64::from(self.block_index.page_count) * BODY_BYTES as u64;
        [self.keys, self.block_index, self.slots].into_iter().all(fits)
            && self.keys.items <= u64::from(self.keys.page_count)
            && self.block_index.items <= index_bytes
            && self.slots.items > 0
            && if self.kind.has_moments() {
                self.slots.items <= u64::from(self.slots.page_count) * BODY_BYTES as u64
            } else {
                super::slots::SlotLayout::of(self).is_some()
            }
    }
}
