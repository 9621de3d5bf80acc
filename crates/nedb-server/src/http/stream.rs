//! The stream of writes: many in flight on one WebSocket, each acknowledged by its id (docs/stream.md).
//!
//! ```text
//! socket ──> frame ──> window ──> row of the table of routes ──> batch ──> round      in the order of coming
//!    ^                                                                      │
//!    └── acknowledgement <── answer, made when the socket takes it <── written, or refused
//! ```
//!
//! Promises: a verb is a route that writes, with its fields, answers and errors; batches join the rounds of their database in the order
//! in which they came; an acknowledgement goes out when its commit is as durable as the daemon's mode says. What is in flight is
//! bounded by the window, its bytes are counted in the memory of requests, and one long answer at a time is made. Leaves to others: the
//! bytes of frames and the counting of the window (`nedb-wire`), sockets (`socket/`), what is written (`writing.rs`).

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use nedb::{Error, ErrorCode, MemoryShare, Object, Result};
use nedb_io::Mutex;
use nedb_wire::stream::{self as frames, Credit, Ending, Reply, SUBPROTOCOL, Terms, Window};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use super::body::Request;
use super::failure;
use super::route::{Handler, ROUTE_COUNT, ROUTES, Route, Verb};
use super::socket::{Gone, Message, Sender, Socket, Talk, talk};
use super::writing::{Begun, Pending, SHORT_BYTES, Written};
use crate::databases::Served;
use crate::doorman::on_thread;
use crate::rights::{Identity, Right};
use crate::server::Shared;
use crate::slow::Asked;
use crate::writes::Held;

/// How many requests may be in flight: at 20 ms of sync and network they are 200,000 a second.
const OPERATIONS_MAX: u64 = 4096;

/// How many bytes of messages may be in flight: a quarter of what may wait for the disk.
const BYTES_MAX: u64 = 16 << 20;

/// What a request in flight takes beside its bytes: its id, its place in the round, its receipt.
const OPERATION_BYTES: u64 = 512;

type Make = fn(&mut Request) -> Result<Pending>;

/// The routes that write, by the names that they have here.
static VERBS: LazyLock<BTreeMap<&str, (&Route, Make)>> = LazyLock::new(|| {
    // What takes more than the right of the stream is no part of it.
    let writes = ROUTES.iter().filter(|route| route.right == Some(Right::Write));
    let writes = writes.filter_map(|route| match (route.handler, route.verb) {
        (Handler::Writes(make), Verb::Post) => Some((route.path.rsplit('/').next()?, (route, make))),
        (Handler::Writes(make), Verb::Delete) => Some(("delete", (route, make))),
        _ => None,
    });
    writes.collect()
});

pub(super) fn begin(request: &mut Request) -> Result<Talk> {
    // One that is not there is refused before the upgrade.
    let served = request.served()?;
    let config = &request.shared.config;
    let message_bytes_max = config.body_bytes_max as u64;
    let credit =
        Credit { operations_max: OPERATIONS_MAX, bytes_max: BYTES_MAX.min(message_bytes_max), message_bytes_max };
    let terms = Terms {
        server: concat!("nedbd/", env!("CARGO_PKG_VERSION")).to_owned(),
        database: served.name.clone(),
        credit,
    };
    let stream = Stream {
        shared: Arc::clone(&request.shared),
        identity: Arc::clone(&request.identity),
        db: served.name.clone(),
        served,
        number: ROUTES.iter().position(|route| route.protocol == Some(SUBPROTOCOL)).unwrap_or(ROUTE_COUNT),
        window: Mutex::new(Window::new(credit)),
        account: Arc::new(Mutex::new(request.shared.doorman.account())),
        long_answers: Semaphore::new(1),
    };
    Ok(talk(move |socket| stream.carry(socket, terms)))
}

