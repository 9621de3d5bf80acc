//! The promises of the engine, tested through its public API.
//!
//! | module | what it proves |
//! |---|---|
//! | `script` | golden scripts of `tests/engine/`: every call and every refusal, byte for byte |
//! | `oracle` | random operations against a model that was written separately, at every moment of the history |
//! | `query_oracle` | random queries over random databases against a naive evaluator, on every path, at every moment |
//! | `query` | bounds and cancellation of queries, indexes that make themselves |
//! | `concurrency` | many writers and readers on a real disk |
//! | `costs` | what work costs, in reads of the disk |
//! | `kill` | acknowledged writes survive `kill -9` |
//! | `indexes` | what an index shows, at every moment, whatever happened |
//! | `opening` | which directories are opened, which are refused with which code, and what the report tells |
//! | `durability` | what each durability mode promises about power cuts, failed syncs and full disks |
//!
//! Crash models of the log alone are in `nedb-log` and `nedb-sim`.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test that panics has found something, and a test that counts says how far it got"
)]

mod concurrency;
mod costs;
mod durability;
mod indexes;
mod kill;
mod opening;
mod oracle;
mod query;
mod query_oracle;
mod script;
mod support;
