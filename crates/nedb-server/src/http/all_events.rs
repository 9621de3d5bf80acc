//! `GET /events`: every operation of all databases that the caller may read, in one feed.
//!
//! ```text
//! id: shop:17:3fa9c01b,app:4:90b1d2e7
//! event: put
//! data: {"database":"shop","seq":17,"kind":"put",...}
//! ```
//!
//! An id is the whole position: for each database that has operations behind the reader its name, the last seq of them, and the beginning of its id, by
//! which one that was dropped and made again is known; `-` stands for none. Promises: what a feed of one database does, over all of them; operations of one
//! database come in order, those of different ones in turns; a database that is made joins with its first operation, one that is dropped says so; one that
//! cannot be read says so and holds up no other. Leaves to others: reading and sending (`events.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nedb::{Entry, Error, ErrorCode, Result, Seq, Value};
use nedb_types::document::value_to_json;
use tokio::sync::watch;

use super::answer::Answer;
use super::body::{Field, Kind, Request, invalid, optional, seq};
use super::events::{self, ENTRIES_AT_ONCE, FROM_SEQ, Feed, Followed, Listening, Piece, Source, about};
use super::{failure, guard};
use crate::databases::{Served, check_name};
use crate::rights::{Identity, Right};
use crate::server::Shared;

pub(super) const EVENTS: &[Field] =
    &[FROM_SEQ, optional("databases", Kind::Text, "only these, separated by commas; they need not be there yet")];

/// How many databases are in one feed at most: for each of them a thread waits for what is committed.
const DATABASES_MAX: usize = 200;

/// How long an id is at most: with it, and what else a browser sends, a head has less than the 8 KiB that proxies take.
const ID_BYTES_MAX: usize = 6 << 10;

/// The id of a reader who has seen nothing of any database.
const NOTHING_SEEN: &str = "-";

/// How many digits of a database's id are in an id: enough to tell those apart that had the same name.
const TAG_DIGITS: usize = 8;

/// How many operations of one database are read before another one has its turn.
const ENTRIES_IN_TURN: usize = 64;

/// After how long a database that could not be read is tried again.
const AGAIN_US: u64 = 10_000_000;

/// How far a reader has come in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    seq: Seq,
    /// The beginning of the id of that database.
    tag: String,
}

/// How far a reader has come, by the names of databases.
type Positions = BTreeMap<String, Position>;

/// A database that cannot be read at present.
struct Parked {
    position: Option<Position>,
    again_us: u64,
}

/// All databases that a reader follows.
struct All {
    shared: Arc<Shared>,
    identity: Arc<Identity>,
    /// The names that he asked for; whatever he may read, if he named none.
    wanted: Option<BTreeSet<String>>,
    sources: BTreeMap<String, Source>,
    parked: BTreeMap<String, Parked>,
    /// The last one that had its turn.
    turn: String,
    roster: watch::Receiver<()>,
}

pub(super) fn events(request: &mut Request) -> Result<Answer> {
    if request.identity.is_nobody() {
        return Err(super::service::no_token());
    }
    let wanted = request.maybe_text("databases").map(|names| wanted(&request.identity, &names)).transpose()?;
    if !request.identity.may_somewhere(Right::Read) {
        let message = format!("{} lacks the right read on every database", request.identity.name);
        return Err(Error::new(ErrorCode::Denied, message));
    }
    let resumed = request.last_event_id.take().map(|id| positions(&id)).transpose()?;
    let first = events::first(request);
    let mut all = All {
        shared: Arc::clone(&request.shared),
        identity: Arc::clone(&request.identity),
        wanted,
        sources: BTreeMap::new(),
        parked: BTreeMap::new(),
        turn: String::new(),
        // First who listens, then what there is: what is made in between is seen.
        roster: request.shared.databases.roster(),
    };
    let mut listening = Listening::default();
    let mut piece = Piece::default();
    listening.to(all.roster.clone());
    match resumed {
        Some(positions) => all.resume(positions, &mut listening, &mut piece)?,
        None => all.begin(first, &mut listening, &mut piece)?,
    }
    piece.stand_at(&all.id()?);
    let all = Begun { piece: Some(piece), all };
    Ok(Answer::Events(Feed::new(&request.shared, Box::new(all), listening)))
}

