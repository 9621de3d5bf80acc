//! The stream of writes: many in flight on one connection, acknowledged by their ids.
//!
//! ```text
//! client                                        server
//!   <──────────────── greeting: what may be in flight
//!   request 1 ────────────────>
//!   request 2 ────────────────>                 both are committed together
//!   <──────────────── done 2, done 1            each as soon as it is durable
//! ```
//!
//! A message of the WebSocket is one frame. Numbers are varints as the stored form of documents has them (LEB128 in its shortest form),
//! objects are in that stored form, and reach to the end of the message:
//!
//! ```text
//! request    01  id varint  verb length varint  verb  fields object
//! greeting   81  00         terms object
//! done       82  id varint  answer object
//! failed     83  id varint  error object
//! ```
//!
//! Promises: what was read is written back byte for byte; each other form is an [`Ending`], never a panic. [`Window`] is counted by both sides
//! in the same way. Leaves to others: the bytes of WebSocket, what the verbs and fields mean.

mod ending;
mod frame;
mod window;

pub use ending::Ending;
pub use frame::{Credit, Draft, Reply, Request, Terms};
pub use window::Window;

/// The name under which a WebSocket asks for this protocol; another version has another name.
pub const SUBPROTOCOL: &str = "nedb.stream.v1";

/// How long the name of a verb is at most, in bytes.
pub const VERB_BYTES_MAX: usize = 32;
