//! Server-sent events: every operation of a database as it happens, resumed after any seq.
//!
//! ```text
//! id: 17
//! event: put
//! data: {"seq":17,"kind":"put",...}
//! ```
//!
//! Promises: no operation is left out or sent twice, also by a reader who comes back with `Last-Event-ID`; a slow reader slows
//! himself alone; a feed of a database that is dropped ends with `not_found`. A comment goes out when nothing happens, so that both sides notice a dead connection. Leaves to others: which
//! databases are followed together (`all_events.rs`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Response, StatusCode, header};
use nedb::{ChangeFeed, Entry, Error, ErrorCode, Object, Result, Seq, Value};
use nedb_types::document::value_to_json;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::answer::{Answer, response};
use super::body::{Field, Kind, Request, optional, seq};
use super::failure;
use crate::databases::Served;
use crate::doorman::on_thread;
use crate::feeds::Reader;
use crate::server::Shared;

pub(super) const FROM_SEQ: Field =
    optional("from_seq", Kind::Integer, "operations from this one on; -1 for all; what comes, when nothing is said");

pub(super) const EVENTS: &[Field] = &[FROM_SEQ];

/// How many operations are read in one go.
pub(super) const ENTRIES_AT_ONCE: usize = 256;

/// From how many bytes on no further operation is read in this go.
const PIECE_BYTES: usize = 1 << 20;

/// How long the feed waits before it asks again whether it is still wanted.
const WAIT: Duration = Duration::from_millis(500);

/// After how many waits without an operation a comment is sent.
const WAITS_TO_COMMENT: u32 = 20;

/// How many pieces wait for a slow reader.
const PIECES_WAITING: usize = 4;

/// A feed that somebody asked for.
pub(super) struct Feed {
    shared: Arc<Shared>,
    followed: Box<dyn Followed>,
    listening: Listening,
}

/// What a feed tells of.
pub(super) trait Followed: Send {
    /// What happened since the last piece; may take its time.
    fn read(&mut self, listening: &mut Listening) -> Piece;
}

/// What goes out together.
#[derive(Default)]
pub(super) struct Piece {
    text: String,
    /// Whether the feed ends with it.
    pub(super) is_last: bool,
}

impl Piece {
    /// Whether it has as much as goes out together.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= PIECE_BYTES
    }

    /// Says where a reader stands from here on, who will come back with it.
    pub(super) fn stand_at(&mut self, id: &str) {
        self.text += &["id: ", id, "\n\n"].concat();
    }

    /// Tells something, with the id by which a reader goes on behind it, if there is one.
    pub(super) fn tell(&mut self, id: Option<&str>, event: &str, data: &str) {
        let id = id.map_or(String::new(), |id| format!("id: {id}\n"));
        self.text += &[&id, "event: ", event, "\ndata: ", data, "\n\n"].concat();
    }

    /// Tells why the feed ends.
    pub(super) fn end(&mut self, error: &Error) {
        self.tell(None, "error", &failure::json(error));
        self.is_last = true;
    }
}

/// What wakes a feed.
#[derive(Default)]
pub(super) struct Listening {
    wake: Arc<Notify>,
    told: JoinSet<()>,
}

impl Listening {
    /// Wakes the feed whenever this changes, for as long as there is a feed.
    pub(super) fn to<T: Send + Sync + 'static>(&mut self, mut changes: watch::Receiver<T>) {
        while self.told.try_join_next().is_some() {}
        let wake = Arc::clone(&self.wake);
        self.told.spawn(async move {
            while changes.changed().await.is_ok() {
                wake.notify_one();
            }
        });
    }
}

/// A database that a reader follows, and how far he has come.
pub(super) struct Source {
    pub(super) served: Arc<Served>,
    feed: ChangeFeed,
    reader: Reader,
    /// The last operation that was read.
    pub(super) after: Option<Seq>,
}

impl Source {
    /// Follows the operations after a seq; none for all.
    pub(super) fn begin(served: Arc<Served>, after: Option<Seq>, listening: &mut Listening) -> Self {
        listening.to(served.changes());
        let reader = served.feeds.join(after.map_or(0, |after| after.get() + 1));
        Self { feed: served.db.subscribe(after), reader, after, served }
    }

