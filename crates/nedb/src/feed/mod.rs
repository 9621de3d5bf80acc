//! The history as a sequence: entries since a seq, a feed that goes on, and the difference of two moments.
//!
//! Everything here reads the log, so nothing expires and nothing is lost across restarts. Feeds stop at the durable end: what
//! a power cut could still take is not told.

mod change_feed;
mod diff;
mod entry;

pub use change_feed::ChangeFeed;
pub use diff::{Change, Diff};
pub use entry::{Entries, Entry, EntryKind};
