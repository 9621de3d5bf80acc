//! HEAD: what was known to be durable, in two slots outside the log.
//!
//! Promises: a torn or failed write of one slot leaves the other one in force. It knows nothing of the log's content.

use crate::layout::is_zero;
use crate::{Address, CatalogueState, LogPosition};
use crc32c::crc32c;
use nedb_io::{Access, File, Io};
use nedb_types::codec::{Reader, Writer};
use nedb_types::{DatabaseId, Digest, Error, ErrorCode, Place, Result};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The name of the file in the database's directory.
pub(crate) const HEAD_FILE: &str = "HEAD";

const MAGIC: [u8; 8] = *b"NEDBHEAD";
const VERSION: u32 = 1;
/// Each slot has a block of its own, so that one write cannot tear both.
const SLOT_STRIDE: usize = 4096;
const SLOT_BYTES: usize = SLOT_BYTES_U32 as usize;
const SLOT_BYTES_U32: u32 = 192;
const CHECKED_BYTES: usize = SLOT_BYTES - 4;

/// The content of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) database: DatabaseId,
    pub(crate) generation: u64,
    pub(crate) epoch: u64,
    pub(crate) end: Address,
    pub(crate) frame_hash: Digest,
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) catalogue: CatalogueState,
    pub(crate) segment_bytes: u32,
}

/// Returns the id of the database in a directory, from its HEAD.
///
/// Errors: `corrupt` when neither slot of HEAD is in order, `newer_format`, and those of the disk.
pub fn database_id(io: &Io, dir: &Path) -> Result<DatabaseId> {
    Ok(HeadFile::open(io, dir, Access::Read)?.current().database)
}

impl Head {
    /// Returns the head at a durable position; the generation follows when it is written.
    pub(crate) fn at(position: &LogPosition, database: DatabaseId, epoch: u64, segment_bytes: u32) -> Self {
        Self {
            database,
            generation: 0,
            epoch,
            end: position.end,
            frame_hash: position.frame_hash,
            size: position.size,
            root: position.root,
            catalogue: position.catalogue,
            segment_bytes,
        }
    }

    /// Tells whether this head and a position at the same end agree.
    pub(crate) fn agrees_with(&self, position: &LogPosition) -> bool {
        self.frame_hash == position.frame_hash
            && self.size == position.size
            && self.root == position.root
            && self.catalogue == position.catalogue
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(SLOT_STRIDE);
        writer.bytes(&MAGIC);
        writer.u32(VERSION);
        writer.u32(SLOT_BYTES_U32);
        writer.bytes(self.database.as_bytes());
        writer.u64(self.generation);
        writer.u64(self.epoch);
        writer.u64(self.end.get());
        writer.bytes(self.frame_hash.as_bytes());
        writer.u64(self.size);
        writer.bytes(self.root.as_bytes());
        writer.u64(self.catalogue.number);
        writer.bytes(self.catalogue.digest.as_bytes());
        writer.u32(self.segment_bytes);
        writer.bytes(&[0; 16]);
        let check = crc32c(writer.as_bytes());
        writer.u32(check);
        writer.pad_to(SLOT_STRIDE);
        writer.into_bytes()
    }

    /// Reads a slot. A slot with a valid check of another version is `newer_format`; anything else invalid is `corrupt`.
    pub(crate) fn decode(slot: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(slot, "HEAD slot");
        let checked = reader.take(CHECKED_BYTES)?;
        if reader.u32()? != crc32c(checked) {
            return Err(Error::corrupt("the check of a HEAD slot fails"));
        }
        let padding = reader.rest();
        let mut reader = Reader::new(checked, "HEAD slot");
        if reader.array::<8>()? != MAGIC {
            return Err(reader.corrupt("it does not begin with its magic"));
        }
        let version = reader.u32()?;
        if version != VERSION {
            return Err(Error::newer_format("HEAD", version, VERSION));
        }
        let length = reader.u32()?;
        let head = Self {
            database: DatabaseId::from_bytes(reader.array()?),
            generation: reader.u64()?,
            epoch: reader.u64()?,
            end: Address::new(reader.u64()?),
            frame_hash: Digest::from(reader.array::<32>()?),
            size: reader.u64()?,
            root: Digest::from(reader.array::<32>()?),
            catalogue: CatalogueState { number: reader.u64()?, digest: Digest::from(reader.array::<32>()?) },
            segment_bytes: reader.u32()?,
        };
        // The greatest generation would leave none for the next write.
        let is_sane = head.generation < u64::MAX
            && head.segment_bytes.is_power_of_two()
            && (crate::SEGMENT_BYTES_MIN..=crate::SEGMENT_BYTES_MAX).contains(&head.segment_bytes)
            && length as usize == SLOT_BYTES
            && head.generation > 0;
        if is_sane && is_zero(reader.rest()) && is_zero(padding) {
            return Ok(head);
        }
        Err(Error::corrupt("a HEAD slot holds impossible values"))
    }
}

