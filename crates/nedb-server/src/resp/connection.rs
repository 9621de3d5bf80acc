//! One connection of the Redis protocol.
//!
//! ```text
//! bytes ──> calls ──┬─> commands of the connection: at once, in their turn
//!                   ├─> calls that only look up keys: at once, on this thread, or where values may be large on another
//!                   └─> all others: in the next round of the database, together with those of other connections
//! ```
//!
//! Promises: replies in the order of the calls; what a pipeline writes is committed together; memory grows with the bytes that came, and
//! replies of look-ups that the client does not take are not made. Leaves to others: what the other connections see of it (`presence.rs`).

mod acts;
mod holding;
mod login;
mod presence;
mod timing;

use std::net::SocketAddr;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nedb::{Error, ErrorCode, Result};
use nedb_compat::redis::{Reply, Session};
use nedb_wire::resp::{Batch, Calls, Limits, Version, Writer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use self::holding::Holding;
use super::called::{Called, Whose};
use super::channels::Subscriptions;
use super::commands::Row;
use super::connected::Listed;
use super::tracking::{Tracker, Tracks};
use super::transfer::{UNSENT_BYTES_MAX, read, send};
use super::{commands, subscribe, waiting};
use crate::databases::Served;
use crate::doorman::on_thread;
use crate::metrics::{Protocol, Refusal};
use crate::rights::{Identity, Right};
use crate::server::{DRAIN, Shared};
use crate::tls::{Stream, secure};

/// The database of a connection that has not chosen one.
const FIRST_DATABASE: &str = "db0";

/// How many look-ups a connection makes while others wait.
const LOOK_UPS_AT_ONCE: usize = 64;

/// The number of the next connection.
static NEXT_ID: AtomicI64 = AtomicI64::new(1);

/// Serves connections until the daemon ends.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let mut ending = shared.ending();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ending = ending.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors, most likely: others will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some(place) = shared.doorman.connection() else {
            if shared.tls().is_none() {
                // He may have gone already.
                let _told = stream.try_write(b"-ERR max number of clients reached\r\n");
            }
            continue;
        };
        // Who has gone already has no address any more; he is served until that shows.
        let local = stream.local_addr().unwrap_or(peer);
        let connection = Connection::new(Arc::clone(&shared), (peer, local));
        let client = Arc::clone(connection.client());
        let (tls, mut ending, shared) = (shared.tls().map(|tls| tls.resp), shared.ending(), Arc::clone(&shared));
        connections.spawn(async move {
            let _place = place;
            let secured = tokio::select! {
                secured = secure(tls, stream) => secured,
                _ending = ending.changed() => return,
            };
            let stream = match secured {
                Ok(stream) => stream,
                Err(error) => {
                    shared.metrics.refused(Refusal::Handshake);
                    return tracing::debug!("a TLS handshake failed: {error}");
                }
            };
            let _counted = shared.metrics.connection(Protocol::Redis);
            let ran = tokio::select! {
                ran = connection.run(stream) => ran,
                () = client.killed() => return tracing::info!(client = client.id, "a Redis connection was killed"),
            };
            if let Err(error) = ran {
                tracing::debug!("a Redis connection ended: {error}");
            }
        });
    }
    drop(listener);
    // Each ends after the calls that it has under way; one that does not take its replies is not waited for.
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, all_ended).await.is_err() {
        tracing::warn!("Redis connections were cut off: they took longer than {DRAIN:?} to end");
        connections.shutdown().await;
    }
}

/// What comes of a command of the connection.
pub(super) enum Next {
    Reply(Reply),
    /// The reply, and then the end.
    Close(Reply),
    /// What looks at all databases, which takes its time.
    Survey(Box<dyn FnOnce() -> Result<Reply> + Send>),
    /// Another database.
    Select(String),
    /// Keys are tracked from now on.
    Track(Tracker),
    /// What writes its replies itself, once the database is open.
    Within(Within),
    /// No reply, because the client wants none.
    Nothing,
}

/// Which replies the client wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Heard {
    #[default]
    All,
    AllButNext,
    Nothing,
}

