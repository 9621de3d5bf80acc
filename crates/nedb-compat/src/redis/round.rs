//! Calls of many sessions, committed together: what a daemon does with all that its connections sent while the disk was busy.
//!
//! ```text
//! session A: SET k 1, INCR n        one transaction: SET │ INCR │ INCR │ GET ──> one batch, one sync ──> all replies
//! session B: INCR n, GET k                           (steps with versions of their own)
//! ```
//!
//! Promises: the calls of a session are carried out in their order, each atomic and with its own versions, and each sees what those
//! before it did; replies come when the batch is as durable as the database promises. When the batch is refused every call is
//! carried out alone, so that nobody suffers for another. What cannot be undone in memory (WATCH, an EXEC with watched keys, commands of
//! the engine) is carried out alone in any case. Leaves to others: threads, and which calls belong into one round.

use nedb::Result;

use super::commands::Commands;
use super::locks::Wanted;
use super::reply::Reply;
use super::session::{Session, Step, answer_to_keep};
use super::table::{Access, Command};
use super::tracking::{Caller, Noted};
use super::tx::Tx;

/// How many steps are committed together; a round with more is several.
const STEPS_MAX: usize = 4096;

/// The keys of so many steps are looked for side by side.
const EXPECTED_AT_ONCE: usize = 16;

/// How many bytes of words are committed together, well below what a frame of the log takes.
const WORD_BYTES_MAX: usize = 4 << 20;

/// The calls of one session in a round, and their replies.
///
/// ```
/// use nedb_compat::redis::{Commands, Reply, RoundCalls};
/// # fn main() -> nedb::Result<()> {
/// let commands = Commands::new(&nedb::Database::in_memory()?);
/// let (ada, bob) = (commands.session(), commands.session());
/// let mut round = [
///     RoundCalls::new(&ada, vec![vec![b"INCR", b"n"], vec![b"INCR", b"n"]]),
///     RoundCalls::new(&bob, vec![vec![b"INCR", b"n"]]),
/// ];
/// commands.round(&mut round);
/// assert_eq!(round[1].take_replies(), [Reply::Int(3)]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RoundCalls<'w> {
    session: &'w Session,
    calls: Vec<Vec<&'w [u8]>>,
    /// How many calls were looked at.
    next: usize,
    /// Whether the next call is carried out alone.
    is_alone: bool,
    replies: Vec<Reply>,
}

impl<'w> RoundCalls<'w> {
    /// Takes the calls of a session, each with its words.
    pub fn new(session: &'w Session, calls: Vec<Vec<&'w [u8]>>) -> Self {
        let replies = Vec::with_capacity(calls.len());
        Self { session, calls, next: 0, is_alone: false, replies }
    }

    /// The replies, one for each call, once the round is over.
    pub fn take_replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.replies)
    }
}

/// One step of a round: a command, or the commands of an EXEC.
struct Planned<'r> {
    /// Whose it is.
    caller: usize,
    called_by: Caller,
    work: Work<'r>,
}

impl Planned<'_> {
    fn reply(&self, tx: &mut Tx<'_>) -> Reply {
        tx.touches().begin(self.called_by);
        self.work.reply(tx)
    }
}

enum Work<'r> {
    /// It was answered when it was looked at; the reply waits for its turn.
    Known(Reply),
    /// A command and the words of its call, the name first.
    Call(&'static Command, Vec<&'r [u8]>),
    Exec(Vec<(&'static Command, Vec<Vec<u8>>)>),
}

impl Work<'_> {
    fn writes(&self) -> bool {
        match self {
            Self::Known(_) => false,
            Self::Call(command, _) => command.access == Access::Write,
            Self::Exec(calls) => calls.iter().any(|(command, _)| command.access == Access::Write),
        }
    }

    /// The reply in a transaction; a step that fails leaves no trace in it.
    fn reply(&self, tx: &mut Tx<'_>) -> Reply {
        match self {
            Self::Known(reply) => reply.clone(),
            Self::Call(command, words) => answer_to_keep(tx, command, behind_name(words)),
            Self::Exec(calls) => Reply::Array(
                calls
                    .iter()
                    .map(|(command, words)| {
                        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                        answer_to_keep(tx, command, &words)
                    })
                    .collect(),
            ),
        }
    }

    /// Adds the keys under which it will look.
    fn expect_keys<'w>(&'w self, keys: &mut Vec<&'w [u8]>) {
        if let Self::Call(command, words) = self {
            command.keys.add_to(behind_name(words), keys);
        }
    }

    /// Adds the keys whose turns it takes: those of what writes. What only reads may see the moment before. `false` when all keys there are
    /// may be among them.
    fn add_keys<'w>(&'w self, keys: &mut Vec<&'w [u8]>) -> bool {
        match self {
            _ if !self.writes() => {}
            Self::Known(_) => {}
            Self::Call(command, _) if command.is_on_every_key() => return false,
            Self::Call(command, words) => command.keys.add_to(behind_name(words), keys),
            Self::Exec(calls) => {
                for (command, words) in calls {
                    if command.is_on_every_key() {
                        return false;
                    }
                    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                    command.keys.add_to(&words, keys);
                }
            }
        }
        true
    }
}

