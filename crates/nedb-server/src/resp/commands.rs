//! The commands that are the connection's: who it is, which database it means, what the server is.
//!
//! Promises: a row of the table for each; what is not among them is a command of the database.

#![allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]

use std::fmt::Write as _;

use nedb::{Error, ErrorCode};
use nedb_compat::redis::Reply;
use nedb_wire::resp::Version;

use super::channels::Kind;
use super::client::{client, word};
use super::connection::{Connection, Next};
use super::subscribe::{pubsub, subscribe, unsubscribe};
use crate::slow::SlowQuestion;

/// What a command of the connection does with its words, the name left out.
type Handler = fn(&mut Connection, &[&[u8]]) -> Result<Next, Error>;

/// One command: its name, how many words it takes at least and at most, whether it is there before AUTH, what it does.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    words: (usize, usize),
    pub(super) is_before_auth: bool,
    handler: Handler,
}

const fn row(name: &'static str, words: (usize, usize), handler: Handler) -> Row {
    Row { name, words, is_before_auth: false, handler }
}

const fn before_auth(row: Row) -> Row {
    Row { is_before_auth: true, ..row }
}

const MANY: usize = usize::MAX;

/// All commands of the connection.
const ROWS: &[Row] = &[
    before_auth(row("HELLO", (0, MANY), hello)),
    before_auth(row("AUTH", (1, 2), auth)),
    before_auth(row("QUIT", (0, MANY), quit)),
    before_auth(row("RESET", (0, 0), reset)),
    row("SELECT", (1, 1), select),
    row("CLIENT", (1, MANY), client),
    row("CONFIG", (1, MANY), config),
    row("INFO", (0, MANY), info),
    row("TIME", (0, 0), time),
    row("WAIT", (2, 2), wait),
    row("LOLWUT", (0, MANY), lolwut),
    row("SLOWLOG", (1, 2), slowlog),
    row("SUBSCRIBE", (1, MANY), |_, _| {
        Ok(Next::Within(|connection, served, words, out| subscribe(connection, served, words, Kind::Channel, out)))
    }),
    row("PSUBSCRIBE", (1, MANY), |_, _| {
        Ok(Next::Within(|connection, served, words, out| subscribe(connection, served, words, Kind::Pattern, out)))
    }),
    row("SSUBSCRIBE", (1, MANY), |_, _| {
        Ok(Next::Within(|connection, served, words, out| subscribe(connection, served, words, Kind::Shard, out)))
    }),
    row("UNSUBSCRIBE", (0, MANY), |_, _| {
        Ok(Next::Within(|connection, _, words, out| unsubscribe(connection, words, Kind::Channel, out)))
    }),
    row("PUNSUBSCRIBE", (0, MANY), |_, _| {
        Ok(Next::Within(|connection, _, words, out| unsubscribe(connection, words, Kind::Pattern, out)))
    }),
    row("SUNSUBSCRIBE", (0, MANY), |_, _| {
        Ok(Next::Within(|connection, _, words, out| unsubscribe(connection, words, Kind::Shard, out)))
    }),
    row("PUBSUB", (1, MANY), |_, _| Ok(Next::Within(pubsub))),
];

/// The row of a name, in whatever case.
pub(super) fn find(name: &[u8]) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name.as_bytes().eq_ignore_ascii_case(name))
}

impl Row {
    pub(super) fn run(&self, connection: &mut Connection, words: &[&[u8]]) -> Next {
        if words.len() < self.words.0 || words.len() > self.words.1 {
            let name = self.name.to_ascii_lowercase();
            return Next::Reply(refused(format!("ERR wrong number of arguments for '{name}' command")));
        }
        (self.handler)(connection, words).unwrap_or_else(|error| Next::Reply(Reply::Error(error)))
    }
}

pub(super) fn refused(text: impl Into<String>) -> Reply {
    Reply::Error(error(text))
}

pub(super) fn error(text: impl Into<String>) -> Error {
    Error::new(ErrorCode::RedisCommand, text)
}

pub(super) fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

pub(super) fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

