//! Tests of the client against real daemons in this process, and against servers and networks that misbehave.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that panics has found something, and a network that breaks has real threads"
)]

mod daemon;
mod errors;
mod faults;
mod feed;
mod history;
mod live;
mod network;
mod reads;
#[path = "../../../nedb/tests/engine/support/temp_dir.rs"]
mod temp_dir;
mod tls;
mod verified;
mod writer;
mod writes;
