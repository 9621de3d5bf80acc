//! The values, names, limits, errors and stored document form that every part of NEDB shares.
//!
//! This is the lowest layer: it does no I/O, takes no lock, and depends on no other crate of the workspace.
//! Bytes and text from outside are checked here, at the edge; the types carry that check to everything above.

mod error;
mod json;
mod names;
mod value;

pub mod codec;
pub mod document;
pub mod hex;
pub mod key;
pub mod limits;
pub mod text;

pub use document::{DocumentBuf, DocumentRef, ValueRef};
pub use error::{
    Detail, Error, ErrorCode, ErrorKind, Place, PreconditionFailure, Result, UnknownErrorCode, error_table_markdown,
};
pub use names::{
    Client, Collection, DatabaseId, Digest, DocId, FieldPath, IdempotencyKey, NodeRef, PathStep, Relation, Seq,
    Timestamp,
};
pub use num_bigint::BigInt;
pub use value::{Decimal, Float, Object, Value, WideInteger};
