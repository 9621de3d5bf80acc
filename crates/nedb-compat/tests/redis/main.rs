//! Tests of the Redis commands: golden scripts, a model, and many threads. One program, so that it is linked once.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that panics has found something, and a test that counts says how far it got"
)]

mod answers;
#[path = "../../../nedb/tests/engine/support/budget.rs"]
#[allow(dead_code, reason = "shared with the tests of the engine, which use more of it")]
mod budget;
#[path = "../../../nedb/tests/engine/script/corpus.rs"]
mod corpus;
#[path = "../../../nedb/tests/engine/support/dice.rs"]
mod dice;
mod documents;
mod dumps;
#[path = "../../../nedb/tests/engine/support/files.rs"]
mod files;
mod layout;
mod look_ups;
#[cfg(feature = "lua")]
mod lua;
#[cfg(feature = "lua")]
mod lua_patterns;
mod model;
mod races;
mod random;
mod rounds;
mod script;
mod show;
mod threads;
mod waiting;
mod words;
mod world;
