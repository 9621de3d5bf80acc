//! The threads of a writer: one that sends and connects, and for each connection one that listens.
//!
//! Promises: what was not acknowledged on one connection is sent on the next, in order; attempts without any progress have an end. Leaves to
//! others: what is in flight (`state`), how a connection is made (`dial`, `socket`).

use std::sync::Arc;
use std::thread::Builder;

use nedb::{Error, ErrorCode, Result};
use nedb_io::Io;
use nedb_wire::stream::{Ending, Reply};
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Role, WebSocketContext};
use tungstenite::{Message, WebSocket};

use super::dial::{self, Dialled};
use super::state::{Next, State};
use crate::database::write::receipt;
use crate::failure;
use crate::fields::{Fields, strange};
use crate::retry;
use crate::socket::{self, Broken, End, Target, Wire};

/// Connects, and begins to carry.
pub(super) fn start(target: Target) -> Result<Arc<State>> {
    let dialled = dial(&target, 0, || true).map_err(|broken| broken.error)?;
    let state = State::new(dialled.credit, Arc::clone(&target.io().clock));
    let (target, carried) = (Arc::new(target), Arc::clone(&state));
    let carry = move || {
        let _defect = OnDefect { state: Arc::clone(&carried), tell: |state, error| state.end(Some(error)) };
        let carrier = Carrier { target, state: carried };
        let ended = carrier.carry(dialled);
        carrier.state.end(ended.err());
    };
    // It lives as long as the writer: a pool for tasks that end would be full of such threads.
    let started = Builder::new().name("nedb-writer".to_owned()).spawn(carry);
    started.map(|_detached| state).map_err(Error::from)
}

/// Connects, after so many attempts that failed, for as long as somebody needs it.
fn dial(target: &Target, mut attempt: u32, is_needed: impl Fn() -> bool) -> std::result::Result<Dialled, Broken> {
    loop {
        match dial::dial(target) {
            Err(broken) if !broken.is_hopeless && attempt < target.retries() && is_needed() => {
                pause(target.io(), attempt);
            }
            dialled => return dialled,
        }
        attempt += 1;
    }
}

fn pause(io: &Io, attempt: u32) {
    retry::wait(io, retry::pause_us(io, attempt, None));
}

struct Carrier {
    target: Arc<Target>,
    state: Arc<State>,
}

impl Carrier {
    /// Carries on one connection after the other, until nothing is left or nothing helps.
    fn carry(&self, mut dialled: Dialled) -> Result<()> {
        let mut attempt = 0;
        loop {
            self.state.begin(dialled.credit);
            let Some(broken) = self.serve(dialled)? else { return Ok(()) };
            let (is_idle, retries) = (self.state.is_idle(), self.target.retries());
            attempt = if is_idle || self.state.has_progress() { 0 } else { attempt + 1 };
            // Without anything in flight there is nothing that would be sent again.
            if broken.is_hopeless || !is_idle && (attempt > retries || retries == 0) {
                return Err(broken.error);
            }
            if !self.state.wait_for_need() {
                return Ok(());
            }
            if !is_idle {
                pause(self.target.io(), attempt);
            }
            let is_needed = || !self.state.needs_nothing();
            dialled = dial(&self.target, attempt, is_needed).map_err(|broken| broken.error)?;
        }
    }

    /// Carries on one connection; tells why it is of no use any more, or nothing when it was closed in order.
    fn serve(&self, dialled: Dialled) -> Result<Option<Broken>> {
        let Dialled { socket, wire, .. } = dialled;
        let listener = Listener { target: Arc::clone(&self.target), state: Arc::clone(&self.state) };
        let listening = Builder::new().name("nedb-writer-listens".to_owned()).spawn(move || listener.listen(socket))?;
        let broken = self.send_all(&wire);
        if broken.is_some() {
            wire.shut();
        } else {
            wire.shut_writing();
        }
        // One that panicked has told so.
        let _ended = listening.join();
        wire.shut();
        Ok(broken)
    }

