//! Sockets (RFC 6455): messages in both directions on a connection that began as a request.
//!
//! ```text
//! request ──guard, right, handler──> 101 ──> Socket ──next──> route ──Sender──> queue ──> client
//!                                                  <──pings, their answers──>
//! ```
//!
//! Promises: the connection keeps its place and its rights were checked before it began; what comes is counted in the memory of requests
//! and bounded by `--body-mb-max`; what goes waits in a queue of a few messages; a client that is silent, also to pings, or takes
//! nothing, is cut off; when the daemon ends, no further message is taken, what the route still says is sent, and the close frame says
//! why (1001). Leaves to others: what messages mean.

mod handshake;
mod wire;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use nedb::MemoryShare;
use nedb_io::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Bytes, Message as Frame, Utf8Bytes};

pub(super) use handshake::{Upgrade, take_token};
use wire::{Held, Wire};

use super::patience::Turn;
use super::seat::Seat;
use crate::server::Shared;

/// How many messages wait for a slow reader; a route that has more waits with them.
const MESSAGES_WAITING: usize = 4;

/// How many bytes a message that is sent may have; a larger one ends the socket.
pub(super) const SENT_BYTES_MAX: usize = 64 << 20;

/// How much is read at once: many sockets rest, and each has a buffer of this size.
const READ_BYTES: usize = 8 << 10;

/// How many pings are sent in the time after which a silent client is given up.
const PINGS: u32 = 3;

/// The longest reason of a close frame, as WebSocket has it.
const REASON_BYTES_MAX: usize = 123;

/// How long a client may take to answer the close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What speaks on a socket; it gives the socket back when it has no more to say.
pub(super) type Talk = Box<dyn FnOnce(Socket) -> Pin<Box<dyn Future<Output = Socket> + Send>> + Send>;

/// Makes a talk of an async function.
pub(super) fn talk<F>(speak: impl FnOnce(Socket) -> F + Send + 'static) -> Talk
where
    F: Future<Output = Socket> + Send + 'static,
{
    Box::new(|socket| Box::pin(speak(socket)))
}

/// A message, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl From<Message> for Frame {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::Text(text),
            Message::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

/// A message that came; its bytes are counted until the account goes.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) message: Message,
    pub(super) account: MemoryShare,
}

/// The client does not listen any more.
#[derive(Debug)]
pub(super) struct Gone;

/// A message that waits, with the account of its bytes until it was sent.
type Waiting = (Message, Option<MemoryShare>);

/// The way to the client, for as many as want to say something.
#[derive(Clone, Debug)]
pub(super) struct Sender(mpsc::Sender<Waiting>);

impl Sender {
    /// Sends a message, and waits while a few others wait.
    pub(super) async fn send(&self, message: Message) -> Result<(), Gone> {
        self.0.send((message, None)).await.map_err(|_unsent| Gone)
    }

    /// Waits until a message would be taken at once: who makes it only then makes it of what is known by then.
    pub(super) async fn space(&self) -> Result<Space, Gone> {
        self.0.clone().reserve_owned().await.map(Space).map_err(|_closed| Gone)
    }
}

/// Room for one message.
pub(super) struct Space(mpsc::OwnedPermit<Waiting>);

impl Space {
    /// Sends a message; bytes that are counted stay so until they went out.
    pub(super) fn send(self, message: Message, account: Option<MemoryShare>) {
        self.0.send((message, account));
    }
}

/// Why a socket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The route has no more to say.
    Said,
    /// The daemon ends.
    Daemon,
    /// The client closed it, or cannot be reached.
    Client,
    /// The client did what it may not.
    Refused(CloseCode, Utf8Bytes),
}

impl End {
    /// What a failed read means.
    fn of(error: &tungstenite::Error) -> Self {
        let refused = |code, reason| Self::Refused(code, Utf8Bytes::from_static(reason));
        match error {
            tungstenite::Error::Capacity(_) => {
                refused(CloseCode::Size, "the message has more bytes than --body-mb-max says")
            }
            tungstenite::Error::Io(error) if wire::is_full(error) => {
                refused(CloseCode::Again, "requests hold all the memory that they may (--memory-mb): try again")
            }
            tungstenite::Error::Utf8(_) => refused(CloseCode::Invalid, "a text message is not UTF-8"),
            tungstenite::Error::Protocol(_) => refused(CloseCode::Protocol, "not a frame of a WebSocket"),
            _ => Self::Client,
        }
    }

    fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Said => (CloseCode::Normal, Utf8Bytes::default()),
            Self::Daemon => (CloseCode::Away, Utf8Bytes::from_static("the daemon is ending")),
            Self::Refused(code, reason) => (*code, reason.clone()),
            Self::Client => return None,
        };
        Some(CloseFrame { code, reason })
    }
}

type Frames = WebSocketStream<Wire>;

/// A connection that became a WebSocket.
pub(super) struct Socket {
    frames: SplitStream<Frames>,
    sender: Sender,
    ending: watch::Receiver<bool>,
    held: Arc<Mutex<Held>>,
    silence_max: Duration,
    silent_until: Instant,
    end: End,
    /// While it lives, the connection does not rest, and has its place.
    _seat: (Turn, Arc<Seat>),
}

