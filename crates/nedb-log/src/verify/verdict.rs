//! What a verification found.

use crate::CatalogueState;
use nedb_types::{Digest, Error, ErrorCode, Place, Seq};

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many segments were read.
    pub segments_done: u64,
    /// How many there are.
    pub segments: u64,
}

/// Says in what way a log is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// Checks fail: bytes were lost or changed by accident.
    Corrupt,
    /// Checks pass, but a hash, a root, a commitment or a chain is wrong: the log was made wrong or altered.
    Inconsistent,
    /// The log ends before HEAD, or has another history.
    Rollback,
    /// The tree did not have the expected root at the expected size.
    Unexpected,
}

/// Names the first damage that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// In what way.
    pub kind: DamageKind,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Damage {
    pub(super) fn new(kind: DamageKind, message: impl Into<String>, place: Place) -> Self {
        Self { kind, message: message.into(), place }
    }

    pub(super) fn from_error(error: &Error) -> Self {
        let kind = if error.code() == ErrorCode::Rollback { DamageKind::Rollback } else { DamageKind::Corrupt };
        Self::new(kind, error.message(), error.place().cloned().unwrap_or_default())
    }

    /// Returns the operation concerned, where it is known.
    pub fn seq(&self) -> Option<Seq> {
        self.place.seq.map(Seq::new)
    }
}

/// Says what a log holds and whether all of it is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogVerdict {
    /// How many frames were checked.
    pub frames: u64,
    /// How many payloads were checked against their commitments.
    pub payloads: u64,
    /// How many operations the sound part of the log has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// The state of the catalogue.
    pub catalogue: CatalogueState,
    /// How many catalogue records no entry has repeated yet, so that the tree does not commit to them.
    pub unsealed_catalogue: u64,
    /// How many bytes lie behind the end, of a frame that was never completed.
    pub torn_bytes: u64,
    /// Whether one of the two slots of HEAD is not in order.
    pub head_slot_damaged: bool,
    /// The first damage.
    pub damage: Option<Damage>,
}

impl LogVerdict {
    pub(super) fn damaged(damage: Damage) -> Self {
        Self {
            frames: 0,
            payloads: 0,
            size: 0,
            root: nedb_crypto::sha256(&[]),
            catalogue: CatalogueState::EMPTY,
            unsealed_catalogue: 0,
            torn_bytes: 0,
            head_slot_damaged: false,
            damage: Some(damage),
        }
    }

    /// Tells whether everything is in order.
    pub fn is_sound(&self) -> bool {
        self.damage.is_none()
    }
}
