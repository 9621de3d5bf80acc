//! The commands that are the connection's: who it is, which database it means, what the server is.
//!
//! Promises: a row of the table for each; what is not among them is a command of the database.

#![allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]

use std::fmt::Write as _;
use std::sync::Arc;

use nedb::{Error, ErrorCode};
use nedb_compat::redis::{Command, Family, Reply, key_counts};
use nedb_wire::resp::Version;

use super::channels::Kind;
use super::client::{client, word};
use super::connection::{Connection, Next};
use super::subscribe::{pubsub, subscribe, unsubscribe};
use crate::databases::Served;
use crate::slow::{KEPT_MAX, Sent, SlowCall};

/// What a command of the connection does with its words, the name left out.
type Handler = fn(&mut Connection, &[&[u8]]) -> Result<Next, Error>;

/// One command: what COMMAND tells of it, whether it is there before AUTH, what carries it out.
pub(super) struct Row {
    pub(super) command: Command,
    pub(super) is_before_auth: bool,
    handler: Handler,
}

/// Begins the row of a command: its name and arity, the version of Redis that brought it, and how it is called with what it does.
const fn row(name: (&'static str, i32), since: &'static str, says: &'static str, handler: Handler) -> Row {
    Row { command: Command::of_connection(Family::Connection, name, since, says), is_before_auth: false, handler }
}

/// The row of a command on channels.
const fn channels(name: (&'static str, i32), since: &'static str, says: &'static str, handler: Handler) -> Row {
    Row { command: Command::of_connection(Family::Messages, name, since, says), is_before_auth: false, handler }
}

impl Row {
    const fn fast(self) -> Self {
        Self { command: self.command.fast(), ..self }
    }

    const fn before_auth(self) -> Self {
        Self { is_before_auth: true, ..self }
    }
}

/// All commands of the connection.
#[rustfmt::skip]
static ROWS: &[Row] = &[
    row(("HELLO", -1), "6.0.0", "HELLO [2\\|3 [AUTH name token] [SETNAME name]] | Chooses the version of the protocol, and says what the server is.", hello).fast().before_auth(),
    row(("AUTH", -2), "1.0.0", "AUTH [name] token | Says who one is.", auth).fast().before_auth(),
    row(("QUIT", -1), "1.0.0", "QUIT | Ends the connection.", quit).fast().before_auth(),
    row(("RESET", 1), "6.2.0", "RESET | Makes it a new connection.", reset).fast().before_auth(),
    row(("SELECT", 2), "1.0.0", "SELECT name | Chooses a database; a number n means dbn.", select).fast(),
    row(("CLIENT", -2), "2.4.0", "CLIENT ID \\| INFO \\| GETNAME \\| SETNAME name \\| SETINFO attribute value \\| LIST [TYPE type] [ID id ...] \\| KILL address \\| KILL filter value ... \\| PAUSE ms [WRITE\\|ALL] \\| UNPAUSE \\| UNBLOCK id [TIMEOUT\\|ERROR] \\| TRACKING ON\\|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP] \\| CACHING YES\\|NO \\| TRACKINGINFO \\| GETREDIR \\| REPLY ON\\|OFF\\|SKIP \\| NO-EVICT ON\\|OFF \\| NO-TOUCH ON\\|OFF \\| HELP | Tells of connections and changes them.", client),
    row(("CONFIG", -2), "2.0.0", "CONFIG GET pattern ... \\| RESETSTAT \\| HELP | Tells settings by the names that Redis has for them.", config),
    row(("INFO", -1), "1.0.0", "INFO [section ...] | Tells what the server is.", info),
    row(("WAIT", 3), "3.0.0", "WAIT replicas ms | Answers 0: there is no replica to have acknowledged anything.", wait),
    row(("LOLWUT", -1), "5.0.0", "LOLWUT [word ...] | Tells the version.", lolwut).fast(),
    row(("SLOWLOG", -2), "2.2.12", "SLOWLOG GET [count] \\| LEN \\| RESET \\| HELP | Lists what took long in the database.", slowlog),
    channels(("SUBSCRIBE", -2), "2.0.0", "SUBSCRIBE channel [channel ...] | Listens to channels of the database.", |_, _| {
        Ok(Next::Within(|connection, served, words, out| subscribe(connection, served, words, Kind::Channel, out)))
    }),
    channels(("PSUBSCRIBE", -2), "2.0.0", "PSUBSCRIBE pattern [pattern ...] | Listens to all channels whose names match.", |_, _| {
        Ok(Next::Within(|connection, served, words, out| subscribe(connection, served, words, Kind::Pattern, out)))
    }),
    channels(("SSUBSCRIBE", -2), "7.0.0", "SSUBSCRIBE channel [channel ...] | Listens to what SPUBLISH says.", |_, _| {
        Ok(Next::Within(|connection, served, words, out| subscribe(connection, served, words, Kind::Shard, out)))
    }),
    channels(("UNSUBSCRIBE", -1), "2.0.0", "UNSUBSCRIBE [channel ...] | Ends that, for all channels when none is named.", |_, _| {
        Ok(Next::Within(|connection, _, words, out| unsubscribe(connection, words, Kind::Channel, out)))
    }),
    channels(("PUNSUBSCRIBE", -1), "2.0.0", "PUNSUBSCRIBE [pattern ...] | Ends it for patterns.", |_, _| {
        Ok(Next::Within(|connection, _, words, out| unsubscribe(connection, words, Kind::Pattern, out)))
    }),
    channels(("SUNSUBSCRIBE", -1), "7.0.0", "SUNSUBSCRIBE [channel ...] | Ends it for what SPUBLISH says.", |_, _| {
        Ok(Next::Within(|connection, _, words, out| unsubscribe(connection, words, Kind::Shard, out)))
    }),
    channels(("PUBSUB", -2), "2.8.0", "PUBSUB CHANNELS [pattern] \\| NUMSUB [channel ...] \\| NUMPAT \\| SHARDCHANNELS [pattern] \\| SHARDNUMSUB [channel ...] \\| HELP | Tells who listens.", |_, _| {
        Ok(Next::Within(pubsub))
    }),
];

/// The row of a name, in whatever case.
pub(super) fn find(name: &[u8]) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.command.name.as_bytes().eq_ignore_ascii_case(name))
}

