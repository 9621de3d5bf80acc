//! The Redis serialization protocol: calls as clients send them, replies as servers do.
//!
//! ```text
//! *2\r\n $3\r\nGET\r\n $1\r\nk\r\n     a call of two words
//! GET k\r\n                            the same, inline: as a person types it
//! ```
//!
//! [`Calls`] takes bytes as they come and gives whole calls; [`Writer`] appends replies to a buffer, in version 2 or 3.

mod calls;
mod inline;
mod limits;
mod writer;

pub use calls::{Batch, Calls, ProtocolError};
pub use limits::Limits;
pub use writer::{Version, Writer};
