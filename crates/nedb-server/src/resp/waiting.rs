//! Commands that wait for a key, such as BLPOP: who asks again, and when.
//!
//! ```text
//! nothing there ──> a place in the line ──> a key was changed ──> who waits for it asks again, in the order of coming
//!                                       └─> the time is over, CLIENT UNBLOCK, or the client has gone
//! ```
//!
//! Promises: who waits longest for what comes gets it; who cannot use it holds up nobody; a client that was seen to go takes nothing; who is
//! let go while he is being served gets what came for him. Leaves to others: what an attempt does (`nedb_compat::redis`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use nedb::Result;
use nedb_compat::redis::{Attempt, Reply, Session, Wait, changed_key};
use nedb_io::Mutex;
use nedb_wire::resp::Batch;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::commands::refused;
use super::connected::Client;
use super::slow_calls::{self, Part};
use crate::databases::Served;
use crate::doorman::on_thread;

/// How long the line and its clients wait before they look whether they are still wanted.
const LOOK: Duration = Duration::from_millis(500);

/// How many changed keys are told apart; beyond it all are asked.
const TOUCHED_MAX: usize = 4096;

/// Who waits, by the number under which he came.
#[derive(Default)]
pub(crate) struct WaitingLine {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    is_served: bool,
    /// The keys that were changed since they were last looked at.
    touched: BTreeSet<Vec<u8>>,
}

impl State {
    /// Ends the waiting of all. Numbers are not given again: who left with the others may still be let go by his.
    fn end_all(&mut self) {
        *self = Self { next: self.next, ..Self::default() };
    }

    /// Tells one his answer, with which he leaves the line; false when he is not in it.
    fn tell(&mut self, number: u64, reply: Reply) -> bool {
        let waiting = self.waiting.remove(&number);
        // He went while he was served: as when the network loses a reply.
        waiting.map(|waiting| waiting.answer.send(reply)).is_some()
    }
}

/// Who is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    All,
    /// Those for whose keys something was committed, and who has just come.
    Touched,
}

struct Waiting {
    session: Arc<Session>,
    wait: Wait,
    answer: oneshot::Sender<Reply>,
    /// Something may have come between his first attempt and his place in the line.
    is_new: bool,
    /// An attempt of his is under way.
    is_asked: bool,
    /// What he is told when the attempt under way brings nothing, because he was let go meanwhile.
    goes_with: Option<Reply>,
}

/// A place in the line of a database.
#[derive(Clone)]
pub(super) struct Standing {
    served: Arc<Served>,
    number: u64,
    timed_out: Reply,
}

/// As what a client is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LetGo {
    /// As if his time were over.
    TimedOut,
    /// With an error.
    Refused,
}

impl Standing {
    /// Lets who stands there go; false when he has his answer.
    pub(super) fn let_go(&self, how: LetGo) -> bool {
        let reply = match how {
            LetGo::TimedOut => self.timed_out.clone(),
            LetGo::Refused => refused("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
        };
        self.served.waiting.let_go(self.number, reply)
    }
}

impl WaitingLine {
    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Learns of a change of a document.
    pub(crate) fn touch(&self, collection: &str, id: &[u8]) {
        let mut state = self.state.lock();
        if state.waiting.is_empty() || state.touched.len() > TOUCHED_MAX {
            return;
        }
        state.touched.extend(changed_key(collection, id));
    }

    /// Takes a place at the end; the line is served while anybody stands in it.
    fn join(served: &Arc<Served>, session: &Arc<Session>, wait: Wait) -> (Standing, oneshot::Receiver<Reply>) {
        let ((answer, answered), timed_out) = (oneshot::channel(), wait.timed_out());
        let mut state = served.waiting.state.lock();
        let number = state.next;
        state.next += 1;
        let session = Arc::clone(session);
        let waiting = Waiting { session, wait, answer, is_new: true, is_asked: false, goes_with: None };
        state.waiting.insert(number, waiting);
        if !std::mem::replace(&mut state.is_served, true) {
            tokio::spawn(serve(Arc::clone(served), served.changes()));
        }
        (Standing { served: Arc::clone(served), number, timed_out }, answered)
    }

    /// Tells one in the line a reply, now or when the attempt under way has brought nothing; false when he stands there no longer.
    fn let_go(&self, number: u64, reply: Reply) -> bool {
        let mut state = self.state.lock();
        match state.waiting.get_mut(&number) {
            Some(waiting) if waiting.is_asked => {
                waiting.goes_with.get_or_insert(reply);
                true
            }
            Some(_) => state.tell(number, reply),
            None => false,
        }
    }

    /// The numbers of those who are to be asked, in their order.
    fn wanted(&self, whom: Whom) -> Vec<u64> {
        let mut state = self.state.lock();
        let touched = std::mem::take(&mut state.touched);
        let all = whom == Whom::All || touched.len() > TOUCHED_MAX;
        let is_wanted = |waiting: &mut Waiting| {
            std::mem::take(&mut waiting.is_new) || all || waiting.wait.keys().iter().any(|key| touched.contains(key))
        };
        state.waiting.iter_mut().filter_map(|(number, waiting)| is_wanted(waiting).then_some(*number)).collect()
    }