fn behind_name<'c, 'w>(words: &'c [&'w [u8]]) -> &'c [&'w [u8]] {
    words.get(1..).unwrap_or_default()
}

impl Commands {
    /// Carries out the calls of several sessions and gives each its replies. A session stands in a round once.
    pub fn round(&self, callers: &mut [RoundCalls<'_>]) {
        loop {
            let planned = plan(callers);
            if !planned.is_empty() {
                let replies = self.together(&planned).unwrap_or_else(|_refused| self.one_by_one(&planned));
                for (step, reply) in planned.iter().zip(replies) {
                    if let Some(caller) = callers.get_mut(step.caller) {
                        caller.replies.push(reply);
                    }
                }
            }
            let mut is_over = true;
            for caller in callers.iter_mut() {
                // Planning stopped at a call that is carried out alone, or at the size of a round.
                let Some(words) = caller.calls.get(caller.next) else { continue };
                is_over = false;
                if std::mem::take(&mut caller.is_alone) {
                    caller.next += 1;
                    caller.replies.push(caller.session.execute(words));
                }
            }
            if is_over {
                return;
            }
        }
    }

    /// Carries out all steps as one transaction.
    fn together(&self, planned: &[Planned<'_>]) -> Result<Vec<Reply>> {
        if planned.iter().all(|step| !step.work.writes()) {
            let mut tx = self.look()?;
            let replies = planned.iter().map(|step| step.reply(&mut tx)).collect();
            self.deliver(tx.take_messages());
            self.note(Noted::of(&mut tx), None);
            return Ok(replies);
        }
        let mut keys = Vec::with_capacity(planned.len());
        let are_known = planned.iter().all(|step| step.work.add_keys(&mut keys));
        let wanted = if are_known { Wanted::Keys(keys) } else { Wanted::Every };
        self.transact(&wanted, |tx| {
            tx.expect_steps(planned.len());
            let mut replies = Vec::with_capacity(planned.len());
            let mut keys = Vec::new();
            for steps in planned.chunks(EXPECTED_AT_ONCE) {
                keys.clear();
                for step in steps {
                    step.work.expect_keys(&mut keys);
                }
                tx.expect_keys(&keys);
                for step in steps {
                    replies.push(step.reply(tx));
                    tx.seal();
                }
            }
            Ok(replies)
        })
    }

    fn one_by_one(&self, planned: &[Planned<'_>]) -> Vec<Reply> {
        let alone = |step| self.together(std::slice::from_ref(step)).unwrap_or_else(|error| vec![Reply::Error(error)]);
        planned.iter().flat_map(alone).collect()
    }
}

/// Takes from each session the calls that can be committed together, up to the size of a round.
fn plan<'r>(callers: &mut [RoundCalls<'r>]) -> Vec<Planned<'r>> {
    let (mut planned, mut bytes) = (Vec::new(), 0);
    for (position, caller) in callers.iter_mut().enumerate() {
        while let Some(words) = caller.calls.get_mut(caller.next) {
            if planned.len() >= STEPS_MAX || bytes >= WORD_BYTES_MAX {
                return planned;
            }
            bytes += words.iter().map(|word| word.len()).sum::<usize>();
            let (work, called_by) = match caller.session.step(words) {
                Step::Alone => {
                    caller.is_alone = true;
                    break;
                }
                Step::Known(reply) => (Work::Known(reply), Caller::default()),
                // Whoever looks at a call again does so for one that is carried out alone.
                Step::Call(command, by) => (Work::Call(command, std::mem::take(words)), by),
                Step::Exec(calls, by) => (Work::Exec(calls), by),
            };
            caller.next += 1;
            planned.push(Planned { caller: position, called_by, work });
        }
    }
    planned
}