/// What COMMAND tells of the commands of the connection.
pub(crate) fn connection_commands() -> Vec<&'static Command> {
    ROWS.iter().map(|row| &row.command).collect()
}

/// The commands of the connection as a table of Markdown: a generated part of `docs/nedbd.md`.
///
/// ```
/// assert!(nedb_server::connection_commands_markdown().contains("| `SELECT name` |"));
/// ```
pub fn connection_commands_markdown() -> String {
    let mut page = "| command | Redis | does |\n|---|---|---|\n".to_owned();
    for Row { command, .. } in ROWS {
        // Writing to a String cannot fail; the result says so only to satisfy the trait.
        let written = writeln!(page, "| `{}` | {} | {} |", command.synopsis(), command.since, command.does());
        debug_assert!(written.is_ok(), "a String takes every line");
    }
    page
}

impl Row {
    pub(super) fn run(&self, connection: &mut Connection, words: &[&[u8]]) -> Next {
        if !self.command.takes(words.len() + 1) {
            let name = self.command.name.to_ascii_lowercase();
            return Next::Reply(refused(format!("ERR wrong number of arguments for '{name}' command")));
        }
        connection.count_call();
        if let ([what], Some(help)) = (words, self.command.help())
            && is(what, "HELP")
        {
            return Next::Reply(help);
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
        // Clients turn what they know of Redis on only where this name stands.
        pair("server", bulk("redis")),
        pair("version", bulk(REDIS_VERSION)),
        pair("nedb_version", bulk(env!("CARGO_PKG_VERSION"))),
        pair("proto", Reply::Int(version.number())),
        pair("id", Reply::Int(connection.client().id)),
        pair("mode", bulk("standalone")),
        pair("role", bulk("master")),
        pair("modules", Reply::Array(Vec::new())),
    ])))
}

/// How far INFO counts keys that have a lifetime: in no more than a few milliseconds for each database.
const EXPIRES_MAX: u64 = 10_000;

/// The version of Redis whose commands clients may expect.
const REDIS_VERSION: &str = "7.4.0";