/// The open file with the two slots.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: Arc<dyn File>,
    current: Head,
    is_slot_damaged: bool,
}

/// Why a head was not written.
#[derive(Debug)]
pub(crate) enum HeadFailure {
    /// The write failed; the old head stands.
    Write(io::Error),
    /// The sync failed; which head stands is not known.
    Sync(io::Error),
}

impl HeadFile {
    /// Creates the file with its first generation and makes its bytes durable.
    pub(crate) fn create(io: &Io, dir: &Path, head: Head) -> Result<Self> {
        let file = io.disk.create_new(&dir.join(HEAD_FILE))?;
        let current = Head { generation: 1, ..head };
        file.write_all_at(&vec![0; SLOT_STRIDE], 0)?;
        file.write_all_at(&current.encode(), SLOT_STRIDE as u64)?;
        file.sync_all()?;
        Ok(Self { file, current, is_slot_damaged: false })
    }

    /// Opens the file and finds the head in force.
    pub(crate) fn open(io: &Io, dir: &Path, access: Access) -> Result<Self> {
        let file = match io.disk.open(&dir.join(HEAD_FILE), access) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = format!("{} has no HEAD file", dir.display());
                return Err(Error::new(ErrorCode::NotADatabase, text).with_source(error));
            }
            Err(error) => return Err(Error::from(error).context("opening HEAD")),
        };
        let length = file.len_bytes()?;
        if length != 2 * SLOT_STRIDE as u64 {
            let text = format!("HEAD has {length} bytes, not {}", 2 * SLOT_STRIDE);
            return Err(Error::corrupt(text).at(Place::in_file(HEAD_FILE)));
        }
        let mut bytes = vec![0; 2 * SLOT_STRIDE];
        file.read_exact_at(&mut bytes, 0)?;
        let (even, odd) = bytes.split_at(SLOT_STRIDE);
        let (current, is_slot_damaged) = choose(even, odd)?;
        Ok(Self { file, current, is_slot_damaged })
    }

    /// Returns the head in force.
    pub(crate) const fn current(&self) -> &Head {
        &self.current
    }

    /// Tells whether the other slot was not the generation before.
    pub(crate) const fn is_slot_damaged(&self) -> bool {
        self.is_slot_damaged
    }

    /// Writes the next generation and makes it durable.
    ///
    /// A generation whose write failed is written to the same slot again, so that the good slot is never touched.
    pub(crate) fn write(&mut self, head: Head) -> Result<(), HeadFailure> {
        let next = Head { generation: self.current.generation + 1, ..head };
        let slot = next.generation % 2;
        self.file.write_all_at(&next.encode(), slot * SLOT_STRIDE as u64).map_err(HeadFailure::Write)?;
        self.file.sync_data().map_err(HeadFailure::Sync)?;
        self.current = next;
        Ok(())
    }
}

/// Chooses the slot with the greater generation; the second value tells whether the other one is damaged.
fn choose(even: &[u8], odd: &[u8]) -> Result<(Head, bool)> {
    let read = |slot: &[u8], parity: u64| match Head::decode(slot) {
        Ok(head) if head.generation % 2 != parity => {
            Err(Error::corrupt("a HEAD slot holds the other slot's generation"))
        }
        other => other,
    };
    match (read(even, 0), read(odd, 1)) {
        (Ok(even), Ok(odd)) => {
            if even.database != odd.database {
                let text = format!("the slots of HEAD name two databases, {} and {}", even.database, odd.database);
                return Err(Error::new(ErrorCode::WrongDatabase, text).at(Place::in_file(HEAD_FILE)));
            }
            let head = if even.generation > odd.generation { even } else { odd };
            Ok((head, even.generation.abs_diff(odd.generation) != 1))
        }
        (Err(error), Ok(odd)) => {
            let is_unwritten = odd.generation == 1 && is_zero(even);
            known_version(&error)?;
            Ok((odd, !is_unwritten))
        }
        (Ok(even), Err(error)) => {
            known_version(&error)?;
            Ok((even, true))
        }
        (Err(even), Err(odd)) => {
            // In a new database one slot was never written: what the other one says counts.
            let error = known_version(&even).and_then(|()| known_version(&odd)).err().unwrap_or(even);
            Err(error.at(Place::in_file(HEAD_FILE)))
        }
    }
}

/// A valid slot of a newer version means that a newer program wrote this database: its log must not be judged here.
fn known_version(error: &Error) -> Result<()> {
    if error.code() == ErrorCode::NewerFormat { Err(error.clone()) } else { Ok(()) }
}
