//! The header of a segment file.
//!
//! Promises: a header of a newer version, with an unknown feature, or of another database is refused by name.

use crate::Address;
use crate::check::Seed;
use crate::layout::{SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES_U32, is_zero};
use crc32c::crc32c;
use nedb_types::codec::{Reader, Writer};
use nedb_types::{DatabaseId, Error, ErrorCode, Result};

const MAGIC: [u8; 8] = *b"NEDBSEGM";
const VERSION: u32 = 1;
const CHECKED_BYTES: usize = SEGMENT_HEADER_BYTES - 4;
const SHA_256: u8 = 1;
const CRC_32C: u8 = 1;
const NONE: u8 = 0;

/// Describes a segment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) database: DatabaseId,
    pub(crate) lineage: DatabaseId,
    pub(crate) first: Address,
    pub(crate) segment_bytes: u32,
    pub(crate) salt: [u8; 32],
    pub(crate) created_us: i64,
}

impl SegmentHeader {
    /// Returns the start value of the segment's checks.
    pub(crate) fn seed(&self) -> Seed {
        Seed::new(&self.salt, self.database)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(SEGMENT_HEADER_BYTES);
        writer.bytes(&MAGIC);
        writer.u32(VERSION);
        writer.u32(SEGMENT_HEADER_BYTES_U32);
        writer.u64(0);
        writer.u64(0);
        writer.bytes(self.database.as_bytes());
        writer.bytes(self.lineage.as_bytes());
        writer.u64(self.first.get());
        writer.u32(self.segment_bytes);
        writer.bytes(&[SHA_256, CRC_32C, NONE, NONE]);
        writer.bytes(&self.salt);
        writer.i64(self.created_us);
        writer.bytes(&vec![0; CHECKED_BYTES - writer.position()]);
        let check = crc32c(writer.as_bytes());
        writer.u32(check);
        writer.into_bytes()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "segment header");
        let checked = reader.take(CHECKED_BYTES)?;
        if reader.u32()? != crc32c(checked) {
            return Err(Error::corrupt("the check of the segment header fails"));
        }
        let mut reader = Reader::new(checked, "segment header");
        if reader.array::<8>()? != MAGIC {
            return Err(reader.corrupt("it does not begin with its magic"));
        }
        let (version, length) = (reader.u32()?, reader.u32()?);
        if version != VERSION {
            return Err(Error::newer_format("a segment", version, VERSION));
        }
        if length as usize != SEGMENT_HEADER_BYTES {
            return Err(reader.corrupt(format_args!("it says that it is {length} bytes long")));
        }
        let (_compatible, incompatible) = (reader.u64()?, reader.u64()?);
        let (database, lineage) = (reader.array()?, reader.array()?);
        let (first, segment_bytes) = (Address::new(reader.u64()?), reader.u32()?);
        let algorithms = reader.array::<4>()?;
        if incompatible != 0 || algorithms != [SHA_256, CRC_32C, NONE, NONE] {
            let text = format!("a segment needs features {incompatible:#x} and algorithms {algorithms:?}");
            return Err(Error::new(ErrorCode::UnknownFeature, text));
        }
        let (salt, created_us) = (reader.array()?, reader.i64()?);
        if !is_zero(reader.rest()) {
            return Err(reader.corrupt("its reserved bytes are not zero"));
        }
        let (database, lineage) = (DatabaseId::from_bytes(database), DatabaseId::from_bytes(lineage));
        Ok(Self { database, lineage, first, segment_bytes, salt, created_us })
    }
}
