//! Catalogue records: changes of definitions, logged in frame headers outside the numbering of operations.
//!
//! Each carries a digest over itself and all before it; the next entry repeats number and digest, so that the tree
//! commits to the catalogue as well. The bodies of index definitions are in `index`; what a kind means is left to the
//! engine.

mod index;

pub use self::index::{IndexBody, IndexBodyKind};

use nedb_crypto::{Domain, sha256};
use nedb_types::codec::{Reader, Writer};
use nedb_types::{Digest, Error, ErrorCode, Result, Seq};

/// The bytes of a record without its body: length, number, seq, kind, digest.
const FIXED_BYTES: usize = 4 + 8 + 8 + 2 + 32;

/// The kind of a record that names the key which signs the database's checkpoints.
pub const CATALOGUE_SIGNER: u16 = 1;

/// The kind of a record that defines an index; its body is an [`IndexBody`].
pub const CATALOGUE_INDEX_CREATED: u16 = 2;

/// The kind of a record that drops an index; its body is the number of the record that defined it, as a u64.
pub const CATALOGUE_INDEX_DROPPED: u16 = 3;

/// Names a state of the catalogue: how many records there are, and the digest over all of them.
///
/// # Examples
///
/// ```
/// use nedb_log::{CATALOGUE_SIGNER, CatalogueState};
/// use nedb_types::Seq;
///
/// let record = CatalogueState::EMPTY.record(Seq::new(0), CATALOGUE_SIGNER, b"example.org/db+...".to_vec());
/// assert_eq!(record.number, 1);
/// assert_eq!(CatalogueState::EMPTY.after(&record)?.digest, record.digest);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CatalogueState {
    /// The number of records.
    pub number: u64,
    /// The cumulative digest; zero when there are none.
    pub digest: Digest,
}

impl CatalogueState {
    /// Is the state before the first record.
    pub const EMPTY: Self = Self { number: 0, digest: Digest::ZERO };

    /// Makes the record that follows this state; `at` is the first seq that it applies to.
    pub fn record(&self, at: Seq, kind: u16, body: Vec<u8>) -> CatalogueRecord {
        let number = self.number.saturating_add(1);
        let digest = digest_of(&self.digest, number, at, kind, &body);
        CatalogueRecord { number, at_seq: at, kind, body, digest }
    }

    /// Returns the state after a record, or an error when the record does not follow this state.
    pub fn after(&self, record: &CatalogueRecord) -> Result<Self> {
        let expected = digest_of(&self.digest, record.number, record.at_seq, record.kind, &record.body);
        if self.number.checked_add(1) == Some(record.number) && expected == record.digest {
            return Ok(Self { number: record.number, digest: record.digest });
        }
        let text = format!("catalogue record {} does not follow record {}", record.number, self.number);
        Err(Error::corrupt(text))
    }
}

/// Holds one change of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRecord {
    /// The record's number, from 1.
    pub number: u64,
    /// The first seq that it applies to.
    pub at_seq: Seq,
    /// What the body is, for example [`CATALOGUE_SIGNER`].
    pub kind: u16,
    /// The definition.
    pub body: Vec<u8>,
    /// The digest over this record and all before it.
    pub digest: Digest,
}

impl CatalogueRecord {
    /// Returns the length of the encoded record.
    pub fn encoded_len(&self) -> usize {
        FIXED_BYTES + self.body.len()
    }

    /// Encodes the record.
    pub fn encode(&self, writer: &mut Writer) -> Result<()> {
        let Ok(length) = u32::try_from(self.encoded_len()) else {
            return Err(Error::new(ErrorCode::BatchTooLarge, "a catalogue record exceeds 4 GiB"));
        };
        writer.u32(length);
        writer.u64(self.number);
        writer.u64(self.at_seq.get());
        writer.u16(self.kind);
        writer.bytes(&self.body);
        writer.bytes(self.digest.as_bytes());
        Ok(())
    }

    /// Decodes the next record.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let length = reader.u32()? as usize;
        let Some(body_bytes) = length.checked_sub(FIXED_BYTES) else {
            return Err(reader.corrupt(format_args!("a catalogue record has {length} bytes")));
        };
        Ok(Self {
            number: reader.u64()?,
            at_seq: Seq::new(reader.u64()?),
            kind: reader.u16()?,
            body: reader.take(body_bytes)?.to_vec(),
            digest: Digest::from(reader.array::<32>()?),
        })
    }
}

fn digest_of(previous: &Digest, number: u64, at: Seq, kind: u16, body: &[u8]) -> Digest {
    let (number, at, kind) = (number.to_le_bytes(), at.get().to_le_bytes(), kind.to_le_bytes());
    sha256(&[Domain::Catalogue.tag(), previous.as_bytes(), &number, &at, &kind, body])
}
