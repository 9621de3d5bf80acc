//! Fields that several routes take, said once.

use super::body::{Field, Kind, optional};

/// A moment of the history, in a parameter.
pub(super) const AS_OF: Field = optional("as_of", Kind::Text, "a seq, or an ISO 8601 time");
/// A moment of the history, in a body.
pub(super) const AS_OF_ANY: Field = Field { kind: Kind::Any, ..AS_OF };
/// Fields of every operation that writes.
pub(super) const CLIENT: Field = optional("client", Kind::Text, "who writes; local when nobody is named");
pub(super) const NONCE: Field =
    optional("nonce", Kind::Integer, "a number above the client's last one; refused otherwise");
pub(super) const IDEM: Field =
    optional("idem", Kind::Text, "a key that makes a repetition of the request give the first answer");
/// What an operation says about itself.
pub(super) const CAUSED_BY: Field = optional("caused_by", Kind::Any, "the seqs of the operations that caused this one");
pub(super) const EVIDENCE: Field = optional("evidence", Kind::Text, "what the write rests on");
pub(super) const CONFIDENCE: Field = optional("confidence", Kind::Number, "how certain the writer is, from 0.0 to 1.0");
