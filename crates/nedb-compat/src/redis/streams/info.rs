//! XINFO: what is known of a stream, its groups and their consumers. A stream has no radix tree here, so nothing is said of one.

use std::collections::BTreeMap;

use nedb::Result;

use super::{length, unknown_subcommand};
use crate::redis::args::Args;
use crate::redis::lifetime::now_ms;
use crate::redis::refusal::{no_such_key, refused, wrong_arity};
use crate::redis::reply::Reply;
use crate::redis::stream_group::{Group, Pending};
use crate::redis::stream_id::StreamId;
use crate::redis::stream_value::{Stream, entry_reply};
use crate::redis::tx::Tx;

const HELP: &[&str] = &[
    "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CONSUMERS <key> <groupname>",
    "    Show the consumers of a group.",
    "GROUPS <key>",
    "    Show the groups of a stream.",
    "STREAM <key> [FULL [COUNT <count>]]",
    "    Show what is known of a stream; with FULL also its entries, groups and consumers.",
    "HELP",
    "    Print this help.",
];

pub(super) fn check(args: Args<'_>) -> Result<()> {
    let subcommand = args.at(0).to_ascii_lowercase();
    let is_right = match subcommand.as_slice() {
        b"stream" => args.len() >= 2,
        b"groups" => args.len() == 2,
        b"consumers" => args.len() == 3,
        b"help" => args.len() == 1,
        _ => return Err(unknown_subcommand("XINFO", args.at(0))),
    };
    if is_right { Ok(()) } else { Err(wrong_arity(&format!("xinfo|{}", String::from_utf8_lossy(&subcommand)))) }
}

pub(super) fn xinfo(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let subcommand = args.at(0).to_ascii_lowercase();
    if subcommand == b"help" {
        return Ok(Reply::Array(HELP.iter().map(|line| Reply::Simple((*line).into())).collect()));
    }
    let stream = Stream::find(tx, args.at(1))?.ok_or_else(no_such_key)?;
    match subcommand.as_slice() {
        b"groups" => groups(tx, &stream),
        b"consumers" => consumers(tx, &stream, args),
        _ if args.len() > 2 => full(tx, &stream, full_count(args)?),
        _ => about(tx, &stream),
    }
}

fn map<'n>(fields: impl IntoIterator<Item = (&'n str, Reply)>) -> Reply {
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

fn id(id: StreamId) -> Reply {
    Reply::bulk(id.text())
}

/// What every report on a stream begins with.
fn numbers(stream: &Stream<'_>) -> [(&'static str, Reply); 5] {
    let state = stream.state();
    let first = if stream.len() == 0 { StreamId::MIN } else { state.first };
    [
        ("length", length(stream.len())),
        ("last-generated-id", id(state.last)),
        ("max-deleted-entry-id", id(state.deleted)),
        ("entries-added", length(state.added)),
        ("recorded-first-entry-id", id(first)),
    ]
}

fn about(tx: &Tx<'_>, stream: &Stream<'_>) -> Result<Reply> {
    let end = |is_reverse: bool| -> Result<Reply> {
        let entry = stream.range(tx, (StreamId::MIN, StreamId::MAX), is_reverse, 1)?.pop();
        Ok(entry.map_or(Reply::Nil, entry_reply))
    };
    let rest = [
        ("groups", Reply::count(Group::all(tx, stream.container())?.len())),
        ("first-entry", end(false)?),
        ("last-entry", end(true)?),
    ];
    Ok(map(numbers(stream).into_iter().chain(rest)))
}

/// How many entries, and pending ones of each group, XINFO STREAM FULL shows when nothing is said.
const FULL_ENTRIES: usize = 10;

/// The COUNT of XINFO STREAM FULL; 0 shows all.
fn full_count(args: Args<'_>) -> Result<usize> {
    let is_word = |position: usize, word: &[u8]| args.at(position).eq_ignore_ascii_case(word);
    let count = match args.len() {
        3 if is_word(2, b"FULL") => return Ok(FULL_ENTRIES),
        5 if is_word(2, b"FULL") && is_word(3, b"COUNT") => args.integer(4)?,
        _ => {
            let name = String::from_utf8_lossy(args.at(0)).into_owned();
            let text = format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try XINFO HELP.");
            return Err(refused(text));
        }
    };
    Ok(match usize::try_from(count) {
        Ok(0) => usize::MAX,
        Ok(count) => count,
        Err(_negative) => FULL_ENTRIES,
    })
}

