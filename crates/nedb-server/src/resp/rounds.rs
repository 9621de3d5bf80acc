//! Rounds: the calls of all connections to one database that came while the disk was busy, committed together.
//!
//! ```text
//! connection A ─┐                     ┌──> replies of A
//! connection B ─┼─> waiting ──> round ┼──> replies of B        one sync for all of them
//! connection C ─┘      ^  one thread  └──> replies of C
//!                      └── goes on while anybody waits
//! ```
//!
//! Promises: each batch is answered once; more than a bound of waiting bytes is refused as busy. Leaves to others: what the calls do
//! (`nedb_compat::redis`).

use std::sync::Arc;

use nedb::{Error, ErrorCode};
use nedb_compat::redis::{Commands, Reply, RoundCalls, Session};
use nedb_io::Mutex;
use nedb_wire::resp::Batch;
use tokio::sync::oneshot;

use crate::metrics::Metrics;

/// How many bytes of calls may wait for their round.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// Calls of one connection: those at these positions of its batch.
struct Waiting {
    session: Arc<Session>,
    batch: Arc<Batch>,
    calls: std::ops::Range<usize>,
    answer: oneshot::Sender<Vec<Reply>>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    is_running: bool,
}

/// The rounds of one database.
pub(crate) struct Rounds {
    commands: Commands,
    metrics: Arc<Metrics>,
    queue: Mutex<Queue>,
}

impl Rounds {
    pub(crate) fn new(commands: Commands, metrics: Arc<Metrics>) -> Self {
        Self { commands, metrics, queue: Mutex::default() }
    }

    /// How many bytes of calls wait for their round.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.queue.lock().waiting_bytes
    }

    /// What one connection talks to.
    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::new(self.commands.session())
    }

    /// Carries out calls in the next round and returns their replies, one for each.
    pub(crate) async fn carry_out(
        self: &Arc<Self>,
        session: &Arc<Session>,
        batch: &Arc<Batch>,
        calls: std::ops::Range<usize>,
    ) -> Vec<Reply> {
        let count = calls.len();
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { session: Arc::clone(session), batch: Arc::clone(batch), calls, answer };
        if let Err(error) = self.join(waiting) {
            return vec![Reply::Error(error); count];
        }
        answered.await.unwrap_or_else(|_gone| {
            let message = "a defect ended the round of this call: whether it was carried out is not known";
            vec![Reply::Error(Error::new(ErrorCode::Io, message)); count]
        })
    }

    fn join(self: &Arc<Self>, waiting: Waiting) -> nedb::Result<()> {
        let mut queue = self.queue.lock();
        let bytes = waiting.batch.bytes();
        if queue.waiting_bytes.saturating_add(bytes) > WAITING_BYTES_MAX && !queue.waiting.is_empty() {
            return Err(Error::new(ErrorCode::Busy, "too many writes are waiting for the disk"));
        }
        queue.waiting_bytes += bytes;
        queue.waiting.push(waiting);
        if !std::mem::replace(&mut queue.is_running, true) {
            let rounds = Arc::clone(self);
            tokio::task::spawn_blocking(move || rounds.run());
        }
        Ok(())
    }

    /// Carries out rounds until nobody waits.
    fn run(&self) {
        let mut running = Running { rounds: self, is_over: false };
        while let Some(waiting) = self.next() {
            let mut round: Vec<RoundCalls<'_>> = waiting
                .iter()
                .map(|waiting| {
                    RoundCalls::new(
                        &waiting.session,
                        waiting.calls.clone().filter_map(|at| waiting.batch.call(at)).collect(),
                    )
                })
                .collect();
            self.metrics.round(waiting.iter().map(|waiting| waiting.calls.len()).sum());
            self.commands.round(&mut round);
            let replies: Vec<Vec<Reply>> = round.iter_mut().map(RoundCalls::take_replies).collect();
            drop(round);
            for (waiting, replies) in waiting.into_iter().zip(replies) {
                // A connection that has gone needs no answer.
                let _unheard = waiting.answer.send(replies);
            }
        }
        running.is_over = true;
    }

    fn next(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue.lock();
        queue.waiting_bytes = 0;
        queue.is_running = !queue.waiting.is_empty();
        queue.is_running.then(|| std::mem::take(&mut queue.waiting))
    }
}

/// Lets the next call begin anew when a defect ended a round; those that wait are told by the end of their channels.
struct Running<'r> {
    rounds: &'r Rounds,
    is_over: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            *self.rounds.queue.lock() = Queue::default();
        }
    }
}
