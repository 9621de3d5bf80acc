//! A position of the log: the end of a frame, with everything that the next frame must continue.

use crate::layout::SEGMENT_HEADER_BYTES;
use crate::{Address, CatalogueState};
use nedb_crypto::sha256;
use nedb_types::codec::{Reader, Writer};
use nedb_types::{Digest, Result};

/// Names the end of a frame and the state of the log there.
///
/// # Examples
///
/// ```
/// use nedb_log::LogPosition;
/// use nedb_types::codec::{Reader, Writer};
///
/// let start = LogPosition::start();
/// let mut writer = Writer::new();
/// start.encode(&mut writer);
/// assert_eq!(LogPosition::decode(&mut Reader::new(writer.as_bytes(), "position"))?, start);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// The end of the last frame; the first place for a frame when there is none.
    pub end: Address,
    /// Where the last frame begins; [`Address::ZERO`] when there is none.
    pub frame: Address,
    /// The hash of the last frame; zero when there is none.
    pub frame_hash: Digest,
    /// How many operations there are: the size of the tree.
    pub size: u64,
    /// The root of the tree.
    pub root: Digest,
    /// The commit time of the last frame in microseconds; `i64::MIN` when there is none.
    pub commit_time: i64,
    /// The state of the catalogue.
    pub catalogue: CatalogueState,
}

impl LogPosition {
    /// The length of an encoded position.
    pub const ENCODED_BYTES: usize = 8 + 8 + 32 + 8 + 32 + 8 + 8 + 32;

    /// Returns the position before the first frame.
    pub fn start() -> Self {
        Self {
            end: Address::new(SEGMENT_HEADER_BYTES as u64),
            frame: Address::ZERO,
            frame_hash: Digest::ZERO,
            size: 0,
            root: sha256(&[]),
            commit_time: i64::MIN,
            catalogue: CatalogueState::EMPTY,
        }
    }

    /// Tells whether no frame lies before this position.
    pub fn is_start(&self) -> bool {
        self.frame == Address::ZERO
    }

    /// Encodes the position, for checkpoints.
    pub fn encode(&self, writer: &mut Writer) {
        writer.u64(self.end.get());
        writer.u64(self.frame.get());
        writer.bytes(self.frame_hash.as_bytes());
        writer.u64(self.size);
        writer.bytes(self.root.as_bytes());
        writer.i64(self.commit_time);
        writer.u64(self.catalogue.number);
        writer.bytes(self.catalogue.digest.as_bytes());
    }

    /// Decodes a position.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            end: Address::new(reader.u64()?),
            frame: Address::new(reader.u64()?),
            frame_hash: Digest::from(reader.array::<32>()?),
            size: reader.u64()?,
            root: Digest::from(reader.array::<32>()?),
            commit_time: reader.i64()?,
            catalogue: CatalogueState { number: reader.u64()?, digest: Digest::from(reader.array::<32>()?) },
        })
    }

    /// Returns the watermark that says this position is durable: zero when there is no frame.
    pub(crate) fn watermark(&self) -> Address {
        if self.is_start() { Address::ZERO } else { self.end }
    }
}
