//! The queue in front of the committer, and who commits.
//!
//! There is no committer thread. The first writer to arrive commits its own request and whatever else has queued up; those
//! who come while it works wait, and one of them is woken to commit the next group. A lone writer therefore pays no thread
//! switch, and a crowd shares one fsync. In a simulation a single thread always commits for itself.
//!
//! Lock order: `QueueState` is taken alone. The committer's lock is never held while waiting for it.

use std::{collections::VecDeque, sync::Arc};

use nedb_io::{Condvar, Mutex};
use nedb_types::{
    Error, ErrorCode, Result,
    limits::{FRAME_BYTES_MAX, TRANSACTION_OPS_MAX},
};

use super::request::Request;
use crate::{engine::Engine, request::Receipt};

/// Admitted bytes that may wait; beyond it writers wait before they queue.
const QUEUE_BYTES_MAX: u64 = 64 << 20;

/// The most bytes of records in one group; a request alone may have more.
const GROUP_BYTES_MAX: u64 = 8 << 20;

#[derive(Debug, Default)]
pub(crate) struct CommitQueue {
    state: Mutex<QueueState>,
    has_room: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<Waiting>,
    waiting_bytes: u64,
    has_leader: bool,
    /// A leader ended in the middle of a group; nothing is written any more.
    is_abandoned: bool,
}

#[derive(Debug)]
struct Waiting {
    request: Request,
    ticket: Arc<Ticket>,
}

/// A writer's place in the queue.
#[derive(Debug, Default)]
struct Ticket {
    state: Mutex<TicketState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
enum TicketState {
    #[default]
    Waiting,
    /// The previous leader is done; this writer leads the next group, which holds its own request.
    Leads,
    Done(Result<Receipt>),
    Taken,
}

impl CommitQueue {
    /// Commits the request, alone or in a group, and returns when its durability mode says that it is done.
    pub(crate) fn commit(&self, engine: &Engine, request: Request) -> Result<Receipt> {
        if self.is_led_alone()? {
            return self.commit_alone(engine, request);
        }
        let ticket = Arc::new(Ticket::default());
        if self.join([(request, Arc::clone(&ticket))])? {
            self.lead(engine, &ticket);
        }
        self.answer(engine, &ticket)
    }

    /// Commits requests that do not depend on each other: in one group, unless they are too large for one.
    pub(crate) fn commit_each(&self, engine: &Engine, requests: Vec<Request>) -> Vec<Result<Receipt>> {
        let tickets: Vec<Arc<Ticket>> = requests.iter().map(|_| Arc::default()).collect();
        let Some(last) = tickets.last() else { return Vec::new() };
        match self.join(requests.into_iter().zip(tickets.iter().map(Arc::clone))) {
            Ok(true) => self.lead(engine, last),
            Ok(false) => {}
            Err(error) => return tickets.iter().map(|_| Err(error.clone())).collect(),
        }
        // The queue goes in order, so whoever makes this thread the leader does it by the ticket that it waits for.
        tickets.iter().map(|ticket| self.answer(engine, ticket)).collect()
    }

    /// Makes the caller the leader of its own request alone, where nobody leads and so nobody waits.
    fn is_led_alone(&self) -> Result<bool> {
        let mut state = self.state.lock();
        if state.is_abandoned {
            return Err(abandoned());
        }
        Ok(!std::mem::replace(&mut state.has_leader, true))
    }

    /// Commits the leader's request, for which nobody else needs to find a ticket.
    fn commit_alone(&self, engine: &Engine, request: Request) -> Result<Receipt> {
        let mut abandoned = Abandoned { queue: self, tickets: &[], is_done: false };
        let answer = super::commit_group(engine, vec![request]).pop();
        abandoned.is_done = true;
        self.hand_over();
        answer.unwrap_or_else(|| Err(lost_answer()))
    }