/// What one connection writes.
struct Stream {
    shared: Arc<Shared>,
    identity: Arc<Identity>,
    db: String,
    served: Arc<Served>,
    /// Which row of the table the route is, for the figures.
    number: usize,
    window: Mutex<Window>,
    /// The bytes in flight; batches that wait for their round hold it too.
    account: Arc<Mutex<MemoryShare>>,
    /// Who makes an answer that may be long holds it until that is sent.
    long_answers: Semaphore,
}

/// A request that was taken.
struct Taken {
    id: u64,
    begun_us: u64,
    is_short: bool,
    begun: Result<Begun>,
}

/// A request that is over, and what is to be told.
struct Over<'s> {
    id: u64,
    time_us: u64,
    told: Told<'s>,
}

enum Told<'s> {
    /// An answer that is made when the client takes it.
    Written(Written),
    /// One that was made where waiting is allowed.
    Made(Result<Object>, SemaphorePermit<'s>),
    Refused(Error),
}

/// Why no more is taken.
type Refused = (Ending, String);

impl Stream {
    async fn carry(self, mut socket: Socket, terms: Terms) -> Socket {
        let (taken, queue) = mpsc::unbounded_channel();
        let sender = socket.sender();
        let (refused, told) = tokio::join!(self.take_all(&mut socket, taken), self.tell_all(terms, sender, queue));
        if let Err(Gone) = told {
            tracing::debug!(database = self.db, "a stream of writes lost its client");
        }
        if let Some((ending, reason)) = refused {
            tracing::debug!(database = self.db, "a stream of writes is refused: {reason}");
            socket.refuse(ending.code(), reason);
        }
        socket
    }

    /// Takes requests until the client or the daemon ends, or no more can be taken.
    async fn take_all(&self, socket: &mut Socket, taken: mpsc::UnboundedSender<Taken>) -> Option<Refused> {
        while let Some(received) = socket.next().await {
            let Message::Binary(bytes) = &received.message else {
                return Some((Ending::BadFrame, "a text message is no frame".to_owned()));
            };
            match self.take(bytes).await {
                // Without a client to tell nobody waits for more.
                Ok(request) => taken.send(request).ok()?,
                Err(refused) => return Some(refused),
            }
        }
        None
    }

    async fn take(&self, bytes: &axum::body::Bytes) -> std::result::Result<Taken, Refused> {
        let begun_us = self.shared.config.io.clock.monotonic_us();
        let length = bytes.len();
        let is_small = length <= SHORT_BYTES;
        let frame = if is_small {
            frames::Request::decode(bytes)
        } else {
            let bytes = bytes.clone();
            let decode = move || Ok(frames::Request::decode(&bytes));
            on_thread(decode).await.unwrap_or_else(|error| Err(error.message().to_owned()))
        };
        let frames::Request { id, verb, fields } = frame.map_err(|what| (Ending::BadFrame, what))?;
        self.window.lock().take(id, length as u64)?;
        self.count().map_err(|error| (Ending::Busy, error.message().to_owned()))?;
        let prepare = {
            let (shared, identity, db) = (Arc::clone(&self.shared), Arc::clone(&self.identity), self.db.clone());
            let served = Arc::clone(&self.served);
            move || {
                if served.is_dropped() {
                    // Another one of its name does not know the keys of what was in flight.
                    return Err(Error::new(ErrorCode::NotFound, format!("the database {db} was dropped")));
                }
                let (route, make) = named(&verb)?;
                let mut request = Request::of_message(shared, identity, route, &db, fields)?;
                request.open = Some(served);
                make(&mut request)
            }
        };
        let pending = if is_small { prepare() } else { on_thread(prepare).await };
        let held = Held::of_connection(Arc::clone(&self.account), length);
        match pending.and_then(|pending| pending.begin(held)) {
            // What comes behind it must not overtake it.
            Err(error) if error.code() == ErrorCode::Busy => Err((Ending::Busy, error.message().to_owned())),
            begun => Ok(Taken { id, begun_us, is_short: is_small, begun }),
        }
    }

