//! What the targets share: one small database, written once a run, and the checks of its files; and calls made of bytes.
//!
//! Promises: the database is the same in every run, so that an input that failed fails again; nothing touches the disk of the
//! machine. What is done with mutated files, and what must hold then, stands in the targets.

pub mod answers;
pub mod mongo_calls;
pub mod planted;
pub mod seal;
pub mod visit;
