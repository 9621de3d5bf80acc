//! CLIENT: what a connection learns and changes of itself, and, with the right to it, of the others.
//!
//! Promises: the subcommands, replies and errors of Redis. To list, end or pause connections of
//! others takes the right `admin` on all databases. Leaves to others: how a connection learns what it is told (`connected.rs`).

#![allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]

use std::sync::Arc;
use std::time::Duration;

use nedb::{Error, Result};
use nedb_compat::redis::Reply;
use tokio::time::Instant;

use super::commands::{bulk, error, is, text};
use super::connected::{Client, Filter, Paused, Use};
use super::connection::{Connection, Heard, Next};
use super::tracking::{caching, get_redirection, tracking, tracking_info};
use super::waiting::LetGo;

/// One subcommand: its name, the number of words with CLIENT and the name (negative when there may be more), what it does with the others.
type Subcommand = (&'static str, i32, fn(&mut Connection, &[&[u8]]) -> Result<Next>);

const SUBCOMMANDS: &[Subcommand] = &[
    ("ID", 2, |connection, _| Ok(Next::Reply(Reply::Int(connection.client().id)))),
    ("INFO", 2, |connection, _| Ok(Next::Reply(bulk(connection.client().line(connection.now_us()))))),
    ("GETNAME", 2, get_name),
    ("SETNAME", 3, set_name),
    ("SETINFO", 4, set_info),
    ("LIST", -2, list),
    ("KILL", -3, kill),
    ("PAUSE", -3, pause),
    ("UNPAUSE", 2, go_on),
    ("UNBLOCK", -3, unblock),
    ("TRACKING", -3, tracking),
    ("CACHING", 3, caching),
    ("TRACKINGINFO", 2, tracking_info),
    ("GETREDIR", 2, get_redirection),
    ("REPLY", 3, reply),
    // No connection is ended for want of memory but by its own calls, and nothing is kept by how often it is read.
    ("NO-EVICT", 3, switch),
    ("NO-TOUCH", 3, switch),
];

/// `CLIENT subcommand [word ...]`
pub(super) fn client(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    let Some((what, rest)) = words.split_first() else { return Err(error("ERR syntax error")) };
    let Some((name, arity, call)) = SUBCOMMANDS.iter().find(|(name, ..)| is(what, name)) else {
        return Err(error(format!("ERR unknown subcommand '{}'. Try CLIENT HELP.", text(what))));
    };
    let (count, wanted) = (rest.len() + 2, usize::try_from(arity.unsigned_abs()).unwrap_or(usize::MAX));
    if count != wanted && (*arity > 0 || count < wanted) {
        let name = name.to_ascii_lowercase();
        return Err(error(format!("ERR wrong number of arguments for 'client|{name}' command")));
    }
    call(connection, rest)
}

fn ok() -> Result<Next> {
    Ok(Next::Reply(Reply::ok()))
}

fn syntax() -> Error {
    error("ERR syntax error")
}

/// What stands between other fields of a line: no spaces, and nothing that ends it.
pub(super) fn word(what: &str, word: &[u8]) -> Result<String> {
    let given = text(word);
    if given.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) && given.len() <= WORD_BYTES_MAX {
        return Ok(given);
    }
    Err(error(format!("ERR {what} cannot contain spaces, newlines or special characters.")))
}

/// How long a name of a client or library is at most: each connection keeps them.
const WORD_BYTES_MAX: usize = 128;

fn get_name(connection: &mut Connection, _words: &[&[u8]]) -> Result<Next> {
    let name = connection.client().said().name;
    Ok(Next::Reply(if name.is_empty() { Reply::Nil } else { bulk(name) }))
}

fn set_name(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    let name = word("Client names", words.first().copied().unwrap_or_default())?;
    connection.client().say(|said| said.name = name);
    ok()
}

fn set_info(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    let [attribute, value] = words else { return Err(syntax()) };
    let what = text(attribute).to_ascii_lowercase();
    match what.as_str() {
        "lib-name" | "lib-ver" => {
            let value = word(&what, value)?;
            connection.client().say(|said| {
                *(if what == "lib-name" { &mut said.library.name } else { &mut said.library.version }) = value;
            });
            ok()
        }
        _ => Err(error(format!("ERR Unrecognized option '{}'", text(attribute)))),
    }
}

fn switch(_connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    match words {
        [word] if is(word, "ON") || is(word, "OFF") => ok(),
        _ => Err(syntax()),
    }
}

/// `REPLY ON|OFF|SKIP`
fn reply(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    connection.heard = match words {
        [word] if is(word, "ON") => Heard::All,
        [word] if is(word, "OFF") => Heard::Nothing,
        // Who hears nothing goes on so.
        [word] if is(word, "SKIP") && connection.heard != Heard::Nothing => Heard::AllButNext,
        [word] if is(word, "SKIP") => Heard::Nothing,
        _ => return Err(syntax()),
    };
    Ok(if connection.heard == Heard::All { Next::Reply(Reply::ok()) } else { Next::Nothing })
}

