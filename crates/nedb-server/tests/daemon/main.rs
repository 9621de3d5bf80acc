//! Tests of the daemon over its sockets: golden scripts, the corpus of Redis commands, rights, crashes, hostile bytes. One program, so
//! that it is linked once.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test that panics has found something, and clients of a daemon have real threads and files"
)]

mod all_events;
mod audit;
#[path = "../../../nedb/tests/engine/support/budget.rs"]
#[allow(dead_code, reason = "shared with the tests of the engine, which use more of it")]
mod budget;
mod channels;
mod client;
mod clients;
mod commands;
mod conversations;
#[path = "../../../nedb/tests/engine/script/corpus.rs"]
mod corpus;
mod crash;
mod daemon;
mod directory;
mod encoding;
mod events;
#[path = "../../../nedb/tests/engine/support/files.rs"]
mod files;
mod full_disk;
mod health;
mod hostile;
mod http_scripts;
mod live;
mod load;
mod lua;
mod metrics;
mod notices;
mod nql_scripts;
mod packaging;
mod redis_scripts;
mod rights;
#[path = "../../../nedb-compat/tests/redis/show.rs"]
mod show;
mod slow;
mod small_machine;
mod stream;
#[path = "../../../nedb/tests/engine/script/syntax.rs"]
#[allow(dead_code, reason = "shared with the tests of the engine, which use more of it")]
mod syntax;
#[path = "../../../nedb/tests/engine/support/temp_dir.rs"]
mod temp_dir;
mod tiles;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
mod tracking;
mod trouble;
mod waiting;
#[path = "../../../nedb-compat/tests/redis/words.rs"]
mod words;
mod wrong_tokens;
