//! A connection on which a daemon sends events.
//!
//! Promises: a server that says nothing for longer than it may is given up; what the network did is told apart from what the daemon said.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, Result};

use super::answer::Answer;
use super::closing::FeedCloser;
use super::frames::{Frame, Frames, Sent};
use crate::socket::{Broken, End, Target, Wire, refused};

/// The shortest time for which a connection can be told to wait.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// A daemon says something every ten seconds; after so many without a word the connection is dead.
const SILENCE: Duration = Duration::from_secs(30);

/// How much is read at once.
const PIECE_BYTES: usize = 32 << 10;

/// How much of a refusal is read.
const REFUSAL_BYTES_MAX: usize = 1 << 20;

/// What a look at the connection gave.
pub(super) enum Heard {
    Frame(Frame),
    /// It lives, and nothing happened.
    Alive,
    /// A part of something.
    Something,
    Nothing,
    /// It broke off, which another connection may mend.
    Broke(Error),
}

/// A connection on which events come.
pub(super) struct Connection {
    wire: Arc<Wire>,
    answer: Answer,
    frames: Frames,
    piece: Vec<u8>,
    /// Looks in a row that heard nothing, as time.
    silence: Duration,
}

impl Connection {
    /// Opens a connection and asks for what comes behind an id.
    pub(super) fn open(
        target: &Target,
        last_id: Option<&str>,
        closer: &FeedCloser,
    ) -> std::result::Result<Self, Broken> {
        let wire = target.dial()?;
        closer.holds(&wire);
        let head = target.head(&[("accept", Some("text/event-stream")), ("last-event-id", last_id)])?;
        End(Arc::clone(&wire)).write_all(head.as_bytes()).map_err(|error| target.broken(error))?;
        let (answer, frames) = (Answer::new(), Frames::default());
        let mut connection = Self { wire, answer, frames, piece: vec![0; PIECE_BYTES], silence: Duration::ZERO };
        let status = loop {
            if let Some(status) = connection.answer.status() {
                break status;
            }
            connection.read_piece(target)?;
        };
        if (200..300).contains(&status) {
            return Ok(connection);
        }
        while !connection.answer.is_over() && connection.frames.bytes.len() < REFUSAL_BYTES_MAX {
            // One without a length ends with the connection.
            if connection.read_piece(target).is_err() {
                break;
            }
        }
        Err(refused(status, &String::from_utf8_lossy(&connection.frames.bytes)))
    }

    fn read_piece(&mut self, target: &Target) -> std::result::Result<(), Broken> {
        match self.read() {
            Ok(0) => Err(target.broken("it closed the connection")),
            Ok(count) => self.take(count).map_err(|error| Broken { error, is_hopeless: true }),
            Err(error) if is_timeout(&error) => Err(target.broken("it is silent")),
            Err(error) => Err(target.broken(error)),
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        End(Arc::clone(&self.wire)).read(&mut self.piece)
    }

    fn take(&mut self, count: usize) -> Result<()> {
        self.answer.take(self.piece.get(..count).unwrap_or_default(), &mut self.frames.bytes)
    }

    /// Waits for something for at most this time.
    pub(super) fn hear(&mut self, target: &Target, wait: Duration) -> Result<Heard> {
        let silence_max = target.silence_max().max(SILENCE);
        let wait = wait.min(silence_max).max(WAIT_MIN);
        match self.frames.next()? {
            Some(Sent::Frame(frame)) => return Ok(Heard::Frame(frame)),
            Some(Sent::Comment) => return Ok(Heard::Alive),
            None if self.answer.is_over() => return Ok(broke(target, "it ended the feed")),
            None => {}
        }
        match self.wire.wait_at_most(wait).and_then(|()| self.read()) {
            Ok(0) => Ok(broke(target, "it closed the connection")),
            Ok(count) => {
                self.silence = Duration::ZERO;
                self.take(count)?;
                Ok(Heard::Something)
            }
            Err(error) if is_timeout(&error) => {
                self.silence += wait;
                Ok(if self.silence >= silence_max { broke(target, "it is silent") } else { Heard::Nothing })
            }
            Err(error) => Ok(broke(target, error)),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Who may close the feed holds it as well.
        self.wire.shut();
    }
}

fn broke(target: &Target, what: impl std::fmt::Display) -> Heard {
    Heard::Broke(target.broken(what).error)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
