//! The stored form of documents: one object as bytes, whose fields can be read one by one.
//!
//! Every value has exactly one encoding, so equal documents are equal bytes; a reader refuses every other form.
//! Integers are little-endian. A value is a tag byte and a body:
//!
//! ```text
//! 00 null   01 false   02 true
//! 10 i8   11 i16   12 i32   13 i64            the shortest that holds the integer
//! 14 integer beyond i64                       sign u8 (1 = negative), length u32, magnitude without leading zeros
//! 18 f64                                      8 bytes, finite; -0.0 is kept
//! 19 decimal                                  scale i32, then sign, length, magnitude as for 14; zero has no magnitude
//! 20 21 22 string                             length of 1, 2, 4 bytes, UTF-8
//! 28 29 2A binary                             length of 1, 2, 4 bytes, bytes
//! 30 datetime   31 uuid   32 object id        microseconds i64; 16 bytes; 12 bytes
//! 40 41 42 array                              numbers of w = 1, 2, 4 bytes:
//! 48 49 4A object                               length w    of all that follows it
//!                                               count  w
//!                                               ends   w each: where each item ends, counted from the first item
//!                                               items       array: value; object: key length (varint), key, value
//! ```
//!
//! w is the least width that holds the length. The end of the last item is the end of the value. An object keeps its fields
//! in insertion order; a key occurs once. The root is an object; arrays and objects nest at most
//! [`NESTING_MAX`](crate::limits::NESTING_MAX) deep.

mod builder;
mod container;
mod edit;
mod encode;
mod keys;
mod scalars;
mod stored;
mod tag;
mod validate;
mod value_ref;
mod width;

pub use crate::json::{document_to_json, json_to_document, json_to_document_with, json_to_value, value_to_json};
pub use builder::DocumentBuilder;
pub use container::{ArrayRef, ObjectRef};
pub use encode::{decode_message, encode, encode_message, encode_value};
pub use stored::{DocumentBuf, DocumentRef};
pub use value_ref::ValueRef;
pub(crate) use value_ref::check_level;