    /// The next operation, if there is one already.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        let Some(entry) = self.feed.try_next()? else { return Ok(None) };
        self.after = Some(entry.seq);
        self.reader.saw(entry.seq.get() + 1);
        Ok(Some(entry))
    }
}

/// One database, whose seqs are the ids.
struct One(Source);

impl One {
    fn read_into(&mut self, piece: &mut Piece) -> Result<()> {
        for _ in 0..ENTRIES_AT_ONCE {
            let Some(entry) = self.0.next()? else { break };
            let data = value_to_json(&Value::Object(entry.to_object()?))?;
            piece.tell(Some(&entry.seq.to_string()), entry.kind.as_str(), &data);
            if piece.is_full() {
                break;
            }
        }
        Ok(())
    }
}

impl Followed for One {
    fn read(&mut self, _listening: &mut Listening) -> Piece {
        let mut piece = Piece::default();
        let read = self.read_into(&mut piece);
        let served = &self.0.served;
        if served.is_dropped() {
            // Another one of its name would go on with other operations under the same ids.
            piece.end(&Error::new(ErrorCode::NotFound, format!("the database {} was dropped", served.name)));
        } else if let Err(error) = read {
            piece.end(&error);
        }
        piece
    }
}

pub(super) fn events(request: &mut Request) -> Result<Answer> {
    let served = request.served()?;
    let after = match request.last_event_id.take() {
        Some(id) => Some(seq("Last-Event-ID", &id)?),
        None => first(request).unwrap_or_else(|| served.db.head().seq()),
    };
    let mut listening = Listening::default();
    let source = Source::begin(served, after, &mut listening);
    Ok(Answer::Events(Feed::new(&request.shared, Box::new(One(source)), listening)))
}

/// Behind which operation the reader wants to begin; nothing when he wants what comes.
#[allow(clippy::option_option, reason = "the first operation has none before it")]
pub(super) fn first(request: &mut Request) -> Option<Option<Seq>> {
    match request.take(FROM_SEQ.name) {
        Some(Value::I64(from)) => Some(from.checked_sub(1).and_then(|after| u64::try_from(after).ok()).map(Seq::new)),
        _ => None,
    }
}

/// What is told of a database by its name, before what else there is to say.
pub(super) fn about(database: &str) -> Object {
    let mut about = Object::new();
    about.insert("database", database);
    about
}

impl Feed {
    pub(super) fn new(shared: &Arc<Shared>, followed: Box<dyn Followed>, listening: Listening) -> Self {
        Self { shared: Arc::clone(shared), followed, listening }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let (sender, receiver) = mpsc::channel(PIECES_WAITING);
        tokio::spawn(self.send(sender));
        let mut response = response(StatusCode::OK, "text/event-stream", body_of(receiver));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Reads what happened and sends it, until the reader or the daemon goes.
    async fn send(self, sender: mpsc::Sender<Vec<u8>>) {
        let Self { shared, mut followed, mut listening } = self;
        let mut quiet_waits = 0;
        loop {
            let read = move || {
                let piece = followed.read(&mut listening);
                Ok((followed, listening, piece))
            };
            let Ok((back, heard, piece)) = on_thread(read).await else { return };
            (followed, listening) = (back, heard);
            if !piece.text.is_empty() {
                quiet_waits = 0;
                if sender.send(piece.text.into_bytes()).await.is_err() || piece.is_last {
                    return;
                }
                continue;
            }
            // Whatever wakes it, the next read says what there is.
            let _woken = tokio::time::timeout(WAIT, listening.wake.notified()).await;
            quiet_waits += 1;
            if shared.is_ending() || sender.is_closed() {
                return;
            }
            if quiet_waits % WAITS_TO_COMMENT == 0 && sender.send(b": nothing new\n\n".to_vec()).await.is_err() {
                return;
            }
        }
    }
}

/// A body of pieces that somebody sends.
pub(super) fn body_of(receiver: mpsc::Receiver<Vec<u8>>) -> Body {
    Body::new(Pieces(receiver))
}

struct Pieces(mpsc::Receiver<Vec<u8>>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<http_body::Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(http_body::Frame::data(piece.into()))))
    }
}