    /// Lets some ask again, in their order; false when nobody is left.
    fn ask_again(&self, whom: Whom) -> bool {
        let numbers = self.wanted(whom);
        for number in numbers {
            let Some((session, wait)) = self.still_there(number) else { continue };
            let attempt = session.attempt_again(&wait);
            let mut state = self.state.lock();
            match (attempt, state.waiting.get_mut(&number)) {
                (Attempt::Answered(reply), _) => {
                    state.tell(number, reply);
                }
                (Attempt::Waiting(_), Some(waiting)) => {
                    waiting.is_asked = false;
                    if let Some(reply) = waiting.goes_with.take() {
                        state.tell(number, reply);
                    }
                }
                (Attempt::Waiting(_), None) => {}
            }
        }
        let mut state = self.state.lock();
        state.is_served = !state.waiting.is_empty();
        state.is_served
    }

    /// What one in the line waits for, who is being asked from now on; who has gone leaves it.
    fn still_there(&self, number: u64) -> Option<(Arc<Session>, Wait)> {
        let mut state = self.state.lock();
        let waiting = state.waiting.get_mut(&number)?;
        if waiting.answer.is_closed() {
            state.waiting.remove(&number);
            return None;
        }
        waiting.is_asked = true;
        Some((Arc::clone(&waiting.session), waiting.wait.clone()))
    }
}

/// Serves a line: after every change, and from time to time for the sake of those who have gone.
async fn serve(served: Arc<Served>, mut changes: watch::Receiver<()>) {
    let mut whom = Whom::All;
    loop {
        let line = Arc::clone(&served);
        match on_thread(move || Ok(line.waiting.ask_again(whom))).await {
            Ok(true) => {}
            // A defect of one command ends the waiting of all, who are told by the end of their channels.
            Err(_defect) => return served.waiting.state.lock().end_all(),
            Ok(false) => return,
        }
        // From time to time all are, and who has gone leaves the line.
        whom = if tokio::time::timeout(LOOK, changes.changed()).await.is_ok() { Whom::Touched } else { Whom::All };
    }
}

/// Carries out a call that may wait; `None` when the client has gone meanwhile.
pub(super) async fn carry_out(
    served: &Arc<Served>,
    session: &Arc<Session>,
    call: (&Arc<Batch>, usize),
    (client, stream): (&Arc<Client>, &TcpStream),
) -> Option<Reply> {
    let first = {
        let (served, session, client) = (Arc::clone(served), Arc::clone(session), Arc::clone(client));
        let (batch, at) = (Arc::clone(call.0), call.1);
        move || Ok(attempt(&served, &session, &client, &batch.call(at).unwrap_or_default()))
    };
    let wait = match answered(on_thread(first).await) {
        Ok(reply) => return Some(reply),
        Err(wait) => wait,
    };
    let end = wait.timeout().and_then(|timeout| Instant::now().checked_add(timeout));
    let (standing, mut answer) = WaitingLine::join(served, session, wait);
    client.say(|said| said.stand(Some(standing.clone())));
    let reply = tokio::select! {
        reply = &mut answer => reply.ok(),
        () = until(end) => {
            standing.let_go(LetGo::TimedOut);
            // What comes of an attempt under way is his: it may have taken something for him.
            answer.await.ok()
        }
        () = gone(stream) => None,
    };
    client.say(|said| said.stand(None));
    reply
}

/// Carries out a call as far as it goes without waiting.
fn attempt(served: &Served, session: &Session, client: &Client, words: &[&[u8]]) -> Attempt {
    let start_us = served.slow.now_us();
    let attempt = session.attempt(words);
    let time_us = served.slow.now_us().saturating_sub(start_us);
    if served.slow.is_slow(time_us) {
        slow_calls::keep(
            (&served.slow, &served.name),
            &[Part { client, calls: vec![words.to_vec()], course: None }],
            time_us,
        );
    }
    attempt
}

fn answered(attempt: Result<Attempt>) -> std::result::Result<Reply, Wait> {
    match attempt {
        Ok(Attempt::Answered(reply)) => Ok(reply),
        Ok(Attempt::Waiting(wait)) => Err(wait),
        Err(error) => Ok(Reply::Error(error)),
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Ends when the other side has closed the connection.
async fn gone(stream: &TcpStream) {
    loop {
        match stream.ready(Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => {}
            _ => return,
        }
        // Calls that came behind this one make the connection ready, so its end shows only when one looks.
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_not_given_again_when_the_waiting_of_all_is_ended() {
        let touched = BTreeSet::from([b"k".to_vec()]);
        let mut state = State { next: 7, is_served: true, touched, ..State::default() };
        state.end_all();
        assert_eq!((state.next, state.is_served, state.touched.len()), (7, false, 0));
    }
}
