//! The bytes of a WebSocket: counted as they come, and not waited for without end as they go.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use nedb::{MemoryPool, MemoryShare};
use nedb_io::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a client that takes nothing of its messages is waited for.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// Bytes that came since the last whole message.
pub(super) struct Held {
    memory: MemoryPool,
    account: MemoryShare,
    bytes: usize,
}

/// Bytes of a client's control frame before its payload: two, and the mask.
const CONTROL_HEAD_BYTES: usize = 6;

impl Held {
    pub(super) fn new(memory: MemoryPool) -> Self {
        Self { account: memory.share(), memory, bytes: 0 }
    }

    /// The account of a message that came whole.
    pub(super) fn take(&mut self) -> MemoryShare {
        self.bytes = 0;
        std::mem::replace(&mut self.account, self.memory.share())
    }

    /// Forgets a ping or its answer: nobody keeps it, and no message may come for days that would end its account.
    pub(super) fn passed(&mut self, payload_bytes: usize) {
        self.bytes = self.bytes.saturating_sub(CONTROL_HEAD_BYTES + payload_bytes);
        // Less is never refused.
        drop(self.account.set(self.bytes));
    }

    fn came(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes += bytes;
        self.account.set(self.bytes).map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))
    }
}

/// Whether a read failed because requests hold all the memory that they may.
pub(super) fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}

/// A connection after its upgrade.
pub(super) struct Wire {
    stream: TokioIo<Upgraded>,
    held: Arc<Mutex<Held>>,
    /// Runs while the client takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(super) fn new(upgraded: Upgraded, held: Arc<Mutex<Held>>) -> Self {
        Self { stream: TokioIo::new(upgraded), held, deadline: None }
    }

    /// Says that nothing more goes, and reads what still comes without keeping it.
    pub(super) async fn discard(mut self) -> io::Result<()> {
        self.shutdown().await?;
        let mut unread = [0; 4 << 10];
        while self.stream.read(&mut unread).await? > 0 {}
        Ok(())
    }

    /// Gives up on a client that takes nothing.
    fn wait<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let deadline =
            self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + WRITE_TIMEOUT)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no messages")))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        Poll::Ready(self.held.lock().came(into.filled().len() - before))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wait(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.wait(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.wait(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_only_answers_pings_takes_no_memory() {
        let memory = MemoryPool::new(1 << 20);
        let mut held = Held::new(memory.clone());
        held.came(100_000).unwrap();
        let before = memory.held_bytes();
        for _ in 0..100_000 {
            held.came(CONTROL_HEAD_BYTES + 4).unwrap();
            held.passed(4);
        }
        assert_eq!((memory.held_bytes(), held.bytes), (before, 100_000), "the message that is half there still counts");
    }
}
