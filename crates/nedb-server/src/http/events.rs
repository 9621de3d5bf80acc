//! Server-sent events: every operation of a database as it happens, resumed after any seq.
//!
//! ```text
//! id: 17
//! event: put
//! data: {"seq":17,"kind":"put",...}
//! ```
//!
//! Promises: no operation is left out or sent twice, also by a reader who comes back with `Last-Event-ID`; a slow reader slows
//! himself alone. A comment goes out when nothing happens, so that both sides notice a dead connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Response, StatusCode, header};
use nedb::{ChangeFeed, Result, Seq, Value};
use tokio::sync::mpsc;

use super::answer::{Answer, response};
use super::body::{Field, Kind, Request, optional, seq};
use super::{failure, history};
use crate::databases::Served;
use crate::doorman::on_thread;
use crate::server::Shared;

pub(super) const EVENTS: &[Field] =
    &[optional("from_seq", Kind::Integer, "operations from this one on; -1 for all; what comes, when nothing is said")];

/// How many operations are read in one go.
const ENTRIES_AT_ONCE: usize = 256;

/// How long the feed waits before it asks again whether it is still wanted.
const WAIT: Duration = Duration::from_millis(500);

/// After how many waits without an operation a comment is sent.
const WAITS_TO_COMMENT: u32 = 20;

/// How many pieces wait for a slow reader.
const PIECES_WAITING: usize = 4;

/// A feed that somebody asked for.
pub(super) struct Feed {
    shared: Arc<Shared>,
    served: Arc<Served>,
    after: Option<Seq>,
}

pub(super) fn events(request: &mut Request) -> Result<Answer> {
    let served = request.served()?;
    let after = match (request.last_event_id.take(), request.take("from_seq")) {
        (Some(id), _) => Some(seq("Last-Event-ID", &id)?),
        (None, Some(Value::I64(from))) => from.checked_sub(1).and_then(|after| u64::try_from(after).ok()).map(Seq::new),
        _ => served.db.head().seq(),
    };
    Ok(Answer::Events(Feed { shared: Arc::clone(&request.shared), served, after }))
}

impl Feed {
    pub(super) fn into_response(self) -> Response<Body> {
        let (sender, receiver) = mpsc::channel(PIECES_WAITING);
        let feed = self.served.db.subscribe(self.after);
        tokio::spawn(self.send(feed, sender));
        let mut response = response(StatusCode::OK, "text/event-stream", body_of(receiver));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Reads what happened and sends it, until the reader or the daemon goes.
    async fn send(self, mut feed: ChangeFeed, sender: mpsc::Sender<Vec<u8>>) {
        let mut changed = self.served.changes();
        let reader = self.served.feeds.join(self.after.map_or(0, |after| after.get() + 1));
        let mut quiet_waits = 0;
        loop {
            let (returned, piece) = match on_thread(move || Ok(read(feed))).await {
                Ok(read) => read,
                Err(_defect) => return,
            };
            feed = returned;
            if let Some(seq) = piece.last {
                reader.saw(seq.get() + 1);
            }
            if !piece.text.is_empty() {
                quiet_waits = 0;
                if sender.send(piece.text.into_bytes()).await.is_err() || piece.is_last {
                    return;
                }
                continue;
            }
            // Whatever wakes it, the next read says what there is.
            let _woken = tokio::time::timeout(WAIT, changed.changed()).await;
            quiet_waits += 1;
            if self.shared.is_ending() || sender.is_closed() {
                return;
            }
            if quiet_waits % WAITS_TO_COMMENT == 0 && sender.send(b": nothing new\n\n".to_vec()).await.is_err() {
                return;
            }
        }
    }
}

struct Piece {
    text: String,
    /// The last operation in it.
    last: Option<Seq>,
    is_last: bool,
}

fn read(mut feed: ChangeFeed) -> (ChangeFeed, Piece) {
    let mut piece = Piece { text: String::new(), last: None, is_last: false };
    for _ in 0..ENTRIES_AT_ONCE {
        let event = match feed.try_next() {
            Ok(None) => break,
            Ok(Some(entry)) => {
                piece.last = Some(entry.seq);
                let json = history::entry_json(&entry);
                json.map(|json| format!("id: {}\nevent: {}\ndata: {json}\n\n", entry.seq, entry.kind.as_str()))
            }
            Err(error) => Err(error),
        };
        match event {
            Ok(event) => piece.text.push_str(&event),
            Err(error) => {
                piece.text += &["event: error\ndata: ", &failure::json(&error), "\n\n"].concat();
                piece.is_last = true;
                break;
            }
        }
    }
    (feed, piece)
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