/// A feed with what it tells first.
struct Begun {
    piece: Option<Piece>,
    all: All,
}

impl Followed for Begun {
    fn read(&mut self, listening: &mut Listening) -> Piece {
        let mut piece = self.piece.take().unwrap_or_default();
        if let Err(error) = self.all.read_into(&mut piece, listening) {
            piece.end(&error);
        }
        piece
    }
}

impl All {
    /// Begins behind the same operation of each database, or behind what each has.
    #[allow(clippy::option_option, reason = "the first operation has none before it")]
    fn begin(&mut self, first: Option<Option<Seq>>, listening: &mut Listening, piece: &mut Piece) -> Result<()> {
        for name in self.names()? {
            self.join(&name, listening, piece, |served| first.unwrap_or_else(|| served.db.head().seq()))?;
        }
        Ok(())
    }

    /// Goes on where a reader ended; tells him which databases he knew are gone.
    fn resume(&mut self, positions: Positions, listening: &mut Listening, piece: &mut Piece) -> Result<()> {
        let names = self.names()?;
        for (name, position) in positions {
            if !self.is_wanted(&name) {
                // He may not read it any more, or did not ask for it this time.
            } else if names.contains(&name) {
                self.parked.insert(name, Parked { position: Some(position), again_us: 0 });
            } else {
                tell_dropped(piece, None, &name)?;
            }
        }
        self.look_around(listening, piece)
    }