/// Everything that is known of a stream, with so many of its entries and of the pending ones.
fn full(tx: &Tx<'_>, stream: &Stream<'_>, count: usize) -> Result<Reply> {
    let entries = stream.range(tx, (StreamId::MIN, StreamId::MAX), false, count)?;
    let groups = Group::all(tx, stream.container())?;
    let groups: Vec<Reply> = groups.iter().map(|group| full_group(tx, stream, group, count)).collect::<Result<_>>()?;
    let rest =
        [("entries", Reply::Array(entries.into_iter().map(entry_reply).collect())), ("groups", Reply::Array(groups))];
    Ok(map(numbers(stream).into_iter().chain(rest)))
}

fn full_group(tx: &Tx<'_>, stream: &Stream<'_>, group: &Group, count: usize) -> Result<Reply> {
    let (mut all, mut shown, mut of_consumers) = (0, Vec::new(), BTreeMap::<Vec<u8>, (usize, Vec<Reply>)>::new());
    for found in group.pending_from(tx, StreamId::MIN)? {
        let (entry, Pending { consumer, given_ms, times }) = found?;
        let (given, times) = (Reply::Int(given_ms), Reply::Int(times));
        if all < count {
            shown.push(Reply::Array(vec![id(entry), Reply::bulk(consumer.as_slice()), given.clone(), times.clone()]));
        }
        all += 1;
        let (own, own_shown) = of_consumers.entry(consumer).or_default();
        if *own < count {
            own_shown.push(Reply::Array(vec![id(entry), given, times]));
        }
        *own += 1;
    }
    let consumer = |(name, seen): (Vec<u8>, i64)| {
        let (own, own_shown) = of_consumers.remove(&name).unwrap_or_default();
        map([
            ("name", Reply::Bulk(name)),
            ("seen-time", Reply::Int(seen)),
            ("pel-count", Reply::count(own)),
            ("pel", Reply::Array(own_shown)),
        ])
    };
    let (read, lag) = progress(stream, group);
    Ok(map([
        ("name", Reply::bulk(group.name.as_slice())),
        ("last-delivered-id", id(group.last)),
        ("entries-read", read),
        ("lag", lag),
        ("pel-count", Reply::count(all)),
        ("pel", Reply::Array(shown)),
        ("consumers", Reply::Array(group.consumers(tx)?.into_iter().map(consumer).collect())),
    ]))
}

/// How many entries a group has read, and how many are before it, where that is known.
fn progress(stream: &Stream<'_>, group: &Group) -> (Reply, Reply) {
    let added = stream.state().added;
    let read = match group.read {
        _ if added == 0 => Some(0),
        Some(read) if !stream.has_deleted_from(group.last) => Some(read),
        _ => stream.added_up_to(group.last),
    };
    // XSETID may say that fewer were added than were read.
    let lag = read.map_or(Reply::Nil, |read| Reply::Int(added.cast_signed().wrapping_sub_unsigned(read)));
    (group.read.map_or(Reply::Nil, length), lag)
}

fn groups(tx: &Tx<'_>, stream: &Stream<'_>) -> Result<Reply> {
    let mut rows = Vec::new();
    for group in Group::all(tx, stream.container())? {
        let (read, lag) = progress(stream, &group);
        rows.push(map([
            ("name", Reply::bulk(group.name.as_slice())),
            ("consumers", Reply::count(group.consumers(tx)?.len())),
            ("pending", Reply::count(group.pending_from(tx, StreamId::MIN)?.count())),
            ("last-delivered-id", id(group.last)),
            ("entries-read", read),
            ("lag", lag),
        ]));
    }
    Ok(Reply::Array(rows))
}

fn consumers(tx: &Tx<'_>, stream: &Stream<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(group) = Group::find(tx, stream.container(), args.at(2))? else {
        let (key, name) = (String::from_utf8_lossy(args.at(1)), String::from_utf8_lossy(args.at(2)));
        return Err(refused(format!("NOGROUP No such consumer group '{name}' for key name '{key}'")));
    };
    let mut pending = BTreeMap::<Vec<u8>, usize>::new();
    for found in group.pending_from(tx, StreamId::MIN)? {
        *pending.entry(found?.1.consumer).or_default() += 1;
    }
    let now = now_ms(tx.now());
    let row = |(name, seen): (Vec<u8>, i64)| {
        let count = pending.get(&name).copied().unwrap_or_default();
        map([("name", Reply::Bulk(name)), ("pending", Reply::count(count)), ("idle", Reply::Int((now - seen).max(0)))])
    };
    Ok(Reply::Array(group.consumers(tx)?.into_iter().map(row).collect()))
}
