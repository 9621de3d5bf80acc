//! Answers of any size that are made before they are sent.
//!
//! Promises: what is not sent yet is counted in the memory that requests, questions and answers share; the connection gets it in pieces, as its
//! reader takes them; one who takes them too slowly is cut off, so that nobody holds that memory for ever. Leaves to others: how long a reader may take
//! nothing ([`patience`](super::patience)).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use nedb::{MemoryShare, Result};
use tokio::time::Instant;

use super::answer::{self, Answer};
use super::encoding::Coding;
use crate::server::Shared;

/// So much is handed to the connection at once.
pub(super) const PIECE_BYTES: usize = 64 << 10;

/// So much grows without being counted: what most answers have.
const FREE_BYTES: usize = PIECE_BYTES;

/// How slowly an answer may be taken by who holds memory that others want, on average and behind the first [`GRACE`].
const BYTES_PER_SECOND_MIN: u64 = 64 << 10;

/// How fast an answer has to be taken for which others left no memory.
const PRESSED_BYTES_PER_SECOND_MIN: u64 = 1 << 20;

/// How long any answer may take.
const GRACE: Duration = Duration::from_secs(30);

/// How long one may take for which others left no memory.
const PRESSED_GRACE: Duration = Duration::from_secs(3);

/// JSON that grows within the shared memory.
pub(super) struct Growing<'a> {
    shared: &'a Shared,
    json: String,
    share: MemoryShare,
}

impl<'a> Growing<'a> {
    pub(super) fn new(shared: &'a Shared, start: &str) -> Self {
        Self { shared, json: start.to_owned(), share: shared.doorman.account() }
    }

    /// Adds text.
    ///
    /// Errors: `busy` when others hold the memory that it would take.
    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        let (length, capacity) = (self.json.len() + text.len(), self.json.capacity());
        if length > capacity.max(FREE_BYTES) {
            // It is counted before it is kept.
            let wanted = length.max(capacity.saturating_mul(2));
            self.share.set(wanted).inspect_err(|error| self.shared.note_memory(error))?;
            self.json.reserve_exact(wanted - self.json.len());
        }
        self.json.push_str(text);
        Ok(())
    }

    pub(super) fn into_answer(self) -> Answer {
        // What goes out at once is not worth a piece of its own.
        let is_short = self.json.len() <= PIECE_BYTES;
        if is_short { Answer::Json(StatusCode::OK, self.json) } else { Answer::Held(self.json, self.share) }
    }
}

/// The response, compressed where that was asked for and is worth it.
pub(super) fn response(json: String, mut share: MemoryShare, coding: Option<Coding>) -> Response<Body> {
    // What cannot be compressed goes out as it is.
    let encoded = coding.and_then(|coding| Some((coding, coding.encode(json.as_bytes()).ok()?)));
    let (bytes, coding) = match encoded {
        None => (json.into_bytes(), None),
        Some((coding, bytes)) => (bytes, Some(coding)),
    };
    // It is here in any case; without memory for it, it has to go soon.
    let is_pressed = share.set(bytes.capacity()).is_err();
    let (grace, rate) =
        if is_pressed { (PRESSED_GRACE, PRESSED_BYTES_PER_SECOND_MIN) } else { (GRACE, BYTES_PER_SECOND_MIN) };
    let end = Instant::now() + grace + Duration::from_secs(bytes.len() as u64 / rate);
    let body = Body::new(Pieces { left: bytes.into(), end, _share: share });
    let mut response = answer::response(StatusCode::OK, "application/json", body);
    if let Some(coding) = coding {
        answer::set(&mut response, header::CONTENT_ENCODING, coding.as_str());
    }
    answer::set(&mut response, header::VARY, "accept-encoding");
    response
}

/// What is left of an answer.
struct Pieces {
    left: Bytes,
    /// Until when it has to be taken.
    end: Instant,
    _share: MemoryShare,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if Instant::now() > self.end {
            let message = "the client takes its answer too slowly, and others wait for the memory";
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, message))));
        }
        let end = self.left.len().min(PIECE_BYTES);
        // A copy, so that the connection holds no more than it has yet to send.
        let piece = Bytes::copy_from_slice(&self.left.split_to(end));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use nedb::MemoryPool;

    use super::*;

    fn pieces(bytes: usize, end: Instant, pool: &MemoryPool) -> Pieces {
        let mut share = pool.share();
        share.set(bytes).unwrap();
        Pieces { left: vec![b'x'; bytes].into(), end, _share: share }
    }

    fn next(pieces: &mut Pieces) -> Option<io::Result<usize>> {
        let frame = Pin::new(pieces).poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
        let Poll::Ready(frame) = frame else { panic!("it is there already") };
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap().len()))
    }

    #[test]
    fn an_answer_comes_in_pieces_and_holds_its_share_until_the_last_is_taken() {
        let (pool, bytes) = (MemoryPool::new(1 << 20), 3 * PIECE_BYTES - 1);
        let mut pieces = pieces(bytes, Instant::now() + GRACE, &pool);
        assert_eq!(pieces.size_hint().exact(), Some(bytes as u64));
        let sizes: Vec<usize> = std::iter::from_fn(|| next(&mut pieces)).map(Result::unwrap).collect();
        assert_eq!(sizes, [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES - 1]);
        assert!(pieces.is_end_stream() && pool.held_bytes() > 0);
        drop(pieces);
        assert_eq!(pool.held_bytes(), 0);
    }

    #[test]
    fn who_takes_an_answer_too_slowly_is_cut_off() {
        let pool = MemoryPool::new(1 << 20);
        let mut pieces = pieces(2 * PIECE_BYTES, Instant::now() - Duration::from_millis(1), &pool);
        assert_eq!(next(&mut pieces).unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
