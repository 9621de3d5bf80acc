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
#[path = "../../../nedb/tests/engine/query/clock.rs"]
mod clock;
mod ends;
#[path = "../../../nedb/tests/engine/support/files.rs"]
mod files;
mod scripts;
#[path = "../../../nedb/tests/engine/support/temp_dir.rs"]
mod temp_dir;
mod writers;