    /// Counts what is in flight now in the memory of requests.
    fn count(&self) -> Result<()> {
        let window = self.window.lock();
        let bytes = window.bytes() + window.operations() * OPERATION_BYTES;
        let counted = self.account.lock().set(usize::try_from(bytes).unwrap_or(usize::MAX));
        counted.inspect_err(|error| self.shared.note_memory(error))
    }

    /// Acknowledges what was taken, as it is over.
    async fn tell_all(
        &self,
        terms: Terms,
        sender: Sender,
        mut queue: mpsc::UnboundedReceiver<Taken>,
    ) -> std::result::Result<(), Gone> {
        sender.send(message(&Reply::Greeting(terms))).await?;
        let (mut in_flight, mut is_open) = (FuturesUnordered::new(), true);
        loop {
            let over = tokio::select! {
                biased;
                taken = queue.recv(), if is_open => {
                    match taken {
                        Some(taken) => in_flight.push(self.finish(taken)),
                        None => is_open = false,
                    }
                    continue;
                }
                Some(over) = in_flight.next() => over,
                else => return Ok(()),
            };
            let space = sender.space().await?;
            space.send(self.tell(over), None);
        }
    }

    async fn finish(&self, taken: Taken) -> Over<'_> {
        let Taken { id, begun_us, is_short, begun } = taken;
        let written = match begun {
            Ok(begun) => begun.written().await,
            Err(error) => Err(error),
        };
        let time_us = self.time(begun_us);
        let told = match written {
            Ok(written) if is_short && !written.may_be_long() => Told::Written(written),
            Ok(written) => match self.long_answers.acquire().await {
                Ok(permit) => Told::Made(on_thread(move || written.answer()).await, permit),
                // Nobody closes it.
                Err(_closed) => Told::Written(written),
            },
            Err(error) => Told::Refused(error),
        };
        Over { id, time_us, told }
    }

    /// How long a write took that is over now; the slow log has it if that was long.
    fn time(&self, begun_us: u64) -> u64 {
        let (slow, now_us) = (&self.served.slow, self.shared.config.io.clock.monotonic_us());
        let time_us = now_us.saturating_sub(begun_us);
        if slow.is_slow_write(begun_us, now_us) {
            let route = ROUTES.get(self.number).map(Route::name).unwrap_or_default();
            let asked = Asked::new("stream", &self.identity.name, &route, Vec::new());
            slow.answered(&self.served.name, &asked, time_us, None);
        }
        time_us
    }

    /// Makes the acknowledgement, with which the request is in flight no longer.
    fn tell(&self, over: Over<'_>) -> Message {
        let Over { id, time_us, told } = over;
        let (answer, permit) = match told {
            Told::Written(written) => (written.answer(), None),
            Told::Made(answer, permit) => (answer, Some(permit)),
            Told::Refused(error) => (Err(error), None),
        };
        let status = answer.as_ref().map_or_else(|error| error.code().http_status(), |_| 200);
        self.shared.metrics.request(self.number, status, time_us);
        let told = match answer {
            Ok(answer) => message(&Reply::Done { id, answer }),
            Err(error) => message(&Reply::Failed { id, error: failure::object(&error) }),
        };
        drop(permit);
        self.window.lock().give_back(id);
        // There is always room for less.
        let _less = self.count();
        told
    }
}

/// The route of a verb.
fn named(verb: &str) -> Result<(&'static Route, Make)> {
    VERBS.get(verb).copied().ok_or_else(|| {
        let names: Vec<&str> = VERBS.keys().copied().collect();
        let message = format!("a stream of writes has no verb {verb:?}; there are: {}", names.join(", "));
        Error::new(ErrorCode::Unsupported, message)
    })
}

/// A message of what is to be told; an answer that cannot be written is told by its error.
fn message(reply: &Reply) -> Message {
    let id = if let Reply::Done { id, .. } = reply { *id } else { 0 };
    let bytes = reply.encode().or_else(|error| Reply::Failed { id, error: failure::object(&error) }.encode());
    Message::Binary(bytes.unwrap_or_default().into())
}
