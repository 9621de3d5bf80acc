//! Answers of any size that are made before they are sent.
//!
//! Promises: what is not sent yet is counted in the memory that requests, questions and answers share; the connection gets it in pieces, as its
//! reader takes them. Leaves to others: how long a reader may take nothing ([`patience`](super::patience)).

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use nedb::{MemoryShare, Result};

use super::answer::{self, Answer};
use super::encoding::Coding;
use crate::server::Shared;

/// So much is handed to the connection at once.
const PIECE_BYTES: usize = 64 << 10;

/// After so many bytes more the share is counted anew.
const COUNTED_BYTES: usize = 64 << 10;

/// JSON that grows within the shared memory.
pub(super) struct Growing<'a> {
    shared: &'a Shared,
    json: String,
    share: MemoryShare,
    counted: usize,
}

impl<'a> Growing<'a> {
    pub(super) fn new(shared: &'a Shared, start: &str) -> Self {
        Self { shared, json: start.to_owned(), share: shared.doorman.account(), counted: 0 }
    }

    /// Adds text.
    ///
    /// Errors: `busy` when others hold the memory that it would take.
    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        if self.json.len() + text.len() >= self.counted + COUNTED_BYTES {
            // It grows by doubling, which would be counted only afterwards.
            self.counted = self.json.len() + text.len();
            self.json.reserve(text.len() + COUNTED_BYTES);
            self.share.set(self.json.capacity()).inspect_err(|error| self.shared.note_memory(error))?;
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
    if share.set(bytes.len()).is_err() {
        // It is no larger than the text that was counted; and is here in any case.
        tracing::debug!(bytes = bytes.len(), "a compressed answer is larger than its text");
    }
    let body = Body::new(Pieces { left: bytes.into(), _share: share });
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
    _share: MemoryShare,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
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
