//! Small models, walked through without leaving anything out.
//!
//! Where the simulation draws lots, these try every order of a few steps: the rules of commit and recovery in the
//! abstract, and the real index and the real log at the smallest size at which their rules can go wrong.

mod commit;
mod copied_bytes;
mod index_merge;
mod recovery;
mod same_id;

use crate::violation::Verdict;

/// Runs every model; each says what it reached.
pub fn all() -> Vec<(&'static str, Verdict<String>)> {
    vec![
        ("commit and recovery, every order of writes, syncs, failures, kills and cuts", commit::explore()),
        ("commit and recovery, each rule left out is missed", commit::explore_without_each_rule()),
        ("every order of a reader's steps and of freeze and install", index_merge::explore()),
        ("torn tails of payloads that hold copies of the log", copied_bytes::explore()),
        ("two databases with one id", same_id::explore()),
    ]
}
