//! A socket on which a daemon tells what becomes of the rows of a query.
//!
//! Promises: a server that says nothing, and does not answer a ping either, is given up; what the network did is told apart from what the
//! daemon said.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, Result};
use tungstenite::{Bytes, Message, WebSocket};

use crate::socket::{Broken, End, Open, Target, Wire};

/// The shortest time for which a socket can be told to wait.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// What a look at the socket gave.
pub(super) enum Heard {
    Text(String),
    Nothing,
    /// It broke off, which another connection may mend.
    Broke(Error),
}

/// A socket that is open.
pub(super) struct Connection {
    socket: WebSocket<End>,
    wire: Arc<Wire>,
    /// Looks in a row that heard nothing, as time.
    silence: Duration,
    is_pinged: bool,
}

impl Connection {
    /// Opens a socket and asks.
    pub(super) fn open(target: &Target, asked: &str) -> std::result::Result<Self, Broken> {
        let Open { mut socket, wire } = target.open()?;
        socket.send(Message::text(asked)).map_err(|error| target.broken(error))?;
        Ok(Self { socket, wire, silence: Duration::ZERO, is_pinged: false })
    }

    /// Waits for a message for at most this time, and for less where a ping is to be sent.
    pub(super) fn hear(&mut self, target: &Target, wait: Duration) -> Result<Heard> {
        let silence_max = target.silence_max();
        let wait = wait.min(silence_max / 2).max(WAIT_MIN);
        self.wire.wait_at_most(wait)?;
        match self.socket.read() {
            Ok(message) => {
                (self.silence, self.is_pinged) = (Duration::ZERO, false);
                match message {
                    Message::Text(text) => Ok(Heard::Text(text.as_str().to_owned())),
                    Message::Close(frame) => {
                        let why = frame.map_or_else(String::new, |frame| format!("{} {}", frame.code, frame.reason));
                        Ok(broke(target, format!("it closed the connection: {why}")))
                    }
                    _ => Ok(Heard::Nothing),
                }
            }
            Err(tungstenite::Error::Io(error)) if is_timeout(&error) => {
                self.silence += wait;
                if self.silence >= silence_max {
                    return Ok(broke(target, "it is silent"));
                }
                if self.silence >= silence_max / 2 && !std::mem::replace(&mut self.is_pinged, true) {
                    let pinged = self.socket.send(Message::Ping(Bytes::new()));
                    return Ok(pinged.map_or_else(|error| broke(target, error), |()| Heard::Nothing));
                }
                Ok(Heard::Nothing)
            }
            Err(error) => Ok(broke(target, error)),
        }
    }
}

fn broke(target: &Target, what: impl std::fmt::Display) -> Heard {
    Heard::Broke(target.broken(what).error)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
