//! Live queries on a WebSocket: several, each by an id that the client chose.
//!
//! ```text
//! -> {"id": 1, "nql": "FROM orders WHERE state = $s", "params": {"s": "open"}}      <- {"id": 1, "seq": 4, "rows": [..]}
//!                                                                                   <- {"id": 1, "seq": 9, "removed": [..], "inserted": [[0, {..}]]}
//! -> {"id": 1, "stop": true}                                                        <- {"id": 1, "stopped": true}
//! ```
//!
//! Promises: an answer is made only when there is room to send it, so that a slow reader gets fewer and larger changes; one answer of a
//! socket is made at a time; a query rests three times as long as its answer took, ten seconds at most, however fast writers are; the end
//! of a lifetime is told within a second behind such a rest, also when the wall clock is set; an error ends its query and leaves the
//! socket. Leaves to others: what changes ([`nedb::LiveQuery`]), who is woken (`lives.rs`), frames (`socket`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, ErrorCode, LiveChange, LiveQuery, MemoryShare, Object, Params, QueryOptions, Result, Value};
use nedb_types::document::{json_to_value, value_to_json};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::body::{Request, invalid};
use super::failure;
use super::socket::{Gone, Message, Received, SENT_BYTES_MAX, Sender, Socket, Talk, talk};
use crate::databases::Served;
use crate::doorman::on_thread;
use crate::lives::Followed;
use crate::server::Shared;
use crate::slow::Asked;

/// How many live queries one socket has at most.
const QUERIES_MAX: usize = 100;

/// How many bytes a message has that asks: it is read where connections are served.
const ASKED_BYTES_MAX: usize = 256 << 10;

/// How many bytes the id of a query has in JSON at most.
const ID_BYTES_MAX: usize = 128;

/// How long it takes at least to the next look at a lifetime that ends.
const LIFETIME_PAUSE: Duration = Duration::from_millis(1);

/// How long nobody looks at the wall clock, by which lifetimes end and which may be set.
const CLOCK_PAUSE: Duration = Duration::from_secs(1);

/// How many times as long as its answer took a query rests.
const REST_FACTOR: u32 = 3;

/// How long it rests at most.
const REST_MAX: Duration = Duration::from_secs(10);

pub(super) fn live(request: &mut Request) -> Result<Talk> {
    let (shared, served) = (Arc::clone(&request.shared), request.served()?);
    let by = request.identity.name.clone();
    let bounds = shared.config.live_bounds();
    Ok(talk(|socket| async move {
        let sender = socket.sender();
        // While it lives, somebody watches the database.
        let _changes = served.changes();
        let wake = Arc::new(Notify::new());
        let context = Arc::new(Context { shared, served, by, bounds, wake });
        Session { context, sender, queries: BTreeMap::new(), due: VecDeque::new(), answering: JoinSet::new() }
            .speak(socket)
            .await
    }))
}

/// What all queries of a socket share.
struct Context {
    shared: Arc<Shared>,
    served: Arc<Served>,
    /// Who asks.
    by: String,
    bounds: QueryOptions,
    wake: Arc<Notify>,
}

/// What a client says.
enum Said {
    Follow(Wanted),
    Stop,
}

/// What a client says of a query while it is being answered: each `stop` is told, and of the queries the last one is wanted.
#[derive(Default)]
struct Meanwhile {
    stops: usize,
    wanted: Option<Wanted>,
}

impl Meanwhile {
    fn hear(&mut self, said: Said) {
        match said {
            Said::Follow(wanted) => self.wanted = Some(wanted),
            Said::Stop => (self.stops, self.wanted) = (self.stops + 1, None),
        }
    }

    fn is_any(&self) -> bool {
        self.stops > 0 || self.wanted.is_some()
    }
}

/// A query that a client wants to follow.
struct Wanted {
    nql: String,
    params: Params,
    /// Of the message, for as long as the query lives.
    account: MemoryShare,
}

/// A query of the socket.
struct Query {
    state: State,
    /// What the client said of it while it was being answered.
    meanwhile: Meanwhile,
    /// When it is looked at again: a lifetime may end that it notices, or it has rested.
    due_at: Option<Instant>,
    /// Until when it rests.
    rests_until: Instant,
    /// Whether something was written while it rested.
    is_written: bool,
}

