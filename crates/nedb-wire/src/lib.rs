//! Protocols as bytes in and bytes out: nothing here opens a socket, waits, or knows what a command means.
//!
//! | protocol | module |
//! |---|---|
//! | the Redis protocol, versions 2 and 3 | [`resp`] |
//! | the stream of writes, many in flight on one WebSocket | [`stream`] |
//!
//! Promises: memory is taken for bytes that came, never for a length that was only declared; each limit has a name; no input makes
//! a codec panic. Leaves to others: sockets, sessions, the meaning of words.

pub mod resp;
pub mod stream;