impl Socket {
    /// The next message; none when the client or the daemon ends, and then never again.
    ///
    /// It may be given up at any point; nothing is lost.
    pub(super) async fn next(&mut self) -> Option<Received> {
        loop {
            let came = tokio::select! {
                () = told(&mut self.ending) => Err(End::Daemon),
                () = self.sender.0.closed() => Err(End::Client),
                came = timeout_at(self.silent_until, self.frames.next()) => match came {
                    Ok(Some(Ok(frame))) => Ok(frame),
                    Ok(Some(Err(error))) => Err(End::of(&error)),
                    Ok(None) | Err(_) => Err(End::Client),
                },
            };
            self.silent_until = Instant::now() + self.silence_max;
            let message = match came {
                Ok(Frame::Text(text)) => Message::Text(text),
                Ok(Frame::Binary(bytes)) => Message::Binary(bytes),
                Ok(Frame::Ping(payload) | Frame::Pong(payload)) => {
                    self.held.lock().passed(payload.len());
                    continue;
                }
                Ok(Frame::Frame(_)) => continue,
                Ok(Frame::Close(_)) => return self.ended(End::Client),
                Err(end) => return self.ended(end),
            };
            return Some(Received { message, account: self.held.lock().take() });
        }
    }

    /// Says why the talk ends, when it is the client's doing or the daemon has no room; a longer reason than WebSocket takes is cut.
    pub(super) fn refuse(&mut self, code: u16, mut reason: String) {
        let end = (0..=REASON_BYTES_MAX).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or_default();
        reason.truncate(end);
        self.end = End::Refused(CloseCode::from(code), reason.into());
    }

    /// The way to the client.
    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    fn ended(&mut self, end: End) -> Option<Received> {
        tracing::debug!("a WebSocket ended: {end:?}");
        self.end = end;
        None
    }
}

/// Waits until the daemon is told to end.
async fn told(ending: &mut watch::Receiver<bool>) {
    // Without a daemon it has ended.
    drop(ending.wait_for(|is_ending| *is_ending).await);
}

/// Lets a talk speak, and ends the socket in order.
async fn carry(shared: Arc<Shared>, wire: Wire, held: Arc<Mutex<Held>>, seat: (Turn, Arc<Seat>), talk: Talk) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(READ_BYTES)
        .max_write_buffer_size(SENT_BYTES_MAX + READ_BYTES)
        .max_message_size(Some(shared.config.body_bytes_max))
        .max_frame_size(Some(shared.config.body_bytes_max));
    let (sink, frames) = WebSocketStream::from_raw_socket(wire, Role::Server, Some(config)).await.split();
    let (sender, queue) = mpsc::channel(MESSAGES_WAITING);
    let silence_max = shared.config.keep_alive;
    let writer = tokio::spawn(write(sink, queue, silence_max / PINGS));
    let socket = Socket {
        frames,
        sender: Sender(sender),
        ending: shared.ending(),
        held,
        silence_max,
        silent_until: Instant::now() + silence_max,
        end: End::Said,
        _seat: seat,
    };
    let Socket { mut frames, sender, held, end, _seat, .. } = talk(socket).await;
    drop(sender);
    // Others who speak may still have their senders; without one left, everything was sent.
    let Ok(Some(mut sink)) = writer.await else { return };
    let closed = timeout(CLOSE_TIMEOUT, async {
        if let Some(frame) = end.frame() {
            sink.send(Frame::Close(Some(frame))).await?;
        }
        // The client's own close frame, after what it sent before it knew.
        while let Some(Ok(_frame)) = frames.next().await {
            // It is not kept, and so not counted.
            drop(held.lock().take());
        }
        if let (End::Refused(..), Ok(frames)) = (end, frames.reunite(sink)) {
            // A connection that is closed with unread bytes loses what it was told.
            frames.into_inner().discard().await?;
        }
        Ok::<(), tungstenite::Error>(())
    });
    if let Ok(Err(error)) = closed.await {
        tracing::debug!("a WebSocket was not closed in order: {error}");
    }
}

/// Sends what waits, and pings in between; gives the sink back when nobody has more to say.
async fn write(
    mut sink: SplitSink<Frames, Frame>,
    mut queue: mpsc::Receiver<Waiting>,
    pause: Duration,
) -> Option<SplitSink<Frames, Frame>> {
    let mut pings = interval_at(Instant::now() + pause, pause);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let frame = tokio::select! {
            message = queue.recv() => match message {
                Some((message, account)) => (message.into(), account),
                None => return Some(sink),
            },
            _now = pings.tick() => (Frame::Ping(Bytes::new()), None),
        };
        if let Err(error) = send(&mut sink, &mut queue, frame).await {
            tracing::debug!("a WebSocket ended: {error}");
            return None;
        }
    }
}

/// Sends a frame with whatever else waits.
async fn send(
    sink: &mut SplitSink<Frames, Frame>,
    queue: &mut mpsc::Receiver<Waiting>,
    (frame, account): (Frame, Option<MemoryShare>),
) -> tungstenite::Result<()> {
    let mut accounts = vec![account];
    sink.feed(frame).await?;
    while let Ok((message, account)) = queue.try_recv() {
        accounts.push(account);
        sink.feed(message.into()).await?;
    }
    let flushed = sink.flush().await;
    drop(accounts);
    flushed
}

#[cfg(test)]
mod tests;