impl Query {
    fn new(wanted: Wanted) -> Self {
        let (state, meanwhile) = (State::Wanted(wanted), Meanwhile::default());
        Self { state, meanwhile, due_at: None, rests_until: Instant::now(), is_written: false }
    }

    /// Looks at it at a moment, unless that is done sooner.
    fn look_at(&mut self, at: Instant) {
        self.due_at = Some(self.due_at.map_or(at, |before| before.min(at)));
    }

    /// Whether it is to be answered now that something was written that it may read; while it rests it is looked at later.
    fn is_woken(&mut self, now: Instant) -> bool {
        let is_due = matches!(&self.state, State::Begun(begun) if begun.followed.take_due());
        if is_due && now < self.rests_until {
            self.is_written = true;
            self.look_at(self.rests_until);
            return false;
        }
        is_due
    }

    /// Whether it is to be answered now that its time has come: what it may read was written, or a lifetime has ended.
    fn is_over(&mut self, now: Instant) -> bool {
        let State::Begun(begun) = &self.state else { return false };
        if self.due_at.take_if(|due_at| *due_at <= now).is_none() {
            return false;
        }
        let due_in = begun.due_in();
        if std::mem::take(&mut self.is_written) || due_in.is_some_and(|due_in| due_in.is_zero()) {
            return true;
        }
        self.due_at = due_in.map(|due_in| now + due_in.clamp(LIFETIME_PAUSE, CLOCK_PAUSE));
        false
    }
}

enum State {
    /// Not begun.
    Wanted(Wanted),
    Begun(Box<Begun>),
    /// It is being answered.
    Away,
}

struct Begun {
    live: LiveQuery,
    followed: Arc<Followed>,
    asked: Asked,
    /// Of the message that asked.
    _message: MemoryShare,
    /// Of what the query keeps.
    account: MemoryShare,
    /// How long its last answer took.
    took: Duration,
}

/// A query that was answered, or why it ends.
type Answered = (String, Result<Box<Begun>>);

struct Session {
    context: Arc<Context>,
    sender: Sender,
    /// By the JSON of their ids.
    queries: BTreeMap<String, Query>,
    /// Those to be answered, in their turn.
    due: VecDeque<String>,
    /// The answer that is being made: a task of its own, so that it goes on, and gives its place back, also while this one waits for a client
    /// that does not read.
    answering: JoinSet<std::result::Result<Answered, Gone>>,
}

impl Session {
    /// Speaks until the client or the daemon ends.
    async fn speak(mut self, mut socket: Socket) -> Socket {
        let wake = Arc::clone(&self.context.wake);
        loop {
            self.answer_next();
            let next_due = self.queries.values().filter_map(|query| query.due_at).min();
            let went = tokio::select! {
                received = socket.next() => match received {
                    Some(received) => self.hear(received).await,
                    None => return socket,
                },
                () = wake.notified() => {
                    let now = Instant::now();
                    self.take_due(|query| query.is_woken(now));
                    Ok(())
                }
                Some(answered) = self.answering.join_next() => match answered {
                    Ok(Ok(answered)) => self.take_back(answered).await,
                    // A defect in an answer ends the socket.
                    Ok(Err(Gone)) | Err(_) => Err(Gone),
                },
                () = sleep_until(next_due) => {
                    let now = Instant::now();
                    self.take_due(|query| query.is_over(now));
                    Ok(())
                }
            };
            if went.is_err() {
                return socket;
            }
        }
    }

    /// Begins the next answer when none is being made.
    fn answer_next(&mut self) {
        while self.answering.is_empty() {
            let Some(id) = self.due.pop_front() else { return };
            let Some(query) = self.queries.get_mut(&id) else { continue };
            let state = std::mem::replace(&mut query.state, State::Away);
            (query.due_at, query.is_written) = (None, false);
            self.answering.spawn(answer(Arc::clone(&self.context), self.sender.clone(), id, state));
        }
    }

    /// Puts those that are due in the line.
    fn take_due(&mut self, mut is_due: impl FnMut(&mut Query) -> bool) {
        for (id, query) in &mut self.queries {
            if is_due(query) && !self.due.contains(id) {
                self.due.push_back(id.clone());
            }
        }
    }

