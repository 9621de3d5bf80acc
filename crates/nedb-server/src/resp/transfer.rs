//! Bytes of a connection, in and out.
//!
//! Promises: a connection that rests has no buffer; a client that takes nothing is not waited for without end.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};

use crate::tls::Stream;

/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

/// How large a buffer is kept between sends; a larger one was for one large reply.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// How many bytes of replies are kept before they are sent: more than one reply has, most of the time.
pub(super) const UNSENT_BYTES_MAX: usize = 1 << 20;

/// How long a client that takes nothing of its replies is waited for.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

thread_local! {
    /// Where bytes come in before they are a connection's.
    static INCOMING: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Reads what is there, waiting no longer than a time, and appends it; 0 at the end, and when the time is over.
pub(super) async fn read(stream: &mut Stream, into: &mut Vec<u8>, time: Option<Duration>) -> io::Result<usize> {
    let read = poll_fn(|context| {
        INCOMING.with_borrow_mut(|incoming| {
            let mut buffer = ReadBuf::new(incoming);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            into.extend_from_slice(buffer.filled());
            Poll::Ready(Ok(buffer.filled().len()))
        })
    });
    match time {
        None => read.await,
        Some(time) => tokio::time::timeout(time, read).await.unwrap_or(Ok(0)),
    }
}

/// Sends what was written, within a time for all of it.
pub(super) async fn send_within(stream: &mut Stream, out: &mut Vec<u8>, time: Duration) -> io::Result<()> {
    tokio::time::timeout(time, send(stream, out)).await.map_err(io::Error::other)?
}

/// Waits for a piece of work as long as for a client that takes nothing. Nearly all of it is done at once, without a timer.
async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut work = pin!(work);
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => done,
        Poll::Pending => tokio::time::timeout(WRITE_TIMEOUT, work).await.map_err(io::Error::other)?,
    }
}

/// Sends what was written.
pub(super) async fn send(stream: &mut Stream, out: &mut Vec<u8>) -> io::Result<()> {
    let mut left = out.as_slice();
    if left.is_empty() {
        return Ok(());
    }
    while !left.is_empty() {
        let taken = in_time(stream.write(left)).await?;
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        left = left.get(taken..).unwrap_or_default();
    }
    // What is encrypted may still wait in a buffer.
    in_time(stream.flush()).await?;
    out.clear();
    out.shrink_to(KEPT_BYTES_MAX);
    Ok(())
}