/// What is done in the database of a connection, with its words and where to write to.
pub(super) type Within = fn(&mut Connection, &Arc<Served>, &[&[u8]], &mut Vec<u8>) -> Result<()>;

/// How far calls were carried out.
enum Done {
    All,
    /// Up to this one, which may wait.
    UpTo(usize),
}

/// What a connection knows.
pub(super) struct Connection {
    shared: Arc<Shared>,
    listed: Listed,
    pub(super) heard: Heard,
    pub(super) version: Version,
    /// Who calls; nobody before AUTH, on a daemon that asks for it.
    pub(super) identity: Option<Identity>,
    database: String,
    open: Option<(Arc<Served>, Arc<Session>)>,
    /// What the connection listens to.
    pub(super) subscriptions: Option<Subscriptions>,
    tracks: Option<Tracks>,
    holding: Holding,
    /// The error that the last call of the database met, if that is an act.
    failed: Option<Error>,
    /// What became of the wrong tokens that it sent.
    wrong_tokens: Vec<Error>,
}

impl Connection {
    fn new(shared: Arc<Shared>, addresses: (SocketAddr, SocketAddr)) -> Self {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let listed = shared.connected.join(id, addresses, shared.config.io.clock.monotonic_us());
        let holding = Holding::new(shared.doorman.account());
        let mut connection = Self {
            shared,
            listed,
            heard: Heard::All,
            version: Version::Two,
            identity: None,
            database: FIRST_DATABASE.to_owned(),
            open: None,
            subscriptions: None,
            tracks: None,
            holding,
            failed: None,
            wrong_tokens: Vec::new(),
        };
        connection.reset();
        connection
    }

    /// Makes it a new connection.
    pub(super) fn reset(&mut self) {
        self.identity = self.shared.tokens().is_empty().then(|| Identity::root("anybody"));
        self.version = Version::Two;
        self.heard = Heard::All;
        self.client().say(|said| said.name.clear());
        FIRST_DATABASE.clone_into(&mut self.database);
        self.open = None;
        self.subscriptions = None;
        self.tracks = None;
        self.describe();
    }

