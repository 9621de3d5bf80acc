//! What NQL promises, proved on text and values alone.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has found something"
)]

mod aggregates;
mod builder;
#[path = "../../../nedb/tests/engine/support/files.rs"]
mod files;
mod limits;
mod params;
mod prefixes;
mod random;
mod round_trip;
mod scripts;
mod semantics;
