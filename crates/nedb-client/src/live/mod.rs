//! Live queries: what becomes of the rows of a query, as the daemon tells it on a WebSocket.
//!
//! Promises: where a connection breaks another one is opened, as often as requests are sent again, and the change that comes then has all
//! rows; so no change is missed. Leaves to others: when a query is answered again, and how, which the daemon decides.

mod connection;

use std::fmt;
use std::time::Duration;

use nedb::{Error, Object, Params, Result, Value};
use nedb_types::document::json_to_value;

use crate::database::Database;
use crate::encode;
use crate::failure;
use crate::fields::{Fields, strange};
use crate::retry;
use crate::socket::{Broken, Target};
use connection::{Connection, Heard};

/// For how long an iterator waits in one go.
const WAIT: Duration = Duration::from_mins(1);

/// What is different in the rows of a live query. It is whole at the first time, and the first time after a connection broke.
///
/// ```
/// use nedb_client::{LiveChange, Object};
/// let row = |n: i64| {
///     let mut row = Object::new();
///     row.insert("n", n);
///     row
/// };
/// let mut rows = vec![row(1), row(2), row(3)];
/// let change = LiveChange { seq: None, is_whole: false, removed: vec![0], inserted: vec![(2, row(4))] };
/// change.apply(&mut rows)?;
/// assert_eq!(rows, [row(2), row(3), row(4)]);
/// # Ok::<(), nedb_client::Error>(())
/// ```
pub type LiveChange = nedb::LiveChange<Object>;

/// Reads a message of the daemon.
fn change_of(text: &str) -> Result<LiveChange> {
    let mut fields = Fields::of(json_to_value(text.as_bytes()).map_err(|error| strange(&error).with_source(error))?)?;
    if let Some(error) = failure::told(&fields) {
        return Err(error);
    }
    let (seq, is_whole) = (fields.maybe_seq("seq"), fields.0.get("rows").is_some());
    let object = |value: Value| Fields::of(value).map(|fields| fields.0);
    if is_whole {
        let rows = fields.list("rows")?.into_iter().map(object).enumerate();
        let inserted = rows.map(|(at, row)| Ok((at, row?))).collect::<Result<_>>()?;
        return Ok(LiveChange { seq, is_whole, removed: Vec::new(), inserted });
    }
    let place = |value: &Value| {
        let at = value.as_i64().and_then(|at| usize::try_from(at).ok());
        at.ok_or_else(|| strange("no position of a row"))
    };
    let removed = fields.list("removed")?.iter().map(place).collect::<Result<_>>()?;
    let pair = |value: Value| match value {
        Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([at, row]) => Ok((place(&at)?, object(row)?)),
            Err(_other) => Err(strange("no pair of a position and a row")),
        },
        _ => Err(strange("no pair of a position and a row")),
    };
    let inserted = fields.list("inserted")?.into_iter().map(pair).collect::<Result<_>>()?;
    Ok(LiveChange { seq, is_whole, removed, inserted })
}

/// A query that a daemon follows; an iterator of changes that waits for what comes.
///
/// An error ends it: one of the daemon has its code, a connection that could not be opened again is `io`.
///
/// ```no_run
/// use nedb_client::{Daemon, Options, Params};
/// # fn main() -> nedb_client::Result<()> {
/// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
/// let mut rows = Vec::new();
/// for change in shop.live("FROM orders WHERE state = $state", &Params::new().with("state", "open"))? {
///     change?.apply(&mut rows)?;
///     println!("{} open orders", rows.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct LiveQuery {
    target: Target,
    /// What asks, in JSON.
    asked: String,
    connection: Option<Connection>,
    /// Connections in a row that broke before they said anything.
    attempt: u32,
    is_over: bool,
}

impl fmt::Debug for LiveQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LiveQuery").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Database {
    /// Follows the rows of a query from now on.
    ///
    /// Errors: those of the daemon; what is wrong with the query is told by the first change.
    pub fn live(&self, nql: &str, params: &Params) -> Result<LiveQuery> {
        let (mut asked, mut values) = (Object::new(), Object::new());
        for (name, value) in params.iter() {
            values.insert(name, value.clone());
        }
        asked.insert("id", 1);
        asked.insert("nql", nql);
        asked.insert("params", values);
        let asked = encode::body(asked)?;
        let target = self.socket("live", None)?;
        let mut live = LiveQuery { target, asked, connection: None, attempt: 0, is_over: false };
        live.connect()?;
        Ok(live)
    }
}

impl LiveQuery {
    /// The next change; `None` when none came within this time, and after the error that ended it.
    pub fn next_within(&mut self, time: Duration) -> Result<Option<LiveChange>> {
        if self.is_over {
            return Ok(None);
        }
        let found = self.wait(time);
        self.is_over = found.is_err();
        found
    }

    fn wait(&mut self, time: Duration) -> Result<Option<LiveChange>> {
        let clock = self.target.io().clock.clone();
        let begun_us = clock.monotonic_us();
        loop {
            self.connect()?;
            let Some(connection) = &mut self.connection else { return Ok(None) };
            let left = time.saturating_sub(Duration::from_micros(clock.monotonic_us().saturating_sub(begun_us)));
            match connection.hear(&self.target, left)? {
                Heard::Text(text) => {
                    self.attempt = 0;
                    return change_of(&text).map(Some);
                }
                Heard::Nothing if left.is_zero() => return Ok(None),
                Heard::Nothing => {}
                Heard::Broke(error) => {
                    self.connection = None;
                    self.pause(error)?;
                }
            }
        }
    }

    /// Opens a connection and asks, when there is none.
    fn connect(&mut self) -> Result<()> {
        while self.connection.is_none() {
            match Connection::open(&self.target, &self.asked) {
                Ok(connection) => self.connection = Some(connection),
                Err(Broken { error, is_hopeless: false }) => self.pause(error)?,
                Err(Broken { error, .. }) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits before another connection; the error when there were enough.
    fn pause(&mut self, error: Error) -> Result<()> {
        if self.attempt >= self.target.retries() {
            return Err(error);
        }
        let io = self.target.io();
        retry::wait(io, retry::pause_us(io, self.attempt, None));
        self.attempt += 1;
        Ok(())
    }
}

impl Iterator for LiveQuery {
    type Item = Result<LiveChange>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            if let Some(found) = self.next_within(WAIT).transpose() {
                return Some(found);
            }
        }
        None
    }
}
