//! Other databases' languages as calls of the engine: what a daemon or a binding translates for, in process.
//!
//! Each face turns a call into operations and queries of the engine and its answers back; none keeps state of its own, opens a
//! socket or knows a format of the log. What a face does not support is refused by name.

#[cfg(feature = "mongo")]
pub mod mongo;
#[cfg(any(feature = "mongo", feature = "sql"))]
mod optimistic;
pub mod redis;
#[cfg(feature = "sql")]
pub mod sql;
