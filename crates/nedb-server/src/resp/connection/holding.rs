//! What a connection holds of the memory that requests, questions and answers share: calls that wait, and replies that nobody took yet.
//!
//! Promises: nobody holds that memory for ever: who takes counted replies too slowly is cut off, and sooner who takes those that are not counted
//! because others hold all there is. A reply is never replaced by a refusal, since its call is done.

use std::io;
use std::time::Duration;

use nedb::{MemoryShare, Result};
use nedb_compat::redis::Reply;
use nedb_wire::resp::Writer;

use super::{Connection, Heard};
use crate::resp::reply;
use crate::resp::transfer::{UNSENT_BYTES_MAX, send, send_within};
use crate::tls::Stream;

/// So many bytes of replies are not counted: what most pipelines have.
const FREE_REPLY_BYTES: usize = 64 << 10;

/// How slowly replies that are counted may be taken, on average and behind the first [`GRACE`].
const BYTES_PER_SECOND_MIN: u64 = 64 << 10;

/// How fast those have to be taken for which others left no memory.
const PRESSED_BYTES_PER_SECOND_MIN: u64 = 1 << 20;

/// How long any may take.
const GRACE: Duration = Duration::from_mins(1);

/// How long those may take for which others left no memory.
const PRESSED_GRACE: Duration = Duration::from_secs(3);

/// The share of a connection.
#[derive(Debug)]
pub(super) struct Holding {
    share: MemoryShare,
    calls_bytes: usize,
    replies_bytes: usize,
    /// Whether there are replies for which others left no memory.
    is_pressed: bool,
}

impl Holding {
    pub(super) fn new(share: MemoryShare) -> Self {
        Self { share, calls_bytes: 0, replies_bytes: FREE_REPLY_BYTES, is_pressed: false }
    }

    /// Counts the bytes of calls that wait.
    ///
    /// Errors: `busy` when others leave no memory for them.
    pub(super) fn count_calls(&mut self, bytes: usize) -> Result<()> {
        self.calls_bytes = bytes;
        self.share.set(bytes)
    }

    /// Counts what replies take that were written and not sent.
    ///
    /// Errors: `busy` when others leave no memory for them; they go out at once, then.
    pub(super) fn count_replies(&mut self, out: &Vec<u8>) -> Result<()> {
        if out.capacity() <= self.replies_bytes || self.is_pressed {
            return Ok(());
        }
        let counted = self.share.set(self.calls_bytes + out.capacity());
        match counted {
            Ok(()) => self.replies_bytes = out.capacity(),
            Err(_) => self.is_pressed = true,
        }
        counted
    }

    /// Sends what was written.
    pub(super) async fn send(&mut self, stream: &mut Stream, out: &mut Vec<u8>) -> io::Result<()> {
        let sent = if out.len() <= FREE_REPLY_BYTES {
            send(stream, out).await
        } else {
            let (grace, rate) = if self.is_pressed {
                (PRESSED_GRACE, PRESSED_BYTES_PER_SECOND_MIN)
            } else {
                (GRACE, BYTES_PER_SECOND_MIN)
            };
            send_within(stream, out, grace + Duration::from_secs(out.len() as u64 / rate)).await
        };
        // Some of it may have gone, so that the rest means nothing any more.
        sent.inspect_err(|_| out.clear())?;
        // What is kept of the buffer is what is not counted.
        (self.is_pressed, self.replies_bytes) = (false, FREE_REPLY_BYTES);
        // It holds these already, so that this cannot fail.
        self.share.set(self.calls_bytes).map_err(io::Error::other)
    }

    /// Sends what was written once it is much, or more than there is memory for, so that no more is made than the client takes.
    pub(super) async fn send_much(&mut self, stream: &mut Stream, out: &mut Vec<u8>) -> io::Result<()> {
        if out.len() <= UNSENT_BYTES_MAX && !self.is_pressed { Ok(()) } else { self.send(stream, out).await }
    }
}

impl Connection {
    pub(in crate::resp) fn write(&mut self, out: &mut Vec<u8>, reply: &Reply) {
        match self.heard {
            Heard::All => self.write_heard(out, reply),
            Heard::AllButNext => self.heard = Heard::All,
            Heard::Nothing => {}
        }
    }

    fn write_heard(&mut self, out: &mut Vec<u8>, reply: &Reply) {
        reply::write(&mut Writer::new(out, self.version), reply);
        if let Err(error) = self.holding.count_replies(out) {
            self.shared.note_memory(&error);
        }
    }
}
