//! Fields that several routes take, said once.

use super::body::{Field, Kind, optional, required};

/// A moment of the history, in a parameter.
pub(super) const AS_OF: Field = optional("as_of", Kind::Text, "a seq, or an ISO 8601 time");
/// A moment of the history, in a body.
pub(super) const AS_OF_ANY: Field = Field { kind: Kind::Moment, ..AS_OF };
/// The document that an operation is about, and what it asks of it.
pub(super) const COLL: Field = required("coll", Kind::Word, "the collection");
pub(super) const ID: Field = required("id", Kind::Id, "the document's id: text, or a whole number, which is its text");
pub(super) const IF_SEQ: Field =
    optional("if_seq", Kind::Integer, "the seq that the document must have now; -1: it must not exist");
pub(super) const TTL_S: Field = optional("ttl_s", Kind::Number, "seconds until the document expires");
/// Fields of every operation that writes.
pub(super) const CLIENT: Field = optional("client", Kind::Text, "who writes; local when nobody is named");
pub(super) const NONCE: Field =
    optional("nonce", Kind::Count, "a number above the client's last one; refused otherwise");
pub(super) const IDEM: Field =
    optional("idem", Kind::Text, "a key that makes a repetition of the request give the first answer");
/// What an operation says about itself.
pub(super) const CAUSED_BY: Field = optional("caused_by", Kind::Any, "the seqs of the operations that caused this one");
pub(super) const EVIDENCE: Field = optional("evidence", Kind::Text, "what the write rests on");
pub(super) const CONFIDENCE: Field = optional("confidence", Kind::Number, "how certain the writer is, from 0.0 to 1.0");
