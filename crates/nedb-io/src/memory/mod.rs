//! A disk in memory, with the same rules as the real one and a limit on what it holds.
//!
//! Nothing outlives it and syncs do nothing. Where the bytes lie is `content`, what they may cost is `budget`, which
//! names exist is `tree`.

mod budget;
mod content;
mod disk;
mod file;
mod tree;

pub use disk::MemoryDisk;