fn used(word: &[u8]) -> Result<Use> {
    match text(word).to_ascii_lowercase().as_str() {
        "normal" => Ok(Use::Normal),
        "pubsub" => Ok(Use::Listening),
        "master" | "replica" | "slave" => Ok(Use::Replication),
        _ => Err(error(format!("ERR Unknown client type '{}'", text(word)))),
    }
}

/// `LIST [TYPE type] [ID id ...]`
fn list(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    connection.demand_everywhere()?;
    let (mut filter, mut rest) = (Filter::default(), words);
    if let [option, kind, after @ ..] = rest
        && is(option, "TYPE")
    {
        (filter.used, rest) = (Some(used(kind)?), after);
    }
    match rest {
        [] => {}
        [option, ids @ ..] if is(option, "ID") && !ids.is_empty() => {
            let id = |word: &&[u8]| text(word).parse().map_err(|_no_number| error("ERR Invalid client ID"));
            filter.ids = Some(ids.iter().map(id).collect::<Result<_>>()?);
        }
        _ => return Err(syntax()),
    }
    let now_us = connection.now_us();
    let lines = connection.connected().matching(&filter, now_us).iter().map(|client| client.line(now_us)).collect();
    Ok(Next::Reply(bulk::<String>(lines)))
}

/// `KILL address` or `KILL option value [option value ...]`
fn kill(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    connection.demand_everywhere()?;
    let own = connection.client().id;
    let filter = match words {
        [address] => Filter { address: Some(text(address)), ..Filter::default() },
        _ => kill_filter(words, own)?,
    };
    let meant: Vec<Arc<Client>> = connection.connected().matching(&filter, connection.now_us());
    for client in meant.iter().filter(|client| client.id != own) {
        connection.connected().kill(client);
    }
    let reply = match (words.len(), meant.len()) {
        (1, 0) => return Err(error("ERR No such client")),
        (1, _) => Reply::ok(),
        (_, count) => Reply::Int(i64::try_from(count).unwrap_or(i64::MAX)),
    };
    // Who ends his own connection gets the reply before.
    Ok(if meant.iter().any(|client| client.id == own) { Next::Close(reply) } else { Next::Reply(reply) })
}

fn kill_filter(words: &[&[u8]], own: i64) -> Result<Filter> {
    let (mut filter, mut rest) = (Filter { but: Some(own), ..Filter::default() }, words);
    while let [option, value, after @ ..] = rest {
        match text(option).to_ascii_uppercase().as_str() {
            "ID" => {
                let id = text(value).parse().ok().filter(|id| *id > 0);
                filter.ids = Some(vec![id.ok_or_else(|| error("ERR client-id should be greater than 0"))?]);
            }
            "ADDR" => filter.address = Some(text(value)),
            "LADDR" => filter.local = Some(text(value)),
            "USER" => filter.user = Some(text(value)),
            "TYPE" => filter.used = Some(used(value)?),
            "MAXAGE" => {
                let age_s = text(value).parse().ok().filter(|age_s| *age_s > 0);
                filter.age_s_min = Some(age_s.ok_or_else(|| error("ERR maxage should be greater than 0"))?);
            }
            "SKIPME" if is(value, "YES") => filter.but = Some(own),
            "SKIPME" if is(value, "NO") => filter.but = None,
            _ => return Err(syntax()),
        }
        rest = after;
    }
    if rest.is_empty() { Ok(filter) } else { Err(syntax()) }
}

/// `PAUSE milliseconds [WRITE|ALL]`
fn pause(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    connection.demand_everywhere()?;
    let (time, whom) = match words {
        [time] => (time, Paused::All),
        [time, word] if is(word, "ALL") => (time, Paused::All),
        [time, word] if is(word, "WRITE") => (time, Paused::Writes),
        [_, _] => return Err(error("ERR CLIENT PAUSE mode must be WRITE or ALL")),
        _ => return Err(syntax()),
    };
    let time_ms: i64 =
        text(time).parse().map_err(|_no_number| error("ERR timeout is not an integer or out of range"))?;
    let time_ms = u64::try_from(time_ms).map_err(|_negative| error("ERR timeout is negative"))?;
    let end = Instant::now().checked_add(Duration::from_millis(time_ms));
    let end = end.ok_or_else(|| error("ERR timeout is not an integer or out of range"))?;
    connection.connected().pause(whom, end);
    ok()
}

fn go_on(connection: &mut Connection, _words: &[&[u8]]) -> Result<Next> {
    connection.demand_everywhere()?;
    connection.connected().go_on();
    ok()
}

/// `UNBLOCK id [TIMEOUT|ERROR]`
fn unblock(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    connection.demand_everywhere()?;
    let (id, how) = match words {
        [id] => (id, LetGo::TimedOut),
        [id, word] if is(word, "TIMEOUT") => (id, LetGo::TimedOut),
        [id, word] if is(word, "ERROR") => (id, LetGo::Refused),
        [_, _] => return Err(error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
        _ => return Err(syntax()),
    };
    let id = text(id).parse().map_err(|_no_number| error("ERR value is not an integer or out of range"))?;
    let standing = connection.connected().get(id).and_then(|client| client.said().standing().cloned());
    Ok(Next::Reply(Reply::Int(standing.is_some_and(|standing| standing.let_go(how)).into())))
}
