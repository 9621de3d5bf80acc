//! State derived from the log that is small enough to hold in memory and too useful not to.
//!
//! Each kind is rebuilt from the log by the same code that maintains it, and is saved in checkpoints.

mod collections;
mod seqs;
mod tree;

pub(crate) use collections::CollectionCounts;
pub(crate) use seqs::{SAMPLE_EVERY, SeqSamples};
pub(crate) use tree::{STORED_LEVEL_MIN, TreeNodes};
