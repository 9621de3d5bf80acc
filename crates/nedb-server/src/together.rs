//! Work that many callers bring and one thread does together: what came while it was busy is done next, all of it at once.
//!
//! ```text
//! caller A ─┐                      ┌──> answer of A
//! caller B ─┼─> waiting ──> round ─┼──> answer of B        one sync for all of them
//! caller C ─┘      ^  one thread   └──> answer of C
//!                  └── goes on while anybody waits
//! ```
//!
//! Promises: each caller is answered once; more than a bound of waiting bytes is refused as busy. Leaves to others: what a round does.

use std::sync::Arc;

use nedb::{Error, ErrorCode, Result};
use nedb_io::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How many bytes may wait for their round.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// What is told whose round a defect ended, with the code `io`: that nobody knows what became of it.
pub(crate) const UNKNOWN_OUTCOME: &str =
    "a defect ended the round of this call: whether it was carried out is not known";

/// What is done together.
pub(crate) trait Work: Send + Sync + 'static {
    /// What one caller brings.
    type Item: Send + 'static;
    /// What he gets.
    type Answer: Send + 'static;

    /// Does all of it, and gives an answer for each in their order.
    fn round(&self, items: Vec<Self::Item>) -> Vec<Self::Answer>;
}

/// The rounds of one kind of work.
pub(crate) struct Together<W: Work> {
    work: W,
    queue: Mutex<Queue<W>>,
}

struct Queue<W: Work> {
    round: Round<W>,
    waiting_bytes: usize,
    is_running: bool,
}

/// What was brought to a round.
pub(crate) struct Joined<A>(oneshot::Receiver<A>);

impl<A> Joined<A> {
    /// Waits for its answer.
    ///
    /// Errors: `io` when a defect ended the round.
    pub(crate) async fn answer(self) -> Result<A> {
        self.0.await.map_err(|_gone| Error::new(ErrorCode::Io, UNKNOWN_OUTCOME))
    }
}

/// What callers brought, and where they wait for their answers.
struct Round<W: Work> {
    items: Vec<W::Item>,
    callers: Vec<oneshot::Sender<W::Answer>>,
}

impl<W: Work> Round<W> {
    const EMPTY: Self = Self { items: Vec::new(), callers: Vec::new() };
}

impl<W: Work> Queue<W> {
    const EMPTY: Self = Self { round: Round::EMPTY, waiting_bytes: 0, is_running: false };
}

impl<W: Work> Together<W> {
    pub(crate) fn new(work: W) -> Arc<Self> {
        Arc::new(Self { work, queue: Mutex::new(Queue::EMPTY) })
    }

    /// What is done.
    pub(crate) fn work(&self) -> &W {
        &self.work
    }

    /// How many bytes wait for their round.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.queue.lock().waiting_bytes
    }

    /// Brings something of so many bytes to the next round.
    ///
    /// Errors: `busy` when too much waits; `io` when a defect ended the round.
    pub(crate) async fn carry_out(self: &Arc<Self>, item: W::Item, bytes: usize) -> Result<W::Answer> {
        self.join(item, bytes)?.answer().await
    }

    /// Brings something of so many bytes to the next round, behind all that is there already, without waiting for its answer.
    ///
    /// Errors: `busy` when too much waits.
    pub(crate) fn join(self: &Arc<Self>, item: W::Item, bytes: usize) -> Result<Joined<W::Answer>> {
        let mut queue = self.queue.lock();
        if queue.waiting_bytes.saturating_add(bytes) > WAITING_BYTES_MAX && !queue.round.items.is_empty() {
            return Err(Error::new(ErrorCode::Busy, "too many writes are waiting for the disk"));
        }
        let (caller, answered) = oneshot::channel();
        queue.waiting_bytes += bytes;
        queue.round.items.push(item);
        queue.round.callers.push(caller);
        if !std::mem::replace(&mut queue.is_running, true) {
            let together = Arc::clone(self);
            tokio::task::spawn_blocking(move || together.run());
        }
        Ok(Joined(answered))
    }

    /// Does rounds until nobody waits.
    fn run(&self) {
        let mut running = Running { together: self, is_over: false };
        while let Some(Round { items, callers }) = self.next() {
            tell(callers, self.work.round(items));
        }
        running.is_over = true;
    }

    fn next(&self) -> Option<Round<W>> {
        let mut queue = self.queue.lock();
        queue.waiting_bytes = 0;
        queue.is_running = !queue.round.items.is_empty();
        queue.is_running.then(|| std::mem::replace(&mut queue.round, Round::EMPTY))
    }
}

/// Tells callers their answers. From this thread each would cost a call of the system, so one task tells all of them where they wait.
fn tell<A: Send + 'static>(callers: Vec<oneshot::Sender<A>>, answers: Vec<A>) {
    let tell = move || {
        for (caller, answer) in callers.into_iter().zip(answers) {
            // A connection that has gone needs no answer.
            let _unheard = caller.send(answer);
        }
    };
    Handle::current().spawn(async move { tell() });
}

/// Lets the next caller begin anew when a defect ended a round; those that wait are told by the end of their channels.
struct Running<'t, W: Work> {
    together: &'t Together<W>,
    is_over: bool,
}

impl<W: Work> Drop for Running<'_, W> {
    fn drop(&mut self) {
        if !self.is_over {
            *self.together.queue.lock() = Queue::EMPTY;
        }
    }
}