    /// The databases that are there, as far as they are wanted; they are counted before any is opened.
    fn names(&self) -> Result<BTreeSet<String>> {
        let names = self.shared.databases.names()?;
        let names: BTreeSet<String> = names.into_iter().filter(|name| self.is_wanted(name)).collect();
        if names.len() <= DATABASES_MAX {
            return Ok(names);
        }
        let message = format!(
            "there are {} databases to follow, and one feed has {DATABASES_MAX} at most: name some with databases=",
            names.len()
        );
        Err(invalid(message))
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(name)) && self.identity.may(Right::Read, Some(name))
    }

    /// Whether databases were made or dropped, or one is to be tried again.
    fn has_changed(&self) -> bool {
        let now_us = self.now_us();
        self.roster.has_changed().unwrap_or_default() || self.parked.values().any(|parked| parked.again_us <= now_us)
    }

    /// Lets databases join that are there now, and tries those again that could not be read.
    fn look_around(&mut self, listening: &mut Listening, piece: &mut Piece) -> Result<()> {
        self.roster.mark_unchanged();
        let now_us = self.now_us();
        let names = self.names()?;
        let gone: Vec<String> = self.parked.keys().filter(|name| !names.contains(*name)).cloned().collect();
        for name in gone {
            self.parked.remove(&name);
            tell_dropped(piece, Some(&self.id()?), &name)?;
        }
        for name in names {
            let is_due = self.parked.get(&name).is_none_or(|parked| parked.again_us <= now_us);
            if is_due && !self.sources.contains_key(&name) {
                // What was made meanwhile is told from its first operation on.
                self.join(&name, listening, piece, |_made| None)?;
            }
        }
        Ok(())
    }

    /// Follows a database behind the position that is known of it, or else behind what is said.
    fn join(
        &mut self,
        name: &str,
        listening: &mut Listening,
        piece: &mut Piece,
        begin: impl FnOnce(&Served) -> Option<Seq>,
    ) -> Result<()> {
        let served = match self.shared.databases.get(name) {
            Ok(served) => served,
            // It was dropped meanwhile.
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(()),
            Err(error) => {
                self.park(name, &error, piece);
                return Ok(());
            }
        };
        let parked = self.parked.remove(name);
        let after = match parked.and_then(|parked| parked.position) {
            Some(position) if position.tag == tag(&served) => Some(position.seq),
            Some(_of_another) => {
                tell_dropped(piece, None, name)?;
                None
            }
            None => begin(&served),
        };
        self.sources.insert(name.to_owned(), Source::begin(served, after, listening));
        Ok(())
    }

    /// Leaves a database out for a while, and tells why if that was not told yet.
    fn park(&mut self, name: &str, error: &Error, piece: &mut Piece) {
        let again_us = self.now_us() + AGAIN_US;
        let known = self.sources.remove(name).and_then(|source| position(&source));
        match self.parked.get_mut(name) {
            Some(parked) if parked.again_us > 0 => parked.again_us = again_us,
            before => {
                let position = before.and_then(|parked| parked.position.clone()).or(known);
                self.parked.insert(name.to_owned(), Parked { position, again_us });
                piece.tell(None, "unavailable", &failure::json_beside(about(name), error));
            }
        }
    }

    fn read_into(&mut self, piece: &mut Piece, listening: &mut Listening) -> Result<()> {
        self.leave_dropped(piece)?;
        if self.has_changed() {
            self.look_around(listening, piece)?;
        }
        let mut left = ENTRIES_AT_ONCE;
        for name in self.turns() {
            if left == 0 || piece.is_full() {
                break;
            }
            self.turn.clone_from(&name);
            match self.read_one(&name, &mut left, piece) {
                Ok(()) => {}
                Err(Told::Ends(error)) => return Err(error),
                Err(Told::Lost(_closed)) if self.shared.is_ending() => piece.is_last = true,
                // That it was dropped is told by the next piece.
                Err(Told::Lost(_closed)) if self.is_dropped(&name) => {}
                Err(Told::Lost(error)) => self.park(&name, &error, piece),
            }
        }
        Ok(())
    }

    /// Leaves databases that were dropped, and says so.
    fn leave_dropped(&mut self, piece: &mut Piece) -> Result<()> {
        let dropped: Vec<String> = self.sources.keys().filter(|name| self.is_dropped(name)).cloned().collect();
        for name in dropped {
            self.sources.remove(&name);
            let id = self.id()?;
            tell_dropped(piece, Some(&id), &name)?;
        }
        Ok(())
    }

    fn is_dropped(&self, name: &str) -> bool {
        self.sources.get(name).is_some_and(|source| source.served.is_dropped())
    }

    /// The databases in the order of their turns: the one after the last comes first.
    fn turns(&self) -> Vec<String> {
        let behind = self.sources.keys().filter(|name| **name > self.turn);
        behind.chain(self.sources.keys().filter(|name| **name <= self.turn)).cloned().collect()
    }

    /// Tells what one database has, for its turn.
    fn read_one(&mut self, name: &str, left: &mut usize, piece: &mut Piece) -> std::result::Result<(), Told> {
        let mut others = None;
        for _ in 0..ENTRIES_IN_TURN.min(*left) {
            let Some(source) = self.sources.get_mut(name) else { break };
            let Some(entry) = source.next().map_err(Told::Lost)? else { break };
            let own = pair(name, entry.seq, &tag(&source.served));
            let others: &mut String = others.get_or_insert_with(|| self.others(name));
            let id = check_id([own.as_str(), others.as_str()].concat()).map_err(Told::Ends)?;
            piece.tell(Some(&id), entry.kind.as_str(), &data(name, &entry).map_err(Told::Ends)?);
            *left -= 1;
            if piece.is_full() {
                break;
            }
        }
        Ok(())
    }

    /// The positions of all but one.
    fn others(&self, name: &str) -> String {
        let others = self.pairs().filter(|(other, _)| *other != name);
        others.flat_map(|(_, pair)| [",".to_owned(), pair]).collect()
    }

    /// The positions of all.
    fn id(&self) -> Result<String> {
        let pairs: Vec<String> = self.pairs().map(|(_, pair)| pair).collect();
        check_id(if pairs.is_empty() { NOTHING_SEEN.to_owned() } else { pairs.join(",") })
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, String)> {
        let followed = self.sources.iter().map(|(name, source)| (name, position(source)));
        let parked = self.parked.iter().map(|(name, parked)| (name, parked.position.clone()));
        followed
            .chain(parked)
            .filter_map(|(name, position)| position.map(|at| (name.as_str(), pair(name, at.seq, &at.tag))))
    }

    fn now_us(&self) -> u64 {
        self.shared.config.io.clock.monotonic_us()
    }
}

