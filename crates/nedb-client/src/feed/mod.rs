//! Feeds: the operations of a database, or of all of them, as server-sent events.
//!
//! ```text
//! Database::subscribe, Daemon::subscribe ──> Feed ──> connection ──> answer (HTTP) ──> frames ──> event
//! ```
//!
//! Promises: each operation comes once, and those of a database in order; where a connection breaks another one is opened, which begins
//! behind the last id that was heard. Leaves to others: which operations there are, which the daemon decides.

mod answer;
mod closing;
mod connection;
mod event;
mod frames;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, ErrorKind, Result, Seq, Value};
use nedb_types::document::json_to_value;

use crate::encode::with_parameters;
use crate::failure;
use crate::fields::{Fields, strange};
use crate::retry;
use crate::socket::{Broken, Target};
use crate::transport::Transport;
pub use closing::FeedCloser;
use connection::{Connection, Heard};
pub use event::{Event, Operation};
use frames::Frame;

/// For how long an iterator waits in one go.
const WAIT: Duration = Duration::from_mins(1);

/// A feed waits longer for a daemon that begins again than a call does: with the usual retries for about a minute.
const ATTEMPTS_FOR_EACH_RETRY: u32 = 4;

/// With what a feed begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With what comes.
    Now,
    /// With the operation of this seq, in each database; the first one has 0.
    At(Seq),
    /// With what lies behind the [`position`](Feed::position) of an earlier feed.
    Behind(String),
}

/// What a daemon tells of its databases; an iterator of events that waits for what comes.
///
/// A connection that breaks is opened again, and the feed goes on where it was; so no operation is missed or comes twice. An error ends it:
/// one of the daemon has its code, a connection that could not be opened again is `io`. So does dropping it, or [`close`](Self::close).
///
/// ```
/// use nedb_client::{Begin, Body, Daemon, Event, Options, Seq};
///
/// # fn main() -> nedb_client::Result<()> {
/// # let dir = std::env::temp_dir().join(format!("nedb-client-feed-{}", std::process::id()));
/// # let words = ["nedbd", "--port", "0", "--resp2-port", "off", "--data", dir.to_str().unwrap_or("nedb-data")];
/// # let config = nedb_server::Config::read(&nedb_server::command().get_matches_from(words))?;
/// # let server = nedb_server::Server::start(config)?;
/// # let url = format!("http://{}", server.http_address());
/// let daemon = Daemon::at(&url, Options::new())?; // such as http://127.0.0.1:7070
/// let mut feed = daemon.subscribe(Begin::Now, &[])?;
/// daemon.create_database("shop")?.put("orders", "17", Body::json("{}"))?;
/// if let Event::Operation(told) = feed.next().expect("it waits for what comes")? {
///     assert_eq!((told.database.as_str(), told.seq, told.kind.as_str()), ("shop", Seq::new(0), "put"));
/// }
/// let position = feed.position().expect("something was told").to_owned();
/// drop(feed);
///
/// // Later, or in another process:
/// daemon.drop_database("shop")?;
/// let mut feed = daemon.subscribe(Begin::Behind(position), &[])?;
/// assert!(matches!(feed.next().expect("as above")?, Event::Dropped { database } if database == "shop"));
/// # drop(feed);
/// # server.stop()?;
/// # let _cleaned = std::process::Command::new("rm").arg("-r").arg(&dir).status();
/// # Ok(())
/// # }
/// ```
pub struct Feed {
    target: Target,
    /// The database that it tells of, when it is one.
    database: Option<String>,
    connection: Option<Connection>,
    /// Frames that were heard and not taken yet.
    ready: VecDeque<Frame>,
    /// The last id that was heard: a new connection begins behind it.
    heard: Option<String>,
    /// The last id that was taken.
    position: Option<String>,
    closer: FeedCloser,
    /// Connections in a row that broke before they told anything.
    attempt: u32,
    is_over: bool,
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Feed")
            .field("target", &self.target)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// Follows one database from behind a seq.
    pub(crate) fn of_one(transport: Arc<Transport>, path: String, name: &str, after: Option<Seq>) -> Result<Self> {
        let first = after.is_none().then(|| "-1".to_owned());
        let path = with_parameters(path, [("from_seq", first)]);
        let target = Target::new(transport, &path, None)?;
        let mut feed = Self::new(target, Some(name.to_owned()), after.map(|after| after.to_string()));
        feed.connect()?;
        Ok(feed)
    }