    async fn hear(&mut self, received: Received) -> std::result::Result<(), Gone> {
        let (id, said) = match read(received) {
            Ok((id, said)) => (id, said),
            Err((id, error)) => return self.refuse(&id, &error).await,
        };
        if self.queries.len() >= QUERIES_MAX && !self.queries.contains_key(&id) && !matches!(said, Said::Stop) {
            let message = format!("this socket follows {QUERIES_MAX} queries, as many as it may: stop one");
            return self.refuse(&id, &Error::new(ErrorCode::Busy, message)).await;
        }
        match self.queries.get_mut(&id) {
            Some(query) if matches!(query.state, State::Away) => {
                query.meanwhile.hear(said);
                Ok(())
            }
            _ => self.follow(id, said).await,
        }
    }

    /// Puts what the client wants in the place of what there is.
    async fn follow(&mut self, id: String, said: Said) -> std::result::Result<(), Gone> {
        self.due.retain(|due| *due != id);
        match said {
            Said::Stop => {
                self.queries.remove(&id);
                self.say(format!("{{\"id\":{id},\"stopped\":true}}")).await
            }
            Said::Follow(wanted) => {
                self.due.push_back(id.clone());
                self.queries.insert(id, Query::new(wanted));
                Ok(())
            }
        }
    }

    /// Takes a query back that was answered.
    async fn take_back(&mut self, (id, answered): Answered) -> std::result::Result<(), Gone> {
        let Some(query) = self.queries.get_mut(&id) else { return Ok(()) };
        let meanwhile = std::mem::take(&mut query.meanwhile);
        if meanwhile.is_any() {
            let stops = (0..meanwhile.stops).map(|_| Said::Stop);
            for said in stops.chain(meanwhile.wanted.map(Said::Follow)) {
                self.follow(id.clone(), said).await?;
            }
            return Ok(());
        }
        match answered {
            Ok(begun) => {
                let now = Instant::now();
                query.rests_until = now + rest_after(begun.took);
                query.due_at = begun.due_in().map(|due_in| {
                    let looks_at = now + due_in.clamp(LIFETIME_PAUSE, CLOCK_PAUSE);
                    looks_at.max(query.rests_until)
                });
                query.state = State::Begun(begun);
                // Something may have come while it was away.
                if query.is_woken(now) {
                    self.due.push_back(id);
                }
                Ok(())
            }
            Err(error) => {
                self.queries.remove(&id);
                self.refuse(&id, &error).await
            }
        }
    }

    async fn refuse(&mut self, id: &str, error: &Error) -> std::result::Result<(), Gone> {
        let mut about = Object::new();
        about.insert("id", json_to_value(id.as_bytes()).unwrap_or(Value::Null));
        self.say(failure::json_beside(about, error)).await
    }

    async fn say(&mut self, text: String) -> std::result::Result<(), Gone> {
        self.sender.send(Message::Text(text.into())).await
    }
}

/// Answers a query when there is room for what it says.
async fn answer(
    context: Arc<Context>,
    sender: Sender,
    id: String,
    state: State,
) -> std::result::Result<Answered, Gone> {
    let space = sender.space().await?;
    let place = context.shared.doorman.live_answer().await;
    let name = id.clone();
    let answered = on_thread(move || {
        let _place = place;
        let mut begun = context.begun(state)?;
        let change = begun.answer(&context)?;
        let text = change.map(|change| change.to_json()).transpose()?;
        let Some(text) = text.map(|change| format!("{{\"id\":{name},{change}}}")) else { return Ok(begun) };
        let bytes = text.len();
        if bytes > SENT_BYTES_MAX {
            let code = ErrorCode::QueryMemoryExceeded;
            let (max, actual) = (SENT_BYTES_MAX as u64, bytes as u64);
            return Err(Error::over_limit(code, "a message of a live query", "SENT_BYTES_MAX", max, actual));
        }
        let mut account = context.shared.doorman.account();
        account.set(bytes).inspect_err(|error| context.shared.note_memory(error))?;
        space.send(Message::Text(text.into()), Some(account));
        Ok(begun)
    });
    Ok((id, answered.await))
}

