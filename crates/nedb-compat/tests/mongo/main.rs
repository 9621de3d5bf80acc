//! What the Mongo face promises, proved by scripts and by calls.

#![cfg(feature = "mongo")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has found something"
)]

mod bounds;
mod scripts;
mod writers;