pub(super) fn bulk<T: Into<Vec<u8>>>(text: T) -> Reply {
    Reply::Bulk(text.into())
}

fn ok() -> Result<Next, Error> {
    Ok(Next::Reply(Reply::ok()))
}

/// `HELLO [2|3 [AUTH name token] [SETNAME name]]`
fn hello(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    let (mut rest, mut version, mut name) = (words, connection.version, None);
    if let Some((number, after)) = words.split_first() {
        version = match *number {
            b"2" => Version::Two,
            b"3" => Version::Three,
            _ => return Err(error("NOPROTO unsupported protocol version")),
        };
        rest = after;
    }
    let mut credentials = None;
    while let Some((option, after)) = rest.split_first() {
        rest = match after {
            [user, token, after @ ..] if is(option, "AUTH") => {
                credentials = Some((text(user), text(token)));
                after
            }
            [given, after @ ..] if is(option, "SETNAME") => {
                name = Some(word("Client names", given)?);
                after
            }
            _ => return Err(error(format!("ERR Syntax error in HELLO option '{}'", text(option)))),
        };
    }
    if let Some((user, token)) = credentials {
        connection.authenticate(Some(&user), &token)?;
    }
    if connection.identity.is_none() {
        return Err(error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    connection.version = version;
    if let Some(name) = name {
        connection.client().say(|said| said.name = name);
    }
    let pair = |name: &str, value: Reply| (bulk(name), value);
    Ok(Next::Reply(Reply::Map(vec![
        pair("server", bulk("nedbd")),
        pair("version", bulk(REDIS_VERSION)),
        pair("proto", Reply::Int(version.number())),
        pair("id", Reply::Int(connection.client().id)),
        pair("mode", bulk("standalone")),
        pair("role", bulk("master")),
        pair("modules", Reply::Array(Vec::new())),
    ])))
}

/// The version of Redis whose commands clients may expect.
const REDIS_VERSION: &str = "7.2.0";

/// `AUTH [name] token`
fn auth(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    match words {
        [token] => connection.authenticate(None, &text(token))?,
        [name, token, ..] => connection.authenticate(Some(&text(name)), &text(token))?,
        [] => {}
    }
    ok()
}

fn quit(_connection: &mut Connection, _words: &[&[u8]]) -> Result<Next, Error> {
    Ok(Next::Close(Reply::ok()))
}

fn reset(connection: &mut Connection, _words: &[&[u8]]) -> Result<Next, Error> {
    connection.reset();
    Ok(Next::Reply(Reply::Simple("RESET".into())))
}

/// `SELECT name`; a number n means the database `dbn`.
fn select(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    if connection.subscriptions.is_some() {
        return Err(error("ERR the connection listens to channels of its database: unsubscribe before SELECT"));
    }
    let name = words.first().map(|name| text(name)).unwrap_or_default();
    Ok(Next::Select(if name.bytes().all(|byte| byte.is_ascii_digit()) { format!("db{name}") } else { name }))
}

/// What clients ask for at the start, so that they know what they can rely on.
const CONFIG: &[(&str, &str)] = &[
    ("appendonly", "yes"),
    ("databases", "16"),
    ("maxmemory", "0"),
    ("maxmemory-policy", "noeviction"),
    ("notify-keyspace-events", ""),
    ("proto-max-bulk-len", "16777216"),
    ("save", ""),
    ("timeout", "0"),
];

fn config(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    match words {
        [what, patterns @ ..] if is(what, "GET") && !patterns.is_empty() => {
            let is_asked = |name: &str| {
                patterns.iter().any(|pattern| {
                    let pattern = text(pattern).to_ascii_lowercase();
                    pattern == name
                        || pattern == "*"
                        || pattern.strip_suffix('*').is_some_and(|start| name.starts_with(start))
                })
            };
            let appendfsync = ("appendfsync", connection.appendfsync());
            let known = CONFIG.iter().copied().chain([appendfsync]);
            let pairs = known.filter(|(name, _)| is_asked(name)).map(|(name, value)| (bulk(name), bulk(value)));
            Ok(Next::Reply(Reply::Map(pairs.collect())))
        }
        [what] if is(what, "RESETSTAT") => ok(),
        _ => Err(error("ERR CONFIG GET and RESETSTAT are there; settings of nedbd are given at its start")),
    }
}

fn info(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    let is_asked = |section: &str| {
        words.is_empty()
            || words
                .iter()
                .any(|word| is(word, section) || is(word, "all") || is(word, "everything") || is(word, "default"))
    };
    let mut page = String::new();
    let sections = [
        (
            "Server",
            format!(
                "redis_version:{REDIS_VERSION}\r\nnedb_version:{}\r\nredis_mode:standalone\r\nprocess_id:{}",
                env!("CARGO_PKG_VERSION"),
                std::process::id()
            ),
        ),
        (
            "Clients",
            format!(
                "connected_clients:{}\r\nblocked_clients:{}",
                connection.connected().count(),
                connection.blocked_clients()
            ),
        ),
        ("Memory", "maxmemory:0\r\nmaxmemory_policy:noeviction".to_owned()),
        ("Persistence", format!("loading:0\r\naof_enabled:1\r\nappendfsync:{}", connection.appendfsync())),
        ("Replication", "role:master\r\nconnected_slaves:0".to_owned()),
        ("Cluster", "cluster_enabled:0".to_owned()),
    ];
    for (section, lines) in sections.iter().filter(|(section, _)| is_asked(section)) {
        // Writing to a String cannot fail; the result says so only to satisfy the trait.
        let written = write!(page, "# {section}\r\n{lines}\r\n\r\n");
        debug_assert!(written.is_ok(), "a String takes every line");
    }
    Ok(Next::Reply(bulk(page)))
}

fn time(connection: &mut Connection, _words: &[&[u8]]) -> Result<Next, Error> {
    let now_us = connection.wall_us();
    let part = |number: i64| bulk(number.to_string());
    Ok(Next::Reply(Reply::Array(vec![part(now_us.div_euclid(1_000_000)), part(now_us.rem_euclid(1_000_000))])))
}

/// No replica is there to have acknowledged anything.
fn wait(_connection: &mut Connection, _words: &[&[u8]]) -> Result<Next, Error> {
    Ok(Next::Reply(Reply::Int(0)))
}

fn lolwut(_connection: &mut Connection, _words: &[&[u8]]) -> Result<Next, Error> {
    Ok(Next::Reply(bulk(format!("NEDB ver. {}\n", env!("CARGO_PKG_VERSION")))))
}

/// How many entries `SLOWLOG GET` gives when nothing is said, as in Redis.
const SLOWLOG_ENTRIES: usize = 10;

/// `SLOWLOG GET [count] | LEN | RESET`: the questions in NQL and SQL that took long in this database, whoever asked them.
fn slowlog(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    let log = connection.slow_log()?;
    let count = |number: usize| Reply::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let reply = match words {
        [what] if is(what, "LEN") => count(log.map_or(0, |log| log.len())),
        [what] if is(what, "RESET") => {
            if let Some(log) = log {
                log.clear();
            }
            Reply::ok()
        }
        [what, rest @ ..] if is(what, "GET") => {
            let wanted = match rest.first().map(|number| text(number)) {
                None => SLOWLOG_ENTRIES,
                Some(number) if number == "-1" => usize::MAX,
                Some(number) => {
                    number.parse().map_err(|_no_number| error("ERR count should be greater than or equal to -1"))?
                }
            };
            let entries = log.map_or_else(Vec::new, |log| log.newest(wanted));
            let number = |number: u64| Reply::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let entry = |entry: SlowQuestion| {
                Reply::Array(vec![
                    number(entry.id),
                    Reply::Int(entry.at.as_micros().div_euclid(1_000_000)),
                    number(entry.time_us),
                    Reply::Array(vec![bulk(entry.asked.text)]),
                    bulk(""),
                    bulk(entry.asked.by),
                ])
            };
            Reply::Array(entries.into_iter().map(entry).collect())
        }
        _ => return Err(error("ERR SLOWLOG has GET [count], LEN and RESET")),
    };
    Ok(Next::Reply(reply))
}