impl Context {
    /// The query, begun if it was not.
    fn begun(&self, state: State) -> Result<Box<Begun>> {
        match state {
            State::Begun(begun) => Ok(begun),
            State::Away => Err(invalid("this query is being answered")),
            State::Wanted(Wanted { nql, params, account }) => {
                let names = params.iter().map(|(name, _)| name.to_owned()).collect();
                let live = self.served.db.live(&nql, &self.bounds.clone().params(params))?;
                // From here on nothing is missed: the first answer comes later.
                let followed = self.served.lives.join(live.watch(), &self.wake);
                let asked = Asked::new("nql", &self.by, &nql, names);
                let kept = self.shared.doorman.account();
                Ok(Box::new(Begun { live, followed, asked, _message: account, account: kept, took: Duration::ZERO }))
            }
        }
    }

    /// Says that a database was dropped, where that is why it is closed.
    fn ended(&self, error: Error) -> Error {
        if error.code() == ErrorCode::Closed && self.served.is_dropped() {
            return Error::new(ErrorCode::NotFound, format!("the database {} was dropped", self.served.name));
        }
        error
    }
}

impl Begun {
    /// In which time a lifetime may end that it notices.
    fn due_in(&self) -> Option<Duration> {
        self.live.watch().due_in_us().map(Duration::from_micros)
    }

    fn answer(&mut self, context: &Context) -> Result<Option<LiveChange>> {
        let (slow, before) = (&context.served.slow, self.live.answers());
        let begun_us = slow.now_us();
        let change = self.live.try_next().map_err(|error| context.ended(error))?;
        let (answers, time_us) = (self.live.answers() - before, slow.now_us().saturating_sub(begun_us));
        self.took = Duration::from_micros(time_us);
        if answers > 0 {
            context.served.lives.answered(answers);
            slow.answered(&context.served.name, &self.asked, time_us, None);
        }
        self.account.set(self.live.memory_bytes()).inspect_err(|error| context.shared.note_memory(error))?;
        Ok(change)
    }
}

/// Reads what a client says; an error comes with the id, as far as there is one.
fn read(received: Received) -> std::result::Result<(String, Said), (String, Error)> {
    let about_none = |error| ("null".to_owned(), error);
    let Message::Text(text) = received.message else {
        return Err(about_none(invalid("a message of bytes: live queries are asked in JSON, as text")));
    };
    if text.len() > ASKED_BYTES_MAX {
        let (max, actual) = (ASKED_BYTES_MAX as u64, text.len() as u64);
        let what = "bytes of a message of a live socket";
        return Err(about_none(Error::over_limit(ErrorCode::BatchTooLarge, what, "ASKED_BYTES_MAX", max, actual)));
    }
    let object = match json_to_value(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err(about_none(Error::new(ErrorCode::InvalidJson, "the message is JSON, but not an object"))),
        Err(error) => return Err(about_none(error)),
    };
    let id = read_id(&object).map_err(about_none)?;
    let said = read_said(object, received.account).map_err(|error| (id.clone(), error))?;
    Ok((id, said))
}

fn read_id(object: &Object) -> Result<String> {
    let id = match object.get("id") {
        Some(id @ (Value::String(_) | Value::I64(_))) => value_to_json(id)?,
        _ => return Err(invalid("id is missing, or neither a text nor a whole number")),
    };
    if id.len() > ID_BYTES_MAX {
        return Err(invalid(format!("id has {} bytes in JSON, and {ID_BYTES_MAX} are allowed", id.len())));
    }
    Ok(id)
}

fn read_said(mut object: Object, account: MemoryShare) -> Result<Said> {
    object.remove("id");
    let (nql, params, stop) = (object.remove("nql"), object.remove("params"), object.remove("stop"));
    if let Some(other) = object.keys().next() {
        return Err(invalid(format!("there is no {other:?}; there are: id, nql, params, stop")));
    }
    let params = match params {
        None | Some(Value::Null) => Params::new(),
        Some(Value::Object(values)) => {
            values.iter().fold(Params::new(), |params, (name, value)| params.with(name, value.clone()))
        }
        Some(_) => return Err(invalid("params is not an object")),
    };
    match (nql, stop) {
        (Some(Value::String(nql)), None) => Ok(Said::Follow(Wanted { nql, params, account })),
        (None, Some(Value::Bool(true))) => Ok(Said::Stop),
        _ => Err(invalid("a message has either nql, a text, or stop, which is true")),
    }
}

/// How long a query rests whose answer took so long.
fn rest_after(took: Duration) -> Duration {
    took.saturating_mul(REST_FACTOR).min(REST_MAX)
}

/// Waits until a moment, for ever when there is none.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
