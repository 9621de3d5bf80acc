//! What one client talks to: commands one by one, or collected by MULTI and carried out together by EXEC.
//!
//! Promises: outside of MULTI a session keeps nothing but its watched keys, so any number of threads may use it at once.
//! EXEC is one transaction of the engine: all of its commands see one snapshot and each other, and their writes become
//! visible together or not at all; a watched key that anybody touched since WATCH ends it without effect.

use std::collections::BTreeMap;

use nedb::{Error, QueryCourse, Result};
use nedb_io::Mutex;

use super::args::Args;
use super::commands::Commands;
use super::locks::Wanted;
use super::own::Found;
use super::reply::Reply;
use super::table::{self, Access, Command, Handler};
use super::tracking::{Caller, Noting};
use super::tx::Tx;
use super::waiting::{Asked, Attempt, Outcome, Wait};
use super::watched::Watched;
use super::{own, refusal, refused, transactions};

/// One client's side of [`Commands`].
///
/// ```
/// use nedb_compat::redis::{Commands, Reply};
/// # fn main() -> nedb::Result<()> {
/// let session = Commands::new(&nedb::Database::in_memory()?).session();
/// session.execute(&[b"MULTI"]);
/// session.execute(&[b"INCR", b"visits"]);
/// session.execute(&[b"INCR", b"visits"]);
/// assert_eq!(session.execute(&[b"EXEC"]), Reply::Array(vec![Reply::Int(1), Reply::Int(2)]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session {
    commands: Commands,
    /// The number by which trackers know it.
    id: i64,
    state: Mutex<State>,
    noting: Mutex<Noting>,
    first_question: Mutex<FirstQuestion>,
}

/// How a question was answered: how many rows it has, and how their documents were reached.
type Course = (u64, QueryCourse);

/// The first question since somebody wanted to know how it was answered.
#[derive(Debug, Default)]
enum FirstQuestion {
    #[default]
    NoneYet,
    Answered(Course),
    /// It failed, or is no query of documents.
    WithoutCourse,
}

#[derive(Debug, Default)]
struct State {
    /// The commands since MULTI.
    queue: Option<Queue>,
    /// The keys that are watched, each since its first WATCH.
    watched: BTreeMap<Vec<u8>, Watched>,
}

impl State {
    /// What a call that is not well-formed does: it makes EXEC refuse, and when it is EXEC itself it ends the transaction.
    fn refuse(&mut self, name: &[u8], error: Error) -> Error {
        if name.eq_ignore_ascii_case(transactions::EXEC.as_bytes()) {
            *self = Self::default();
            let why = error.message().trim_start_matches("ERR ");
            return refusal::refused(format!("EXECABORT Transaction discarded because of: {why}"));
        }
        if let Some(queue) = &mut self.queue {
            queue.is_broken = true;
        }
        error
    }
}

#[derive(Debug, Default)]
struct Queue {
    calls: Vec<Call>,
    /// Whether a command was refused while it was queued: EXEC then does nothing.
    is_broken: bool,
}