    /// Follows these databases, or all.
    pub(crate) fn of_all(transport: Arc<Transport>, begin: Begin, databases: &[&str]) -> Result<Self> {
        let (first, position) = match begin {
            Begin::Now => (None, None),
            Begin::At(seq) => (Some(seq.to_string()), None),
            Begin::Behind(position) => (None, Some(position)),
        };
        let names = (!databases.is_empty()).then(|| databases.join(","));
        let path = with_parameters("/events".to_owned(), [("from_seq", first), ("databases", names)]);
        let mut feed = Self::new(Target::new(transport, &path, None)?, None, position);
        feed.connect()?;
        // Before its first event a feed says where it stands, without which another connection would begin later than this one.
        while feed.heard.is_none() {
            feed.hear(WAIT)?;
            feed.connect()?;
        }
        Ok(feed)
    }

    fn new(target: Target, database: Option<String>, position: Option<String>) -> Self {
        let heard = position.clone();
        let (ready, closer) = (VecDeque::new(), FeedCloser::default());
        Self { target, database, connection: None, ready, heard, position, closer, attempt: 0, is_over: false }
    }

    /// Behind which id a later feed misses nothing of what this one did not give. Of one database it is the last seq; none when there was none.
    pub fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    /// Ends it.
    pub fn close(&self) {
        self.closer.close();
    }

    /// What ends it from another thread.
    pub fn closer(&self) -> FeedCloser {
        self.closer.clone()
    }

    /// The next event; `None` when none came within this time, when it was closed, and after the error that ended it.
    pub fn next_within(&mut self, time: Duration) -> Result<Option<Event>> {
        if self.is_over {
            return Ok(None);
        }
        let found = self.wait(time);
        if self.closer.is_closed() {
            self.is_over = true;
            // The connection broke because it was closed.
            return Ok(found.unwrap_or_default());
        }
        self.is_over = found.is_err();
        found
    }

    fn wait(&mut self, time: Duration) -> Result<Option<Event>> {
        let clock = self.target.io().clock.clone();
        let begun_us = clock.monotonic_us();
        while !self.closer.is_closed() {
            if let Some(frame) = self.ready.pop_front() {
                let event = (!frame.data.is_empty()).then(|| Event::read(&frame, self.database.as_deref()));
                let event = event.transpose()?;
                self.position = frame.id.or(self.position.take());
                if event.is_some() {
                    return Ok(event);
                }
                continue;
            }
            self.connect()?;
            let left = time.saturating_sub(Duration::from_micros(clock.monotonic_us().saturating_sub(begun_us)));
            if !self.hear(left)? && left.is_zero() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Listens for at most this time; tells whether anything came.
    fn hear(&mut self, wait: Duration) -> Result<bool> {
        let Some(connection) = &mut self.connection else { return Ok(false) };
        match connection.hear(&self.target, wait)? {
            Heard::Frame(frame) if frame.name == "error" => {
                let error = told(&frame)?;
                // It ends itself, or the database is opened anew.
                if !matches!(error.kind(), ErrorKind::Busy | ErrorKind::Unavailable) {
                    return Err(error);
                }
                self.begin_anew(error)?;
            }
            Heard::Frame(frame) => {
                if !frame.data.is_empty() {
                    self.attempt = 0;
                }
                if frame.id.is_some() {
                    self.heard.clone_from(&frame.id);
                }
                self.ready.push_back(frame);
                return Ok(true);
            }
            Heard::Alive => self.attempt = 0,
            Heard::Something => return Ok(true),
            Heard::Nothing => {}
            Heard::Broke(error) => self.begin_anew(error)?,
        }
        Ok(false)
    }

    /// Gives a connection up.
    fn begin_anew(&mut self, error: Error) -> Result<()> {
        self.connection = None;
        self.pause(error)
    }

    /// Opens a connection, when there is none.
    fn connect(&mut self) -> Result<()> {
        while self.connection.is_none() && !self.closer.is_closed() {
            match Connection::open(&self.target, self.heard.as_deref(), &self.closer) {
                Ok(connection) => self.connection = Some(connection),
                Err(Broken { error, is_hopeless: false }) => self.pause(error)?,
                Err(Broken { error, .. }) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits before another connection; the error when there were enough.
    fn pause(&mut self, error: Error) -> Result<()> {
        if self.attempt >= self.target.retries().saturating_mul(ATTEMPTS_FOR_EACH_RETRY) {
            return Err(error);
        }
        let io = self.target.io();
        self.closer.pause(io, retry::pause_us(io, self.attempt, None));
        self.attempt += 1;
        Ok(())
    }
}

/// The error that a frame tells.
fn told(frame: &Frame) -> Result<Error> {
    let value: Value = json_to_value(frame.data.as_bytes()).map_err(|error| strange(&error).with_source(error))?;
    failure::told(&Fields::of(value)?).ok_or_else(|| strange("an error without a code"))
}

impl Iterator for Feed {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            if let Some(found) = self.next_within(WAIT).transpose() {
                return Some(found);
            }
        }
        None
    }
}
