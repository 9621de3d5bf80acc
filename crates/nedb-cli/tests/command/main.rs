//! The command `nedb` as people and programs run it: real processes, real files, a real terminal.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test of a program works with real files and processes, and a failed assumption is a failed test"
)]

mod beside_sqlite;
mod completions;
mod demo;
mod every_verb;
mod formats;
mod imports;
mod interrupts;
mod live;
mod places;
mod processes;
mod recovery;
mod script;
mod scripts;
mod terminal;
