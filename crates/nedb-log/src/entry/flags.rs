//! The flags of an entry body: which optional fields follow.

/// The last operation of its transaction.
pub(super) const LAST: u16 = 0x0001;
/// An idempotency digest follows.
pub(super) const IDEMPOTENCY: u16 = 0x0002;
/// Causes follow.
pub(super) const CAUSES: u16 = 0x0004;
/// A confidence follows.
pub(super) const CONFIDENCE: u16 = 0x0008;
/// The start of the valid time follows.
pub(super) const VALID_FROM: u16 = 0x0010;
/// The end of the valid time follows.
pub(super) const VALID_TO: u16 = 0x0020;
/// An expiry follows.
pub(super) const EXPIRY: u16 = 0x0040;
/// The seq of the previous version follows.
pub(super) const PREVIOUS: u16 = 0x0080;
/// A target seq follows.
pub(super) const TARGET: u16 = 0x0100;
/// A commitment follows.
pub(super) const COMMITMENT: u16 = 0x0200;
/// The state of the catalogue follows.
pub(super) const CATALOGUE: u16 = 0x0400;
/// Every flag of this version.
pub(super) const KNOWN: u16 = 0x07ff;
/// The flags of fields that are eight bytes long and lie side by side, in the order of the flags.
pub(super) const WORDS: u16 = CONFIDENCE | VALID_FROM | VALID_TO | EXPIRY | PREVIOUS | TARGET;