    /// Whether it is between MULTI and EXEC.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.open.as_ref().is_some_and(|(_, session)| session.is_in_transaction())
    }

    /// What Redis calls the durability of writes.
    pub(super) fn appendfsync(&self) -> &'static str {
        self.shared.config.appendfsync()
    }

    /// Which notifications there are, in the letters of Redis.
    pub(super) fn notices(&self) -> String {
        self.shared.config.notices.to_string()
    }

    /// How many clients wait for a key.
    pub(super) fn blocked_clients(&self) -> usize {
        self.shared.databases.opened().iter().map(|served| served.waiting.len()).sum()
    }

    async fn run(mut self, mut stream: Stream) -> std::io::Result<()> {
        let mut ending = self.shared.ending();
        // What it listens to between calls, without joining those who wait there each time.
        let pushes = Arc::clone(&self.client().pushes);
        let (mut ended, mut pushed) = (pin!(ending.changed()), pin!(pushes.came()));
        let (mut calls, mut out) = (Calls::new(), Vec::new());
        loop {
            let mailbox = self.subscriptions.as_ref().map(Subscriptions::mailbox);
            let idle_timeout = self.shared.config.idle_timeout.filter(|_| mailbox.is_none());
            let read = tokio::select! {
                read = read(&mut stream, calls.buffer(), idle_timeout) => read,
                () = subscribe::came(mailbox.as_deref()) => {
                    if self.push_messages(&mut out, &mut stream).await? {
                        continue;
                    }
                    return stream.shutdown().await;
                }
                () = &mut pushed => {
                    pushed.set(pushes.came());
                    self.push_changes(&mut out);
                    send(&mut stream, &mut out).await?;
                    continue;
                }
                _ending = &mut ended => return Ok(()),
            };
            if read? == 0 {
                return Ok(());
            }
            if let Err(error) = self.holding.count_calls(calls.buffer().len()) {
                // A call of which a part is here cannot be passed over.
                self.shared.note_memory(&error);
                self.write(&mut out, &Reply::Error(error));
                send(&mut stream, &mut out).await?;
                return stream.shutdown().await;
            }
            // What the client keeps a copy of and has changed, before it is told anything newer.
            self.push_changes(&mut out);
            let limits = if self.identity.is_some() { Limits::NORMAL } else { Limits::BEFORE_AUTH };
            let goes_on = loop {
                match calls.take(limits) {
                    Ok(batch) if batch.is_empty() => break true,
                    Ok(batch) => {
                        if !self.answer(Arc::new(batch), &mut out, &mut stream).await {
                            break false;
                        }
                    }
                    Err(error) => {
                        Writer::new(&mut out, self.version).error(&error.to_string());
                        break false;
                    }
                }
            };
            self.push_changes(&mut out);
            self.holding.send(&mut stream, &mut out).await?;
            // What is left is smaller than what was held.
            self.holding.count_calls(calls.buffer().len()).map_err(std::io::Error::other)?;
            if !goes_on || self.shared.is_ending() {
                return stream.shutdown().await;
            }
        }
    }

    /// Answers calls in their order; false when the connection ends with them.
    async fn answer(&mut self, batch: Arc<Batch>, out: &mut Vec<u8>, stream: &mut Stream) -> bool {
        let calls: Vec<Called<'_>> = batch.iter().map(Called::new).collect();
        let mut at = 0;
        while let Some(call) = calls.get(at) {
            if self.holding.send_much(stream, out).await.is_err() {
                return false;
            }
            if self.answer_while_listening(&call.words, out) {
                at += 1;
                continue;
            }
            match call.whose {
                Whose::Connection(row) => {
                    at += 1;
                    let begun_us = self.begin(call);
                    if !self.carry_out(row, call, begun_us, out).await {
                        return false;
                    }
                }
                // A page of a browser that was sent here must not have its body taken for commands.
                Whose::Http => return false,
                Whose::Database(_) if self.identity.is_none() => {
                    at += 1;
                    self.write(out, &no_auth());
                }
                Whose::Database(_) => {
                    let rest = calls.get(at..).unwrap_or_default();
                    let end = at + acts::alike(rest);
                    let act = match self.begin_act(call).await {
                        Ok(act) => act,
                        Err(error) => {
                            self.write(out, &Reply::Error(error));
                            at += 1;
                            continue;
                        }
                    };
                    let asked = calls.get(at..end).unwrap_or_default();
                    if !self.may_go_on(asked, out, stream).await {
                        return false;
                    }
                    let done = self.data((&batch, &calls), at..end, out, stream).await;
                    let failed = self.failed.take();
                    self.end_act(act, failed).await;
                    let Ok(done) = done else { return false };
                    match done {
                        Done::All => at = end,
                        Done::UpTo(waits) => {
                            at = waits + 1;
                            if !self.wait((&batch, &calls), waits, out, stream).await {
                                return false;
                            }
                        }
                    }
                }
            }
        }
        true
    }

    /// Carries out a command of the connection; false when the connection ends with it.
    async fn carry_out(&mut self, row: &'static Row, call: &Called<'_>, begun_us: u64, out: &mut Vec<u8>) -> bool {
        let words = call.words.get(1..).unwrap_or_default();
        let act = match self.begin_act(call).await {
            Ok(act) => act,
            Err(error) => {
                self.write(out, &Reply::Error(error));
                return true;
            }
        };
        let next =
            if self.identity.is_some() || row.is_before_auth { row.run(self, words) } else { Next::Reply(no_auth()) };
        let next = self.after_token(row, next).await;
        let error = if let Next::Reply(Reply::Error(error)) = &next { Some(error.clone()) } else { None };
        self.end_act(act, error).await;
        self.describe();
        let (reply, goes_on) = match next {
            Next::Nothing => return true,
            Next::Reply(reply) => (reply, true),
            Next::Close(reply) => (reply, false),
            Next::Survey(work) => (self.shared.doorman.survey(work).await.unwrap_or_else(Reply::Error), true),
            Next::Select(database) => {
                let reply = self.select(database).await;
                // Where it was refused, the database of before is none of its business.
                if !matches!(reply, Reply::Error(_)) {
                    self.keep_slow_opening(call, begun_us);
                }
                (reply, true)
            }
            Next::Track(tracker) => (self.begin_tracking(tracker).await, true),
            Next::Within(within) => {
                let done = match self.open().await {
                    Ok((served, _)) => within(self, &served, words, out),
                    Err(error) => Err(error),
                };
                self.keep_slow_opening(call, begun_us);
                if let Err(error) = done {
                    self.write(out, &Reply::Error(error));
                } else if self.heard == Heard::AllButNext {
                    self.heard = Heard::All;
                }
                self.describe();
                return true;
            }
        };
        self.write(out, &reply);
        goes_on
    }

    async fn select(&mut self, database: String) -> Reply {
        if self.is_in_transaction() {
            return commands::refused("ERR SELECT is not allowed in transactions: choose the database before MULTI");
        }
        if let Err(error) = self.demand(Right::Verify, &database) {
            return Reply::Error(error);
        }
        let before = (std::mem::replace(&mut self.database, database), self.open.take());
        let reply = match self.open().await {
            Ok(_) => Reply::ok(),
            Err(error) => {
                (self.database, self.open) = before;
                Reply::Error(error)
            }
        };
        self.describe();
        reply
    }

    /// The database of the connection; the numbered ones are made when they are first used.
    async fn open(&mut self) -> Result<(Arc<Served>, Arc<Session>)> {
        if let Some(open) = self.open.as_ref().filter(|(served, _)| !served.is_dropped()) {
            return Ok(open.clone());
        }
        let (shared, name) = (Arc::clone(&self.shared), self.database.clone());
        let is_numbered =
            name.strip_prefix("db").is_some_and(|number| number.parse::<u8>().is_ok_and(|number| number < 16));
        let may_create = self.demand(Right::Write, &name).is_ok();
        let served = on_thread(move || {
            if is_numbered && may_create { shared.databases.get_or_create(&name) } else { shared.databases.get(&name) }
        })
        .await?;
        let session = served.rounds.session(self.client().id);
        self.open = Some((Arc::clone(&served), Arc::clone(&session)));
        self.track_here();
        self.describe();
        Ok((served, session))
    }

    pub(super) fn demand(&self, right: Right, database: &str) -> Result<()> {
        let Some(identity) = &self.identity else {
            return Err(Error::new(ErrorCode::RedisCommand, "NOAUTH Authentication required."));
        };
        if identity.may(right, Some(database)) {
            return Ok(());
        }
        let message = format!("NOPERM this user lacks the right {} on database {database}", right.as_str());
        Err(Error::new(ErrorCode::RedisCommand, message))
    }

    /// Carries out calls of the database.
    ///
    /// Ends before a call that may wait, once those before it are answered.
    ///
    /// Errors: the client takes no replies.
    async fn data(
        &mut self,
        (batch, calls): (&Arc<Batch>, &[Called<'_>]),
        wanted: Range<usize>,
        out: &mut Vec<u8>,
        stream: &mut Stream,
    ) -> std::io::Result<Done> {
        let (served, session) = match self.open().await {
            Ok(open) => open,
            Err(error) => {
                for call in calls.get(wanted).unwrap_or_default() {
                    self.write(out, &without_database(&call.words, &error));
                }
                return Ok(Done::All);
            }
        };
        let open = (&served, &session);
        let mut start = wanted.start;
        for at in wanted.clone() {
            let Some(call) = calls.get(at) else { break };
            // A call that the caller has no right to is refused in its turn.
            if let Err(error) = self.demand(call.right(), &self.database) {
                self.round(open, (batch, calls), start..at, out, stream).await?;
                session.refuse();
                self.write(out, &Reply::Error(error));
                start = at + 1;
            } else if call.may_wait() {
                self.round(open, (batch, calls), start..at, out, stream).await?;
                start = at;
                if !session.is_in_transaction() {
                    return Ok(Done::UpTo(at));
                }
            }
        }
        self.round(open, (batch, calls), start..wanted.end, out, stream).await?;
        Ok(Done::All)
    }

    /// Carries out a call that may wait; false when the client has gone, or the daemon ends.
    async fn wait(
        &mut self,
        (batch, calls): (&Arc<Batch>, &[Called<'_>]),
        at: usize,
        out: &mut Vec<u8>,
        stream: &mut Stream,
    ) -> bool {
        let (Some((served, session)), Some(call)) = (self.open.clone(), calls.get(at)) else { return false };
        // What was answered before it must not wait with it.
        if self.holding.send(stream, out).await.is_err() {
            return false;
        }
        let mut ending = self.shared.ending();
        self.begin(call);
        let reply = tokio::select! {
            reply = waiting::carry_out(&served, &session, (batch, at), (self.client(), stream.socket())) => reply,
            _ending = ending.changed() => None,
        };
        reply.is_some_and(|reply| {
            self.write(out, &reply);
            true
        })
    }

    /// Carries out calls together, or piece by piece when all of them look up keys, and sends their replies when these are many.
    async fn round(
        &mut self,
        (served, session): (&Arc<Served>, &Arc<Session>),
        (batch, calls): (&Arc<Batch>, &[Called<'_>]),
        mut wanted: Range<usize>,
        out: &mut Vec<u8>,
        stream: &mut Stream,
    ) -> std::io::Result<()> {
        let asked = calls.get(wanted.clone()).unwrap_or_default();
        let only_looks_up = !session.is_in_transaction() && asked.iter().all(Called::is_look_up);
        while !wanted.is_empty() {
            let (start_us, left) = (served.slow.now_us(), calls.get(wanted.clone()).unwrap_or_default());
            // What was waited for others before is no time of these calls.
            let mut begun_us = start_us;
            let replies = if only_looks_up {
                let replies = if left.iter().all(Called::is_prompt) {
                    // The others have their turns in between.
                    tokio::task::yield_now().await;
                    begun_us = served.slow.now_us();
                    session.look_up(left.get(..LOOK_UPS_AT_ONCE).unwrap_or(left), UNSENT_BYTES_MAX)
                } else {
                    look_up_on_thread(session, batch, wanted.clone()).await
                };
                wanted.start += replies.len();
                replies
            } else {
                let is_short = left.iter().all(Called::is_short);
                let wanted = std::mem::take(&mut wanted);
                served.rounds.carry_out((self.client(), session), (batch, is_short), wanted).await
            };
            let now_us = served.slow.now_us();
            let time_us = now_us.saturating_sub(start_us);
            if only_looks_up {
                let own_us = now_us.saturating_sub(begun_us);
                self.keep_slow(served, left.get(..replies.len()).unwrap_or_default(), own_us);
            }
            for (call, reply) in left.iter().zip(replies) {
                self.write(out, &reply);
                self.count_timed(call, &reply, time_us);
                self.failed =
                    if let (true, Reply::Error(error)) = (call.is_act(), &reply) { Some(error.clone()) } else { None };
                drop(reply);
                self.holding.send_much(stream, out).await?;
            }
        }
        Ok(())
    }
}

/// Looks up keys whose values may be large; others are served meanwhile.
async fn look_up_on_thread(session: &Arc<Session>, batch: &Arc<Batch>, wanted: Range<usize>) -> Vec<Reply> {
    let (session, batch, count) = (Arc::clone(session), Arc::clone(batch), wanted.len());
    let look_up = move || {
        let calls: Vec<Vec<&[u8]>> = wanted.filter_map(|at| batch.call(at)).collect();
        Ok(session.look_up(&calls, UNSENT_BYTES_MAX))
    };
    let looked_up = on_thread(look_up).await;
    looked_up.unwrap_or_else(|error| vec![Reply::Error(error); count])
}

/// What is answered where the chosen database cannot be opened: that the daemon lives, and why for all else.
fn without_database(words: &[&[u8]], error: &Error) -> Reply {
    match words {
        [name] if name.eq_ignore_ascii_case(b"PING") => Reply::Simple("PONG".into()),
        [name, message] if name.eq_ignore_ascii_case(b"PING") || name.eq_ignore_ascii_case(b"ECHO") => {
            Reply::bulk(*message)
        }
        _ => Reply::Error(Error::new(error.code(), error.message())),
    }
}

fn no_auth() -> Reply {
    commands::refused("NOAUTH Authentication required.")
}