    fn send_all(&self, wire: &Arc<Wire>) -> Option<Broken> {
        // Beside that of the listener, which answers pings: neither knows anything that the other one needs.
        let (mut frames, mut end) =
            (WebSocketContext::new(Role::Client, Some(socket::config())), End(Arc::clone(wire)));
        let clock = &self.target.io().clock;
        loop {
            let sent = match self.state.next(|| clock.monotonic_us()) {
                Next::Send(messages) => {
                    let mut write = |message| frames.write(&mut end, Message::Binary(message));
                    messages.into_iter().try_for_each(&mut write).and_then(|()| frames.flush(&mut end))
                }
                Next::Close => {
                    let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                    // Nothing is left that could be lost.
                    let _closed = frames.close(&mut end, Some(normal));
                    return None;
                }
                Next::GiveUp(broken) => return Some(broken),
            };
            if let Err(error) = sent {
                self.state.break_off(self.target.broken(error));
            }
        }
    }
}

struct Listener {
    target: Arc<Target>,
    state: Arc<State>,
}

impl Listener {
    /// Hears acknowledgements until the connection ends.
    fn listen(&self, mut socket: WebSocket<End>) {
        let tell = |state: &State, error| state.break_off(Broken { error, is_hopeless: true });
        let _defect = OnDefect { state: Arc::clone(&self.state), tell };
        let broken = loop {
            let heard = match socket.read() {
                Ok(Message::Binary(bytes)) => self.hear(&bytes),
                Ok(Message::Close(frame)) => Some(self.closed(frame)),
                // A daemon whose disk hangs still pings.
                Ok(_) => self.silence(),
                Err(tungstenite::Error::Io(error)) if is_time_over(&error) => self.wait_on(),
                Err(error) => Some(self.target.broken(error)),
            };
            if let Some(broken) = heard {
                break broken;
            }
        };
        self.state.break_off(broken);
    }

    fn hear(&self, bytes: &[u8]) -> Option<Broken> {
        let (id, result) = match Reply::decode(bytes) {
            Ok(Reply::Done { id, answer }) => (id, receipt(Fields(answer))),
            Ok(Reply::Failed { id, error }) => {
                (id, Err(failure::told(&Fields(error)).unwrap_or_else(|| strange("an error without a code"))))
            }
            Ok(Reply::Greeting(_)) => return Some(self.target.strange("a second greeting")),
            Err(what) => return Some(self.target.strange(what)),
        };
        let is_known = self.state.acknowledge(id, result, self.target.io().clock.monotonic_us());
        (!is_known).then(|| self.target.strange(format!("an acknowledgement of {id}, which is not in flight")))
    }

    fn closed(&self, frame: Option<CloseFrame>) -> Broken {
        let Some(frame) = frame else { return self.target.broken("it closed the connection") };
        let code = u16::from(frame.code);
        let broken = self.target.broken(format!("it closed the connection with {code}: {}", frame.reason));
        let is_hopeless = Ending::of_code(code).is_some_and(|ending| !ending.is_passing());
        Broken { is_hopeless, ..broken }
    }

    /// What a time without a byte means: nothing, unless an answer is due.
    fn wait_on(&self) -> Option<Broken> {
        if self.state.needs_nothing() {
            return Some(self.target.broken("it does not close"));
        }
        self.silence()
    }

    /// That answers are due for too long.
    fn silence(&self) -> Option<Broken> {
        let is_silent = self.state.is_silent(self.target.io().clock.monotonic_us(), self.target.silence_max());
        is_silent.then(|| self.target.broken("it acknowledges nothing"))
    }
}

/// Tells those who wait when a defect of ours ends a thread that they wait for.
struct OnDefect {
    state: Arc<State>,
    tell: fn(&State, Error),
}

impl Drop for OnDefect {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let message = "a defect of the client ended the writer: nobody knows whether what was in flight is done";
            (self.tell)(&self.state, Error::new(ErrorCode::Io, message));
        }
    }
}

fn is_time_over(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
