//! How long the head of a request may take, apart from how long a connection may rest between two requests, and how long a
//! client may take nothing of an answer.
//!
//! ```text
//! resting ──first byte──> head ──whole──> under way ──answer sent──> resting
//!   (long)                (short)         (limits of its own)
//! ```
//!
//! hyper has one time for the first two. Promises: a client that sends a head byte by byte is cut off after [`HEAD_TIMEOUT`], whatever
//! the time between requests is; one that takes not a byte of what waits for it is cut off after [`TAKE_TIMEOUT`], so that an answer under way,
//! and the moment of the database that it reads, are not held for ever. h2 is left to its own pings while nothing waits: a client that keeps the
//! window of a stream shut and answers them holds what that stream answers, as many streams as a connection may have.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::tls::Stream;

/// How long a client may take to send the head of a request.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take nothing while something waits for it.
const TAKE_TIMEOUT: Duration = Duration::from_mins(1);

/// How an h2 connection begins.
const H2_START: &[u8] = b"PRI ";

/// The requests of one connection that are under way.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl UnderWay {
    /// Begins one, which ends when the answer was sent.
    pub(super) fn begin(&self) -> Turn {
        self.0.begun.fetch_add(1, Ordering::AcqRel);
        Turn(Arc::clone(&self.0))
    }

    fn is_any(&self) -> bool {
        self.0.ended.load(Ordering::Acquire) != self.begun()
    }

    fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Acquire)
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Turn(Arc<Counts>);

impl Turn {
    /// Lets the turn end with the body of the answer.
    pub(super) fn end_with(self, response: Response<Body>) -> Response<Body> {
        response.map(|body| Body::new(Sent { body, _turn: self }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
    }
}

/// A body with the turn that it ends.
struct Sent {
    body: Body,
    _turn: Turn,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A stream that gives up on a head that does not end.
pub(super) struct Patient {
    stream: Stream,
    under_way: UnderWay,
    /// Runs from the first byte of a head on, the head of the request with this number.
    deadline: Option<(usize, Pin<Box<Sleep>>)>,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    take_timeout: Duration,
    is_begun: bool,
    is_h2: bool,
}

impl Patient {
    pub(super) fn new(stream: Stream, under_way: UnderWay) -> Self {
        Self {
            stream,
            under_way,
            deadline: None,
            stalled: None,
            take_timeout: TAKE_TIMEOUT,
            is_begun: false,
            is_h2: false,
        }
    }

    /// Notes bytes that came.
    fn came(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.is_begun, true) {
            self.is_h2 = bytes.starts_with(H2_START);
        }
        self.forget_whole_head();
        if !self.is_h2 && !self.under_way.is_any() && self.deadline.is_none() {
            let deadline = Box::pin(tokio::time::sleep_until(Instant::now() + HEAD_TIMEOUT));
            self.deadline = Some((self.under_way.begun(), deadline));
        }
    }

    /// What came of handing bytes on: an error when the client has taken none for too long.
    fn handed<T>(&mut self, context: &mut Context<'_>, handed: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if handed.is_ready() {
            self.stalled = None;
            return handed;
        }
        let timeout = self.take_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing of its answer")))
    }

    /// A request that has begun has come with its whole head.
    fn forget_whole_head(&mut self) {
        let begun = self.under_way.begun();
        self.deadline = self.deadline.take().filter(|(number, _)| *number == begun);
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, into) {
            self.came(into.filled().get(before..).unwrap_or_default());
            return Poll::Ready(read);
        }
        self.forget_whole_head();
        let Some((_, deadline)) = self.deadline.as_mut() else { return Poll::Pending };
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head of a request did not come in time")))
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.handed(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.handed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.handed(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn who_takes_nothing_is_cut_off_and_who_takes_slowly_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let stream = Stream::Plain(listener.accept().await.unwrap().0);
            let mut patient = Patient::new(stream, UnderWay::default());
            patient.take_timeout = Duration::from_millis(300);
            let reads = tokio::spawn(async move {
                let mut piece = vec![0; 1 << 20];
                for _ in 0..8 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    client.read_exact(&mut piece).await.unwrap();
                }
                client
            });
            // It takes 8 MiB in longer than the limit, and then no more.
            let piece = vec![0; 1 << 20];
            let mut written = 0;
            let error = loop {
                match patient.write_all(&piece).await {
                    Ok(()) => written += 1,
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(written >= 8, "{written} pieces were taken");
            drop(reads.await.unwrap());
        });
    }
}
