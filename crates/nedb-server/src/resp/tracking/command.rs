//! CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR.
//!
//! Promises: the options, replies and errors of Redis. A connection is redirected only to one of the same user, unless it administers all
//! databases; prefixes tell the names of keys, so they take the right to read. Leaves to others: who is told what.

#![allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]

use std::collections::BTreeSet;
use std::sync::Arc;

use nedb::{Error, Result};
use nedb_compat::redis::{Noting, Reply};

use super::tracker::{Mode, Redirection, Tracker, Tracks};
use crate::resp::commands::{bulk, error, is, text};
use crate::resp::connection::{Connection, Next};

/// How many prefixes one connection may have: each is compared with each key that is written.
const PREFIXES_MAX: usize = 1_024;

fn ok() -> Result<Next> {
    Ok(Next::Reply(Reply::ok()))
}

fn syntax() -> Error {
    error("ERR syntax error")
}

/// The words behind ON or OFF.
#[derive(Default)]
struct Options {
    redirect_to: Option<i64>,
    prefixes: Vec<Vec<u8>>,
    broadcasts: bool,
    order: Order,
    noloop: bool,
}

/// Whether OPTIN or OPTOUT was said, or both.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Unsaid,
    In,
    Out,
    Both,
}

impl Order {
    fn and(self, other: Self) -> Self {
        if self == Self::Unsaid || self == other { other } else { Self::Both }
    }
}

impl Options {
    fn read(connection: &Connection, words: &[&[u8]]) -> Result<Self> {
        let (mut options, mut rest) = (Self::default(), words);
        while let [word, after @ ..] = rest {
            rest = after;
            match (text(word).to_ascii_uppercase().as_str(), after) {
                ("REDIRECT", [id, after @ ..]) => {
                    if options.redirect_to.is_some_and(|id| id != 0) {
                        return Err(error("ERR A client can only redirect to a single other client"));
                    }
                    options.redirect_to = Some(read_id(connection, id)?);
                    rest = after;
                }
                ("PREFIX", [prefix, after @ ..]) => {
                    options.prefixes.push(prefix.to_vec());
                    rest = after;
                }
                ("BCAST", _) => options.broadcasts = true,
                ("OPTIN", _) => options.order = options.order.and(Order::In),
                ("OPTOUT", _) => options.order = options.order.and(Order::Out),
                ("NOLOOP", _) => options.noloop = true,
                _ => return Err(syntax()),
            }
        }
        Ok(options)
    }

    /// The mode that these make of the one that there is.
    fn mode(&self, before: Option<&Mode>) -> Result<Mode> {
        if !self.broadcasts && !self.prefixes.is_empty() {
            return Err(error("ERR PREFIX option requires BCAST mode to be enabled"));
        }
        if before.is_some_and(|before| before.is_broadcast() != self.broadcasts) {
            return Err(error(
                "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
            ));
        }
        if self.broadcasts && self.order != Order::Unsaid {
            return Err(error("ERR OPTIN and OPTOUT are not compatible with BCAST"));
        }
        match (self.order, before) {
            (Order::Both, _) => Err(error("ERR You can't specify both OPTIN mode and OPTOUT mode")),
            (Order::In, Some(Mode::OptOut)) | (Order::Out, Some(Mode::OptIn)) => Err(error(
                "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
            )),
            (Order::In, _) => Ok(Mode::OptIn),
            (Order::Out, _) => Ok(Mode::OptOut),
            (Order::Unsaid, Some(Mode::Broadcast(prefixes))) => self.broadcast(prefixes).map(Mode::Broadcast),
            (Order::Unsaid, _) if self.broadcasts => self.broadcast(&BTreeSet::new()).map(Mode::Broadcast),
            (Order::Unsaid, _) => Ok(Mode::Reads),
        }
    }

    /// The prefixes with those that there are; none overlaps another, so that a key is told once.
    fn broadcast(&self, before: &BTreeSet<Vec<u8>>) -> Result<BTreeSet<Vec<u8>>> {
        let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
        let refused = |prefix: &[u8], which: &str, other: &[u8]| {
            let (prefix, other) = (text(prefix), text(other));
            error(format!(
                "ERR Prefix '{prefix}' overlaps with {which} prefix '{other}'. Prefixes for a single client must not overlap."
            ))
        };
        for (at, prefix) in self.prefixes.iter().enumerate() {
            if let Some(other) = before.iter().find(|other| overlap(prefix, other)) {
                return Err(refused(prefix, "an existing", other));
            }
            if let Some(other) = self.prefixes.iter().skip(at + 1).find(|other| overlap(prefix, other)) {
                return Err(refused(prefix, "another provided", other));
            }
        }
        let mut all: BTreeSet<Vec<u8>> = before.iter().chain(&self.prefixes).cloned().collect();
        if self.prefixes.is_empty() {
            all.insert(Vec::new());
        }
        if all.len() > PREFIXES_MAX {
            return Err(error(format!("ERR a client may have {PREFIXES_MAX} prefixes")));
        }
        Ok(all)
    }
}

