//! Finding the end of the log after anything may have happened.
//!
//! ```text
//!            durable mark        B
//!   |  frame  |  frame  |  frame  |  torn or zero ...
//!                       '-- written again --'-- zeroed --'
//! ```
//!
//! The end is found by checks, never by trust: the first frame that is not whole ends the log at B. If anything shows
//! that the log was durable beyond B (HEAD, or the watermark of a later frame), the log is damaged and refused;
//! otherwise what lies behind B is a torn tail that nobody was promised. A writer then writes every frame above the
//! durable mark again and zeroes the rest, because what the page cache shows need not be on the disk.

mod evidence;
mod find_end;
mod rewrite;
mod walk;

pub(crate) use evidence::look_behind;
pub(crate) use find_end::{End, FrameVisitor, Start, find_end};
pub(crate) use rewrite::rewrite_tail;
pub(crate) use walk::{Step, Walk};

use crate::Address;

/// Reports what opening a log found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whether one of the two slots of HEAD was not in order; the other one was used.
    pub head_slot_damaged: bool,
    /// How many frames were read.
    pub replayed_frames: u64,
    /// How many operations they hold.
    pub replayed_entries: u64,
    /// Where the torn tail began and how many bytes it had, if there was one.
    pub cut_bytes: Option<(Address, u64)>,
    /// How many bytes of frames were written again because they were not known durable.
    pub rewritten_bytes: u64,
    /// Where reading began.
    pub start: Address,
    /// Where the log ends.
    pub end: Address,
    /// The number of this opening for writing; of the last one when opened for reading.
    pub epoch: u64,
    /// How long it took in microseconds.
    pub duration_us: u64,
}
