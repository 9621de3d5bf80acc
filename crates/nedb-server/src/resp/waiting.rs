//! Commands that wait for a key, such as BLPOP: who asks again, and when.
//!
//! ```text
//! nothing there ──> a place in the line ──> a key was changed ──> who waits for it asks again, in the order of coming
//!                                       └─> the time is over, or the client has gone
//! ```
//!
//! Promises: who waits longest for what comes gets it; who cannot use it holds up nobody; a client that was seen to go takes nothing. Leaves
//! to others: what an attempt does (`nedb_compat::redis`).

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
    fn join(served: &Arc<Served>, session: &Arc<Session>, wait: Wait) -> oneshot::Receiver<Reply> {
        let (answer, answered) = oneshot::channel();
        let mut state = served.waiting.state.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.insert(number, Waiting { session: Arc::clone(session), wait, answer, is_new: true });
        if !std::mem::replace(&mut state.is_served, true) {
            tokio::spawn(serve(Arc::clone(served), served.changes()));
        }
        answered
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
            if let Attempt::Answered(reply) = session.attempt_again(&wait) {
                let waiting = self.state.lock().waiting.remove(&number);
                // He went while he was served: as when the network loses a reply.
                let _unheard = waiting.map(|waiting| waiting.answer.send(reply));
            }
        }
        let mut state = self.state.lock();
        state.is_served = !state.waiting.is_empty();
        state.is_served
    }

    /// What one in the line waits for; who has gone leaves it.
    fn still_there(&self, number: u64) -> Option<(Arc<Session>, Wait)> {
        let mut state = self.state.lock();
        let waiting = state.waiting.get(&number)?;
        if waiting.answer.is_closed() {
            state.waiting.remove(&number);
            return None;
        }
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
            Err(_defect) => return *served.waiting.state.lock() = State::default(),
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
    stream: &TcpStream,
) -> Option<Reply> {
    let (owned, batch, at) = (Arc::clone(session), Arc::clone(call.0), call.1);
    let first = on_thread(move || Ok(owned.attempt(&batch.call(at).unwrap_or_default())));
    let wait = match answered(first.await) {
        Ok(reply) => return Some(reply),
        Err(wait) => wait,
    };
    let end = wait.timeout().and_then(|timeout| Instant::now().checked_add(timeout));
    let timed_out = wait.timed_out();
    let mut answer = WaitingLine::join(served, session, wait);
    tokio::select! {
        reply = &mut answer => reply.ok(),
        () = until(end) => {
            // Closed first: what was sent before is an answer, and nothing is sent behind it.
            answer.close();
            Some(answer.try_recv().unwrap_or(timed_out))
        }
        () = gone(stream) => None,
    }
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