/// Why a turn ended before its time.
enum Told {
    /// The database cannot be read.
    Lost(Error),
    /// The feed cannot go on.
    Ends(Error),
}

fn position(source: &Source) -> Option<Position> {
    source.after.map(|seq| Position { seq, tag: tag(&source.served) })
}

/// The beginning of the id of a database.
fn tag(served: &Served) -> String {
    served.db.id().to_string().chars().take(TAG_DIGITS).collect()
}

fn pair(name: &str, seq: Seq, tag: &str) -> String {
    format!("{name}:{seq}:{tag}")
}

fn data(name: &str, entry: &Entry) -> Result<String> {
    let mut data = about(name);
    for (field, value) in entry.to_object()? {
        data.insert(field, value);
    }
    value_to_json(&Value::Object(data))
}

fn tell_dropped(piece: &mut Piece, id: Option<&str>, name: &str) -> Result<()> {
    piece.tell(id, "dropped", &value_to_json(&Value::Object(about(name)))?);
    Ok(())
}

/// Refuses an id that clients and what is between could not send back.
fn check_id(id: String) -> Result<String> {
    if id.len() <= ID_BYTES_MAX {
        return Ok(id);
    }
    let message = format!(
        "the position in all databases has {} bytes, and {ID_BYTES_MAX} at most: name some with databases=",
        id.len()
    );
    Err(invalid(message))
}

/// The names that were asked for, each of which the caller must be allowed to read.
fn wanted(identity: &Identity, names: &str) -> Result<BTreeSet<String>> {
    let names: BTreeSet<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    for name in &names {
        check_name(name)?;
        guard::demand(identity, Right::Read, Some(name))?;
    }
    Ok(names)
}

/// Reads an id.
fn positions(id: &str) -> Result<Positions> {
    if id == NOTHING_SEEN {
        return Ok(Positions::new());
    }
    id.split(',')
        .map(|pair| {
            let mut parts = pair.split(':');
            let (Some(name), Some(number), Some(tag), None) = (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(invalid(format!("Last-Event-ID has {pair:?}, which is not NAME:SEQ:ID")));
            };
            check_name(name)?;
            Ok((name.to_owned(), Position { seq: seq("Last-Event-ID", number)?, tag: tag.to_owned() }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_how_far_a_reader_has_come_and_what_is_none_is_refused() {
        let read = positions("a:17:3fa9c01b,b.c-d:0:00000000").unwrap();
        let written: Vec<String> = read.iter().map(|(name, at)| pair(name, at.seq, &at.tag)).collect();
        assert_eq!(written.join(","), "a:17:3fa9c01b,b.c-d:0:00000000");
        assert!(positions(NOTHING_SEEN).unwrap().is_empty());
        for (id, code) in [
            ("", ErrorCode::InvalidArgument),
            ("17", ErrorCode::InvalidArgument),
            ("a:17", ErrorCode::InvalidArgument),
            ("a:-1:x", ErrorCode::InvalidArgument),
            ("a:1:x:y", ErrorCode::InvalidArgument),
            ("../a:1:x", ErrorCode::InvalidName),
            ("a:1:x,", ErrorCode::InvalidArgument),
        ] {
            assert_eq!(positions(id).unwrap_err().code(), code, "{id:?}");
        }
        assert!(check_id("x".repeat(ID_BYTES_MAX)).is_ok());
        assert!(check_id("x".repeat(ID_BYTES_MAX + 1)).unwrap_err().message().contains("databases="));
    }
}
