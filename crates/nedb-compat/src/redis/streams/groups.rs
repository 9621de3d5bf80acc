//! XGROUP and XACK: making, setting and deleting groups of consumers, and settling what they were given.

use nedb::Result;

use super::{ids, unknown_subcommand};
use crate::redis::args::Args;
use crate::redis::lifetime::now_ms;
use crate::redis::notices::Class;
use crate::redis::refusal::{refused, wrong_arity};
use crate::redis::reply::Reply;
use crate::redis::stream_group::Group;
use crate::redis::stream_id::StreamId;
use crate::redis::stream_value::Stream;
use crate::redis::tx::Tx;

const HELP: &[&str] = &[
    "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <n>]",
    "    Create a group that reads what comes behind an id.",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Create a consumer of a group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Delete a consumer with what it has not acknowledged.",
    "DESTROY <key> <groupname>",
    "    Delete a group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD <n>]",
    "    Let a group read on behind another id.",
    "HELP",
    "    Print this help.",
];

/// What making a consumer is called in notifications.
pub(super) const CONSUMER_CREATED: &str = "xgroup-createconsumer";

pub(super) fn check(args: Args<'_>) -> Result<()> {
    let subcommand = args.at(0).to_ascii_lowercase();
    let is_right = match subcommand.as_slice() {
        b"create" | b"setid" => args.len() >= 4,
        b"destroy" => args.len() == 3,
        b"createconsumer" | b"delconsumer" => args.len() == 4,
        b"help" => args.len() == 1,
        _ => return Err(unknown_subcommand("XGROUP", args.at(0))),
    };
    if is_right { Ok(()) } else { Err(wrong_arity(&format!("xgroup|{}", String::from_utf8_lossy(&subcommand)))) }
}

/// Where a group begins to read, as CREATE and SETID say it.
#[derive(Default)]
struct Start {
    makes_stream: bool,
    read: Option<u64>,
}

impl Start {
    fn read(args: Args<'_>, is_create: bool) -> Result<Self> {
        let (mut start, mut options) = (Self::default(), args.options(4));
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"MKSTREAM" if is_create => start.makes_stream = true,
                b"ENTRIESREAD" if options.len() > 0 => {
                    let read = options.integer()?;
                    if read < -1 {
                        return Err(refused("ERR value for ENTRIESREAD must be positive or -1"));
                    }
                    start.read = u64::try_from(read).ok();
                }
                _ => {
                    let word = String::from_utf8_lossy(args.at(0));
                    return Err(refused(format!(
                        "ERR unknown subcommand or wrong number of arguments for '{word}'. Try XGROUP HELP."
                    )));
                }
            }
        }
        Ok(start)
    }
}

pub(super) fn xgroup(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let subcommand = args.at(0).to_ascii_lowercase();
    if subcommand == b"help" {
        return Ok(Reply::Array(HELP.iter().map(|line| Reply::Simple((*line).into())).collect()));
    }
    let is_create = subcommand == b"create";
    let start = if is_create || subcommand == b"setid" { Start::read(args, is_create)? } else { Start::default() };
    let (key, name) = (args.at(1), args.at(2));
    let stream = match Stream::find(tx, key)? {
        Some(stream) => stream,
        None if start.makes_stream => Stream::open(tx, key)?,
        None => {
            return Err(refused(
                "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.",
            ));
        }
    };
    let group = Group::find(tx, stream.container(), name)?;
    match subcommand.as_slice() {
        b"create" => create(tx, args, stream, group.is_some(), &start),
        b"destroy" => match group {
            None => Ok(Reply::Int(0)),
            Some(group) => {
                group.destroy(tx)?;
                stream.save(tx)?;
                tx.tell(Class::Stream, "xgroup-destroy", key);
                Ok(Reply::Int(1))
            }
        },
        _ => {
            let group = group.ok_or_else(|| no_group_of(key, name))?;
            change(tx, args, stream, group, &start)
        }
    }
}

fn no_group_of(key: &[u8], group: &[u8]) -> nedb::Error {
    let (key, group) = (String::from_utf8_lossy(key), String::from_utf8_lossy(group));
    refused(format!("NOGROUP No such consumer group '{group}' for key name '{key}'"))
}

/// The id behind which a group reads: one that is given, or that of the last entry.
fn id(args: Args<'_>, stream: &Stream<'_>) -> Result<StreamId> {
    match args.at(3) {
        b"$" => Ok(stream.state().last),
        word => StreamId::read(word, 0),
    }
}

fn create(tx: &mut Tx<'_>, args: Args<'_>, stream: Stream<'_>, is_there: bool, start: &Start) -> Result<Reply> {
    let id = id(args, &stream)?;
    if is_there {
        return Err(refused("BUSYGROUP Consumer Group name already exists"));
    }
    Group::new(tx, stream.container(), args.at(2), id, start.read).save(tx)?;
    stream.save(tx)?;
    tx.tell(Class::Stream, "xgroup-create", args.at(1));
    Ok(Reply::ok())
}

fn change(tx: &mut Tx<'_>, args: Args<'_>, stream: Stream<'_>, mut group: Group, start: &Start) -> Result<Reply> {
    let consumer = args.at(3);
    let (answer, event) = match args.at(0).to_ascii_lowercase().as_slice() {
        b"setid" => {
            (group.last, group.read) = (id(args, &stream)?, start.read);
            group.save(tx)?;
            (Reply::ok(), "xgroup-setid")
        }
        b"createconsumer" => {
            if group.has_consumer(tx, consumer)? {
                return Ok(Reply::Int(0));
            }
            let now = now_ms(tx.now());
            group.see(tx, consumer, now)?;
            (Reply::Int(1), CONSUMER_CREATED)
        }
        _ => {
            let mut own = Vec::new();
            for found in group.pending_from(tx, StreamId::MIN)? {
                let (id, pending) = found?;
                if pending.consumer == consumer {
                    own.push(id);
                }
            }
            if !group.has_consumer(tx, consumer)? {
                return Ok(Reply::Int(0));
            }
            for id in &own {
                group.settle(tx, *id);
            }
            group.forget(tx, consumer);
            (Reply::count(own.len()), "xgroup-delconsumer")
        }
    };
    stream.save(tx)?;
    tx.tell(Class::Stream, event, args.at(1));
    Ok(answer)
}

pub(super) fn xack(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(stream) = Stream::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let Some(group) = Group::find(tx, stream.container(), args.at(1))? else { return Ok(Reply::Int(0)) };
    let mut settled = 0;
    for id in ids(args.from(2))? {
        if group.pending(tx, id)?.is_some() {
            group.settle(tx, id);
            settled += 1;
        }
    }
    if settled > 0 {
        stream.save(tx)?;
    }
    Ok(Reply::count(settled))
}