/// The number of a connection that is there and may be redirected to; 0 is none.
fn read_id(connection: &Connection, word: &[u8]) -> Result<i64> {
    let id = text(word).parse().map_err(|_no_number| error("ERR value is not an integer or out of range"))?;
    let other = connection.connected().get(id);
    let other = other.ok_or_else(|| error("ERR The client ID you want redirect to does not exist"))?;
    if !connection.redirects_as().is_none_or(|user| other.is_of(&user)) {
        connection.demand_everywhere()?;
    }
    Ok(id)
}

/// `TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`
pub(in crate::resp) fn tracking(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    let Some((switch, rest)) = words.split_first() else { return Err(syntax()) };
    let options = Options::read(connection, rest)?;
    if is(switch, "OFF") {
        connection.track(None);
        return ok();
    }
    if !is(switch, "ON") {
        return Err(syntax());
    }
    let mode = options.mode(connection.tracks().map(|tracks| tracks.tracker.mode()))?;
    let connected = Arc::downgrade(connection.connected());
    let user = connection.redirects_as();
    let redirection = options.redirect_to.filter(|id| *id != 0).map(|to| Redirection { to, user, connected });
    let client = connection.client();
    let tracker = Tracker::new(client.id, mode, Arc::clone(&client.pushes));
    Ok(Next::Track(tracker.redirected(redirection).without_loop(options.noloop)))
}

/// `CACHING YES|NO`
pub(in crate::resp) fn caching(connection: &mut Connection, words: &[&[u8]]) -> Result<Next> {
    let mode = connection.tracks().map(|tracks| tracks.tracker.mode().clone());
    let Some(mode) = mode else {
        return Err(error(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
        ));
    };
    match words {
        [word] if is(word, "YES") && mode != Mode::OptIn => {
            Err(error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."))
        }
        [word] if is(word, "NO") && mode != Mode::OptOut => {
            Err(error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."))
        }
        [word] if is(word, "YES") || is(word, "NO") => {
            connection.cache_next();
            ok()
        }
        _ => Err(syntax()),
    }
}

pub(in crate::resp) fn get_redirection(connection: &mut Connection, _words: &[&[u8]]) -> Result<Next> {
    Ok(Next::Reply(Reply::Int(connection.tracks().map_or(-1, |tracks| tracks.tracker.redirects_to()))))
}

pub(in crate::resp) fn tracking_info(connection: &mut Connection, _words: &[&[u8]]) -> Result<Next> {
    let is_caching = matches!(connection.noting(), Some(Noting::OnlyNext | Noting::AllButNext));
    let tracks = connection.tracks();
    let is_caching = is_caching || tracks.is_some_and(|tracks| tracks.is_caching);
    let (mut flags, mut prefixes, mut redirect) = (Vec::new(), Vec::new(), -1);
    match tracks.map(Tracks::tracker) {
        None => flags.push("off"),
        Some(tracker) => {
            flags.push("on");
            match tracker.mode() {
                Mode::Reads => {}
                Mode::Broadcast(own) => {
                    flags.push("bcast");
                    prefixes.extend(own.iter().map(|prefix| bulk(prefix.clone())));
                }
                Mode::OptIn => flags.extend(["optin"].into_iter().chain(is_caching.then_some("caching-yes"))),
                Mode::OptOut => flags.extend(["optout"].into_iter().chain(is_caching.then_some("caching-no"))),
            }
            flags.extend(tracker.is_noloop().then_some("noloop"));
            flags.extend(tracker.is_broken().then_some("broken_redirect"));
            redirect = tracker.redirects_to();
        }
    }
    Ok(Next::Reply(Reply::Map(vec![
        (bulk("flags"), Reply::Set(flags.into_iter().map(bulk).collect())),
        (bulk("redirect"), Reply::Int(redirect)),
        (bulk("prefixes"), Reply::Array(prefixes)),
    ])))
}