    /// Waits for the answer of a ticket, and leads where it is this writer's turn.
    fn answer(&self, engine: &Engine, ticket: &Ticket) -> Result<Receipt> {
        loop {
            let mut state = ticket.state.lock();
            while matches!(*state, TicketState::Waiting) {
                state = ticket.changed.wait(state);
            }
            match std::mem::replace(&mut *state, TicketState::Taken) {
                TicketState::Done(result) => return result,
                TicketState::Leads => {
                    *state = TicketState::Waiting;
                    drop(state);
                    self.lead(engine, ticket);
                }
                TicketState::Waiting | TicketState::Taken => return Err(lost_answer()),
            }
        }
    }

    /// Queues requests, one behind the other; true when the caller has to lead.
    fn join(&self, requests: impl IntoIterator<Item = (Request, Arc<Ticket>)>) -> Result<bool> {
        let mut state = self.state.lock();
        while state.waiting_bytes > QUEUE_BYTES_MAX && state.has_leader {
            state = self.has_room.wait(state);
        }
        if state.is_abandoned {
            return Err(abandoned());
        }
        for (request, ticket) in requests {
            state.waiting_bytes += request.record_bytes_max;
            state.waiting.push_back(Waiting { request, ticket });
        }
        Ok(!std::mem::replace(&mut state.has_leader, true))
    }

    /// Commits groups until the leader's own request is done, then hands over.
    fn lead(&self, engine: &Engine, own: &Ticket) {
        loop {
            let (requests, tickets) = self.next_group();
            let mut abandoned = Abandoned { queue: self, tickets: &tickets, is_done: false };
            let results = super::commit_group(engine, requests);
            for (ticket, result) in tickets.iter().zip(results) {
                ticket.finish(result);
            }
            abandoned.is_done = true;
            let own_done = !matches!(*own.state.lock(), TicketState::Waiting);
            if own_done {
                return self.hand_over();
            }
        }
    }

    fn next_group(&self) -> (Vec<Request>, Vec<Arc<Ticket>>) {
        let mut state = self.state.lock();
        let (mut requests, mut tickets) = (Vec::new(), Vec::new());
        let (mut bytes, mut ops) = (0, 0);
        while let Some(next) = state.waiting.front() {
            bytes += next.request.record_bytes_max;
            ops += next.request.ops.len();
            let is_full = bytes > GROUP_BYTES_MAX.min(FRAME_BYTES_MAX as u64) || ops > TRANSACTION_OPS_MAX;
            if is_full && !requests.is_empty() {
                break;
            }
            let Some(next) = state.waiting.pop_front() else { break };
            state.waiting_bytes -= next.request.record_bytes_max;
            requests.push(next.request);
            tickets.push(next.ticket);
        }
        self.has_room.notify_all();
        (requests, tickets)
    }

    /// Makes the first waiting writer the leader, or leaves the place free when nobody waits.
    fn hand_over(&self) {
        let mut state = self.state.lock();
        match state.waiting.front() {
            Some(next) => next.ticket.promote(),
            None => state.has_leader = false,
        }
    }
}

/// Answers everybody when a defect of ours ends the leader in the middle of a group: nobody waits for ever, and nothing is
/// written on a state that nobody vouches for.
struct Abandoned<'a> {
    queue: &'a CommitQueue,
    tickets: &'a [Arc<Ticket>],
    is_done: bool,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let waiting = {
            let mut state = self.queue.state.lock();
            state.is_abandoned = true;
            state.has_leader = false;
            state.waiting_bytes = 0;
            std::mem::take(&mut state.waiting)
        };
        self.tickets
            .iter()
            .chain(waiting.iter().map(|waiting| &waiting.ticket))
            .for_each(|ticket| ticket.finish(Err(abandoned())));
        self.queue.has_room.notify_all();
    }
}

fn abandoned() -> Error {
    Error::new(ErrorCode::Poisoned, "a defect ended a commit in its middle: open the database again")
}

impl Ticket {
    fn finish(&self, result: Result<Receipt>) {
        *self.state.lock() = TicketState::Done(result);
        self.changed.notify_one();
    }

    fn promote(&self) {
        *self.state.lock() = TicketState::Leads;
        self.changed.notify_one();
    }
}

fn lost_answer() -> Error {
    Error::new(ErrorCode::Poisoned, "the answer to this write was taken twice")
}
