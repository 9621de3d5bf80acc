//! Bodies of lines of JSON that are made while they are sent.
//!
//! ```text
//! reader takes piece n ──> a thread makes piece n + 1, and is free again ──> the piece waits for the reader
//! ```
//!
//! Promises: a slow reader holds one piece in memory and no thread; a body that cannot be made whole is cut off, and never ends
//! as if it were. Leaves to others: how long a reader may take nothing ([`Patient`](super::patience::Patient)).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use nedb::Result;
use tokio::task::JoinHandle;

use super::encoding::Encoder;
use super::failure;

/// Text in this size goes out as one piece.
const PIECE_BYTES: usize = 64 << 10;

/// Lines of JSON, one for each row.
pub(super) type Lines = Box<dyn Iterator<Item = Result<String>> + Send>;

/// The body of lines; an error that comes late is the last line, since the status has gone out by then.
pub(super) fn body(lines: Lines, encoder: Encoder) -> Body {
    Body::new(Pieces { next: Some(begin(Maker { lines, encoder })) })
}

/// What makes the pieces.
struct Maker {
    lines: Lines,
    encoder: Encoder,
}

/// A piece, and what makes the next one when there is one.
struct Piece {
    bytes: Vec<u8>,
    maker: Option<Maker>,
}

impl Maker {
    fn piece(mut self) -> io::Result<Piece> {
        let mut written = 0;
        while written < PIECE_BYTES {
            let Some(line) = self.lines.next() else { return self.last_piece() };
            let is_last = line.is_err();
            let mut line = line.unwrap_or_else(|error| failure::json(&error));
            line.push('\n');
            written += line.len();
            self.encoder.write(line.as_bytes())?;
            if is_last {
                return self.last_piece();
            }
        }
        Ok(Piece { bytes: self.encoder.take()?, maker: Some(self) })
    }

    fn last_piece(self) -> io::Result<Piece> {
        Ok(Piece { bytes: self.encoder.finish()?, maker: None })
    }
}

fn begin(maker: Maker) -> JoinHandle<io::Result<Piece>> {
    tokio::task::spawn_blocking(move || maker.piece())
}

/// The pieces, each made while the one before it is sent.
struct Pieces {
    next: Option<JoinHandle<io::Result<Piece>>>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        let Some(next) = self.next.as_mut() else { return Poll::Ready(None) };
        let made = ready!(Pin::new(next).poll(context));
        self.next = None;
        let piece = match made.map_err(io::Error::other).flatten() {
            Ok(piece) => piece,
            Err(error) => {
                tracing::error!(%error, "an answer of lines was cut off");
                return Poll::Ready(Some(Err(error)));
            }
        };
        self.next = piece.maker.map(begin);
        Poll::Ready(Some(Ok(http_body::Frame::data(piece.bytes.into()))))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A runtime in which one call that waits is as many as there may be.
    fn with_one_thread<T>(work: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.max_blocking_threads(1).build().unwrap().block_on(work)
    }

    fn lines_of(lines: impl Iterator<Item = Result<String>> + Send + 'static) -> Body {
        body(Box::new(lines), Encoder::new(None).unwrap())
    }

    async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    #[test]
    fn readers_who_take_nothing_hold_no_thread_and_one_piece() {
        with_one_thread(async {
            let made = Arc::new(AtomicUsize::new(0));
            let endless = |made: &Arc<AtomicUsize>| {
                let made = Arc::clone(made);
                lines_of(std::iter::repeat_with(move || {
                    made.fetch_add(1, Ordering::Relaxed);
                    Ok("x".repeat(1023))
                }))
            };
            let mut idle: Vec<Body> = (0..3).map(|_| endless(&made)).collect();
            let mut read = lines_of((0..3).map(|line| Ok(line.to_string())));
            assert_eq!(next(&mut read).await.unwrap().unwrap(), "0\n1\n2\n");
            assert!(next(&mut read).await.is_none());
            assert_eq!(made.load(Ordering::Relaxed), 3 * 64, "a piece of 64 KiB for each");
            assert_eq!(next(&mut idle[0]).await.unwrap().unwrap().len(), PIECE_BYTES);
        });
    }

    #[test]
    fn what_cannot_be_made_whole_does_not_end_as_if_it_were() {
        with_one_thread(async {
            let mut lines =
                lines_of((0..).map(|line| if line < 100 { Ok("x".repeat(1023)) } else { panic!("a defect") }));
            assert!(next(&mut lines).await.unwrap().is_ok());
            assert!(next(&mut lines).await.unwrap().is_err());
            assert!(next(&mut lines).await.is_none());
        });
    }
}