/// What a call comes to in a round.
pub(super) enum Step {
    /// It cannot be carried out together with others.
    Alone,
    /// It is answered.
    Known(Reply),
    /// The command is to be carried out.
    Call(&'static Command, Caller),
    /// The commands since MULTI are to be carried out.
    Exec(Vec<(&'static Command, Vec<Vec<u8>>)>, Caller),
}

#[derive(Debug)]
struct Call {
    command: &'static Command,
    words: Vec<Vec<u8>>,
}

impl Session {
    pub(super) fn new(commands: Commands, id: i64) -> Self {
        let (state, noting, first_question) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { commands, id, state, noting, first_question }
    }

    /// Says which keys that it reads are noted, from the next command on; what is written is always noted while anybody tracks.
    pub fn note_reads(&self, noting: Noting) {
        *self.noting.lock() = noting;
    }

    /// Which keys that it reads are noted.
    ///
    /// ```
    /// use nedb_compat::redis::{Commands, Noting};
    /// let session = Commands::new(&nedb::Database::in_memory()?).session();
    /// session.note_reads(Noting::All);
    /// assert_eq!(session.noting(), Noting::All);
    /// # Ok::<(), nedb::Error>(())
    /// ```
    pub fn noting(&self) -> Noting {
        *self.noting.lock()
    }

    /// Who carries out the command at hand, behind which what was said for the next one is over.
    fn caller(&self) -> Caller {
        let mut noting = self.noting.lock();
        let caller = Caller { id: self.id, notes_reads: noting.is_for_next() };
        *noting = noting.behind_next();
        caller
    }

    /// The commands that the session shares with others.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// Carries out one command, given as its words; within MULTI it is queued. One that may wait does not: it answers as
    /// when its time is over.
    pub fn execute(&self, words: &[&[u8]]) -> Reply {
        match self.ask(words, Asked::First) {
            Ok(outcome) => outcome.now(),
            Err(error) => Reply::Error(error),
        }
    }

    /// Carries out one command as [`Session::execute`] does, but says what to wait for when there is nothing yet.
    ///
    /// Never [`Attempt::Waiting`] within MULTI, nor for commands that do not wait.
    pub fn attempt(&self, words: &[&[u8]]) -> Attempt {
        Attempt::of(self.ask(words, Asked::First))
    }

    /// Asks again for what was not there: when one of the keys has changed.
    ///
    /// Keys that got a value of another type are passed over now, as in Redis. What the session does meanwhile does not matter.
    pub fn attempt_again(&self, wait: &Wait) -> Attempt {
        let words: Vec<&[u8]> = wait.words.iter().map(Vec::as_slice).collect();
        let Some((name, words)) = words.split_first() else { return Attempt::Waiting(wait.clone()) };
        let caller = Caller { id: self.id, notes_reads: self.noting.lock().is_for_next() };
        Attempt::of(check(name, words).and_then(|command| self.commands.run(caller, command, words, Asked::Again)))
    }

    fn ask(&self, words: &[&[u8]], asked: Asked) -> Result<Outcome> {
        let (Some((name, words)), mut state) = (words.split_first(), self.state.lock()) else {
            return Err(refusal::unknown_command(b"", &[]));
        };
        let command = check(name, words).map_err(|error| {
            if words.first().is_some_and(|text| own::is_question(name, text)) {
                self.note_question(None);
            }
            state.refuse(name, error)
        })?;
        if matches!(command.handler, Handler::Session) {
            return self.control(command, words, state).map(Outcome::Answered);
        }
        let Some(queue) = &mut state.queue else {
            drop(state);
            if let Handler::Question(question) = command.handler {
                return self.answer(question, words).map(Outcome::Answered);
            }
            return self.commands.run(self.caller(), command, words, asked);
        };
        if matches!(command.handler, Handler::Engine(_) | Handler::Question(_)) {
            queue.is_broken = true;
            return Err(refusal::unsupported(format_args!("{} is not allowed in transactions", command.name)));
        }
        queue.calls.push(Call { command, words: words.iter().map(|word| word.to_vec()).collect() });
        Ok(Outcome::Answered(Reply::Simple("QUEUED".into())))
    }

    /// Answers a question, whose call ends what was said for the next one.
    fn answer(&self, question: fn(&Commands, Args<'_>) -> Result<Found>, words: &[&[u8]]) -> Result<Reply> {
        self.caller();
        let answered = question(&self.commands, Args::new(words));
        let course = answered.as_ref().ok().and_then(|found| Some((found.rows.len() as u64, found.course.clone()?)));
        self.note_question(course);
        answered.map(|found| Reply::Array(found.rows))
    }

    /// Keeps how a question was answered, if it is the first.
    fn note_question(&self, course: Option<Course>) {
        let mut first = self.first_question.lock();
        if matches!(*first, FirstQuestion::NoneYet) {
            *first = course.map_or(FirstQuestion::WithoutCourse, FirstQuestion::Answered);
        }
    }

    /// How the first question since this was asked last was answered: how many rows it has, and how their documents were reached. `None` when there
    /// was no question, and for one that failed or is no query of documents.
    ///
    /// ```
    /// use nedb_compat::redis::Commands;
    /// # fn main() -> nedb::Result<()> {
    /// let session = Commands::new(&nedb::Database::in_memory()?).session();
    /// session.execute(&[b"EVAL", b"FROM user", b"0"]);
    /// session.execute(&[b"EVAL", b"FROM city WHERE n = 1", b"0"]);
    /// assert_eq!(session.take_first_course().map(|(rows, course)| (rows, course.documents_scanned)), Some((0, 0)));
    /// assert!(session.take_first_course().is_none());
    /// session.execute(&[b"EVAL", b"FROM user"]);
    /// session.execute(&[b"EVAL", b"FROM user", b"0"]);
    /// assert!(session.take_first_course().is_none(), "the first lacks its number of keys");
    /// # Ok(())
    /// # }
    /// ```
    pub fn take_first_course(&self) -> Option<(u64, QueryCourse)> {
        match std::mem::take(&mut *self.first_question.lock()) {
            FirstQuestion::Answered(course) => Some(course),
            FirstQuestion::NoneYet | FirstQuestion::WithoutCourse => None,
        }
    }

    /// Notes that a call was refused before the session saw it: between MULTI and EXEC it makes EXEC refuse, as in Redis.
    ///
    /// ```
    /// use nedb_compat::redis::Commands;
    /// # fn main() -> nedb::Result<()> {
    /// let session = Commands::new(&nedb::Database::in_memory()?).session();
    /// session.execute(&[b"MULTI"]);
    /// session.refuse();
    /// assert!(session.execute(&[b"EXEC"]).error_text().is_some_and(|text| text.starts_with("EXECABORT")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse(&self) {
        if let Some(queue) = &mut self.state.lock().queue {
            queue.is_broken = true;
        }
    }

    /// Whether the session is between MULTI and EXEC.
    pub fn is_in_transaction(&self) -> bool {
        self.queued().is_some()
    }

    /// How many commands wait for EXEC; `None` outside of MULTI.
    ///
    /// ```
    /// let session = nedb_compat::redis::Commands::new(&nedb::Database::in_memory()?).session();
    /// session.execute(&[b"MULTI"]);
    /// session.execute(&[b"PING"]);
    /// assert_eq!(session.queued(), Some(1));
    /// # Ok::<(), nedb::Error>(())
    /// ```
    pub fn queued(&self) -> Option<usize> {
        self.state.lock().queue.as_ref().map(|queue| queue.calls.len())
    }

    /// What a call comes to in a round: what only this session knows of it happens here, the rest is left to the round.
    pub(super) fn step(&self, words: &[&[u8]]) -> Step {
        let Some((name, arguments)) = words.split_first() else { return Step::Known(self.execute(words)) };
        let Ok(command) = check(name, arguments) else { return Step::Known(self.execute(words)) };
        let mut state = self.state.lock();
        match (&command.handler, &mut state.queue) {
            (Handler::Session, Some(queue)) if command.name == transactions::EXEC && !queue.is_broken => {
                if !state.watched.is_empty() {
                    return Step::Alone;
                }
                let queue = std::mem::take(&mut *state).queue.unwrap_or_default();
                Step::Exec(queue.calls.into_iter().map(|call| (call.command, call.words)).collect(), self.caller())
            }
            (Handler::Session, None) if command.name == transactions::WATCH => Step::Alone,
            (Handler::Engine(_) | Handler::Question(_) | Handler::Either { .. } | Handler::Blocking(_), None) => {
                Step::Alone
            }
            (Handler::Data(_), None) => Step::Call(command, self.caller()),
            _ => {
                drop(state);
                Step::Known(self.execute(words))
            }
        }
    }

    /// The command of a call that reads in a transaction, and who calls, where it is carried out at once.
    pub(super) fn reads_now(&self, words: &[&[u8]]) -> Option<(&'static Command, Caller)> {
        let (name, words) = words.split_first()?;
        let command = check(name, words).ok()?;
        let reads = command.access == Access::Read && matches!(command.handler, Handler::Data(_));
        (reads && !self.is_in_transaction()).then(|| (command, self.caller()))
    }

    /// MULTI, EXEC, DISCARD, WATCH and UNWATCH.
    fn control(
        &self,
        command: &Command,
        words: &[&[u8]],
        mut state: std::sync::MutexGuard<'_, State>,
    ) -> Result<Reply> {
        match (command.name, state.queue.is_some()) {
            (transactions::MULTI, false) => state.queue = Some(Queue::default()),
            (transactions::MULTI, true) => return Err(refusal::refused("ERR MULTI calls can not be nested")),
            (transactions::WATCH, false) => return self.watch(words, &mut state),
            (transactions::WATCH, true) => return Err(refusal::refused("ERR WATCH inside MULTI is not allowed")),
            (transactions::UNWATCH, false) => state.watched.clear(),
            (transactions::UNWATCH, true) => {
                let call = Call { command: transactions::QUEUED_UNWATCH, words: Vec::new() };
                state.queue.get_or_insert_default().calls.push(call);
                return Ok(Reply::Simple("QUEUED".into()));
            }
            (transactions::DISCARD, true) => *state = State::default(),
            (transactions::EXEC, true) => {
                let State { queue, watched } = std::mem::take(&mut *state);
                drop(state);
                return self.exec(&queue.unwrap_or_default(), &watched);
            }
            (name, _) => return Err(refusal::refused(format!("ERR {name} without MULTI"))),
        }
        Ok(Reply::ok())
    }

    fn watch(&self, keys: &[&[u8]], state: &mut State) -> Result<Reply> {
        let snapshot = self.commands.database().snapshot();
        for key in keys {
            if !state.watched.contains_key(*key) {
                state.watched.insert(key.to_vec(), Watched::look(&snapshot, key)?);
            }
        }
        Ok(Reply::ok())
    }

    fn exec(&self, queue: &Queue, watched: &BTreeMap<Vec<u8>, Watched>) -> Result<Reply> {
        if queue.is_broken {
            return Err(refusal::refused("EXECABORT Transaction discarded because of previous errors."));
        }
        let calls: Vec<(&Command, Vec<&[u8]>)> =
            queue.calls.iter().map(|call| (call.command, call.words.iter().map(Vec::as_slice).collect())).collect();
        let caller = self.caller();
        self.commands.transact(&wanted_locks(&calls, watched), |tx| {
            tx.touches().begin(caller);
            for watched in watched.values() {
                if !watched.is_untouched(tx)? {
                    return Ok(Reply::NilArray);
                }
            }
            Ok(Reply::Array(calls.iter().map(|(command, words)| answer_to_keep(tx, command, words)).collect()))
        })
    }
}

/// What a transaction locks: nothing when it only reads, because one snapshot answers all of it.
fn wanted_locks<'q>(calls: &[(&Command, Vec<&'q [u8]>)], watched: &'q BTreeMap<Vec<u8>, Watched>) -> Wanted<'q> {
    if calls.iter().all(|(command, _)| command.access != Access::Write) {
        return Wanted::Keys(Vec::new());
    }
    if calls.iter().any(|(command, _)| command.is_on_every_key()) {
        return Wanted::Every;
    }
    let keys = calls.iter().flat_map(|(command, words)| command.keys.of(words));
    Wanted::Keys(keys.chain(watched.keys().map(Vec::as_slice)).collect())
}

/// The answer of one command within a transaction; one that fails leaves no trace, and the others go on.
pub(super) fn answer(tx: &mut Tx<'_>, command: &Command, words: &[&[u8]]) -> Reply {
    answer_with(tx, command, words, |_tx, _reply| Ok(()))
}

/// The same for one of many answers that are kept until the last is made.
pub(super) fn answer_to_keep(tx: &mut Tx<'_>, command: &Command, words: &[&[u8]]) -> Reply {
    answer_with(tx, command, words, |tx, reply| tx.kept().keep_whole(tx.snapshot(), reply.bytes()))
}

fn answer_with(
    tx: &mut Tx<'_>,
    command: &Command,
    words: &[&[u8]],
    keep: impl Fn(&Tx<'_>, &Reply) -> Result<()>,
) -> Reply {
    let mark = tx.mark();
    tx.kept().begin_answer();
    tx.begin_telling(command);
    tx.note_reads(command, words);
    let answer = match command.handler {
        Handler::Data(call) | Handler::Either { within: call, .. } => call(tx, Args::new(words)),
        Handler::Blocking(call) => call(tx, Args::new(words), Asked::First).map(Outcome::now),
        Handler::Engine(_) | Handler::Question(_) | Handler::Session | Handler::Connection => Err(refusal::syntax()),
    };
    let answer = answer.and_then(|reply| keep(tx, &reply).map(|()| reply));
    if answer.is_err() {
        tx.kept().drop_answer();
        tx.go_back(mark);
    }
    answer.into()
}

/// The answer of one command that a script calls, with the texts that scripts match on.
#[cfg(feature = "lua")]
pub(super) fn answer_in_script(tx: &mut Tx<'_>, words: &[&[u8]], access: Access) -> Reply {
    let refused = |text: &str| Reply::Error(refusal::refused(text));
    let Some((name, words)) = words.split_first() else { return Reply::Error(refusal::syntax()) };
    let Some(command) = table::command(name) else {
        return match refused::reason(name) {
            Some(_) => refused("ERR This Redis command is not allowed from script"),
            None => refused("ERR Unknown Redis command called from script"),
        };
    };
    if !command.takes(words.len() + 1) {
        return refused("ERR Wrong number of args calling Redis command from script");
    }
    if !command.is_for_scripts() {
        return refused("ERR This Redis command is not allowed from script");
    }
    if access != Access::Write && command.access == Access::Write {
        return refused("ERR Write commands are not allowed from read-only scripts.");
    }
    if command.may_wait() && words.iter().any(|word| word.eq_ignore_ascii_case(b"BLOCK")) {
        let name = command.name.to_ascii_lowercase();
        return refused(&format!("ERR {name} command is not allowed with BLOCK option from scripts"));
    }
    match (command.check)(Args::new(words)) {
        Ok(()) => {
            let reply = answer(tx, command, words);
            // The script has it as values of its own, which its memory bounds.
            tx.kept().drop_answer();
            reply
        }
        Err(error) => Reply::Error(error),
    }
}

/// Finds the command and checks how many words it was given.
fn check(name: &[u8], words: &[&[u8]]) -> Result<&'static Command> {
    let is_question = words.first().is_some_and(|text| own::is_question(name, text));
    let Some(command) = (if is_question { Some(own::QUESTION) } else { table::command(name) }) else {
        let name_text = String::from_utf8_lossy(name).to_ascii_uppercase();
        return Err(match refused::reason(name) {
            Some(reason) => refusal::unsupported(format_args!("{name_text} is refused: {reason}")),
            None => refusal::unknown_command(name, words),
        });
    };
    if !command.takes(words.len() + 1) {
        return Err(refusal::wrong_arity(command.name));
    }
    (command.check)(Args::new(words))?;
    Ok(command)
}