/// `AUTH [name] token`
fn auth(connection: &mut Connection, words: &[&[u8]]) -> Result<Next, Error> {
    match words {
        [token] => connection.authenticate(None, &text(token))?,
        [name, token] => connection.authenticate(Some(&text(name)), &text(token))?,
        _ => return Err(error("ERR syntax error")),
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
            let notices = connection.notices();
            let (port, host, most) = connection.place();
            let slow_us = connection.slow_us().map_or_else(|| "-1".to_owned(), |slow_us| slow_us.to_string());
            let kept_max = KEPT_MAX.to_string();
            let set = [
                ("appendfsync", connection.appendfsync()),
                ("bind", host.as_str()),
                ("maxclients", most.as_str()),
                ("notify-keyspace-events", notices.as_str()),
                ("port", port.as_str()),
                ("slowlog-log-slower-than", slow_us.as_str()),
                ("slowlog-max-len", kept_max.as_str()),
            ];
            let known = CONFIG.iter().copied().chain(set);
            let pairs = known.filter(|(name, _)| is_asked(name)).map(|(name, value)| (bulk(name), bulk(value)));
            Ok(Next::Reply(Reply::Map(pairs.collect())))
        }
        [what] if is(what, "RESETSTAT") => connection.forget_stats().and_then(|()| ok()),
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
                "redis_version:{REDIS_VERSION}\r\nnedb_version:{}\r\nredis_mode:standalone\r\nprocess_id:{}\r\ntcp_port:{}\r\nuptime_in_seconds:{}\r\nuptime_in_days:{}",
                env!("CARGO_PKG_VERSION"),
                std::process::id(),
                connection.place().0,
                connection.uptime_s(),
                connection.uptime_s() / 86_400
            ),
        ),
        (
            "Clients",
            format!(
                "connected_clients:{}\r\nmaxclients:{}\r\nblocked_clients:{}\r\ntracking_clients:{}",
                connection.connected().count(),
                connection.place().2,
                connection.blocked_clients(),
                connection.connected().tracking()
            ),
        ),
        ("Memory", "maxmemory:0\r\nmaxmemory_policy:noeviction".to_owned()),
        ("Persistence", format!("loading:0\r\naof_enabled:1\r\nappendfsync:{}", connection.appendfsync())),
        ("Stats", connection.stats()),
        ("Replication", "role:master\r\nconnected_slaves:0".to_owned()),
        ("Cluster", "cluster_enabled:0".to_owned()),
    ];
    for (section, lines) in sections.iter().filter(|(section, _)| is_asked(section)) {
        // Writing to a String cannot fail; the result says so only to satisfy the trait.
        let written = write!(page, "# {section}\r\n{lines}\r\n\r\n");
        debug_assert!(written.is_ok(), "a String takes every line");
    }
    if !is_asked("Keyspace") {
        return Ok(Next::Reply(bulk(page)));
    }
    let databases = connection.visible_databases();
    Ok(Next::Survey(Box::new(move || Ok(bulk(page + &keyspace(&databases()))))))
}

/// The section Keyspace: a line for each database that has keys. One that cannot be read at present has none.
fn keyspace(databases: &[Arc<Served>]) -> String {
    let line = |served: &Arc<Served>| {
        let (keys, expires) = key_counts(&served.db, EXPIRES_MAX).ok().filter(|(keys, _)| *keys > 0)?;
        Some(format!("{}:keys={keys},expires={expires},avg_ttl=0\r\n", served.name))
    };
    ["# Keyspace\r\n".to_owned()].into_iter().chain(databases.iter().filter_map(line)).collect()
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

/// `SLOWLOG GET [count] | LEN | RESET`: what took long in this database, whoever asked and over which protocol. What did not come over this one
/// has no address, and who asked in the place of the name.
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
        [what, rest @ ..] if is(what, "GET") && rest.len() < 2 => {
            let wanted = match rest.first().map(|number| text(number)) {
                None => SLOWLOG_ENTRIES,
                Some(number) if number == "-1" => usize::MAX,
                Some(number) => {
                    number.parse().map_err(|_no_number| error("ERR count should be greater than or equal to -1"))?
                }
            };
            let entries = log.map_or_else(Vec::new, |log| log.newest(wanted));
            let number = |number: u64| Reply::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let entry = |entry: SlowCall| {
                let asked = entry.asked;
                let (words, address, name) = match asked.sent {
                    Some(Sent { words, address, name, .. }) => (words, address, name),
                    None => (None, String::new(), asked.by),
                };
                let words = words.unwrap_or_else(|| vec![asked.text]);
                Reply::Array(vec![
                    number(entry.id),
                    Reply::Int(entry.at.as_micros().div_euclid(1_000_000)),
                    number(entry.time_us),
                    Reply::Array(words.into_iter().map(bulk).collect()),
                    bulk(address),
                    bulk(name),
                ])
            };
            Reply::Array(entries.into_iter().map(entry).collect())
        }
        _ => return Err(error("ERR SLOWLOG has GET [count], LEN and RESET")),
    };
    Ok(Next::Reply(reply))
}
