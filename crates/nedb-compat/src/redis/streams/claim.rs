//! XPENDING, XCLAIM and XAUTOCLAIM: what was given to consumers and not acknowledged, and giving it to others.

use std::collections::BTreeMap;

use nedb::Result;

use super::groups::CONSUMER_CREATED;
use super::read::no_group;
use crate::redis::args::{Args, Options};
use crate::redis::lifetime::now_ms;
use crate::redis::notices::Class;
use crate::redis::number;
use crate::redis::refusal::{refused, syntax};
use crate::redis::reply::Reply;
use crate::redis::stream_group::{Group, Pending};
use crate::redis::stream_id::StreamId;
use crate::redis::stream_value::{Stream, entry_reply};
use crate::redis::tx::Tx;

/// The stream and the group that a call names.
fn group<'a>(tx: &mut Tx<'_>, args: Args<'a>) -> Result<(Stream<'a>, Group)> {
    let stream = Stream::find(tx, args.at(0))?;
    let group = match &stream {
        Some(stream) => Group::find(tx, stream.container(), args.at(1))?,
        None => None,
    };
    stream.zip(group).ok_or_else(|| no_group(args.at(0), args.at(1), ""))
}

pub(super) fn xpending(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    if args.len() == 2 {
        let (_, group) = group(tx, args)?;
        return summary(tx, &group);
    }
    let has_idle = args.at(2).eq_ignore_ascii_case(b"IDLE");
    if !(if has_idle { 7..=8 } else { 5..=8 }).contains(&args.len()) {
        return Err(syntax());
    }
    let (idle_ms, first) = if has_idle { (args.integer(3)?, 4) } else { (0, 2) };
    let count = usize::try_from(args.integer(first + 2)?).unwrap_or_default();
    let (from, to) = (StreamId::read_end(args.at(first), true)?, StreamId::read_end(args.at(first + 1), false)?);
    let (_, group) = group(tx, args)?;
    let (now, consumer, mut rows) = (now_ms(tx.now()), args.get(first + 3), Vec::new());
    for found in group.pending_from(tx, from)? {
        let (id, pending) = found?;
        if id > to || rows.len() == count {
            break;
        }
        let idle = now - pending.given_ms;
        if consumer.is_some_and(|consumer| pending.consumer != consumer) || idle < idle_ms {
            continue;
        }
        rows.push(Reply::Array(vec![
            Reply::bulk(id.text()),
            Reply::Bulk(pending.consumer),
            Reply::Int(idle.max(0)),
            Reply::Int(pending.times),
        ]));
    }
    Ok(Reply::Array(rows))
}

/// How much is pending, between which ids, and how much of it each consumer has.
fn summary(tx: &Tx<'_>, group: &Group) -> Result<Reply> {
    let (mut ends, mut of_consumers) = (None, BTreeMap::<Vec<u8>, usize>::new());
    for found in group.pending_from(tx, StreamId::MIN)? {
        let (id, pending) = found?;
        ends = Some((ends.map_or(id, |(first, _)| first), id));
        *of_consumers.entry(pending.consumer).or_default() += 1;
    }
    let total = of_consumers.values().sum();
    let id = |id: Option<StreamId>| Reply::bulk_or_nil(id.map(|id| id.text().into_bytes()));
    let consumers = of_consumers.into_iter().map(|(name, count)| Reply::bulks([name, count.to_string().into_bytes()]));
    Ok(Reply::Array(vec![
        Reply::count(total),
        id(ends.map(|(first, _)| first)),
        id(ends.map(|(_, last)| last)),
        if total == 0 { Reply::NilArray } else { Reply::Array(consumers.collect()) },
    ]))
}

/// How claimed entries are given.
struct Claim<'a> {
    key: &'a [u8],
    consumer: &'a [u8],
    now_ms: i64,
    given_ms: i64,
    idle_ms: i64,
    times: Option<i64>,
    is_forced: bool,
    has_ids_alone: bool,
    last: Option<StreamId>,
}

impl<'a> Claim<'a> {
    fn new(args: Args<'a>, now_ms: i64, command: &str) -> Result<Self> {
        let invalid = || refused(format!("ERR Invalid min-idle-time argument for {command}"));
        let idle_ms = number::integer(args.at(3)).ok_or_else(invalid)?.max(0);
        Ok(Self {
            key: args.at(0),
            consumer: args.at(2),
            now_ms,
            given_ms: now_ms,
            idle_ms,
            times: None,
            is_forced: false,
            has_ids_alone: false,
            last: None,
        })
    }

    /// Reads the options of XCLAIM.
    fn read(&mut self, mut options: Options<'a>) -> Result<()> {
        while let Some(raw) = options.next_raw() {
            let (word, has_value) = (raw.to_ascii_uppercase(), options.len() > 0);
            let mut number = |name: &str| {
                let invalid = || refused(format!("ERR Invalid {name} option argument for XCLAIM"));
                number::integer(options.value()?).ok_or_else(invalid)
            };
            match word.as_slice() {
                b"FORCE" => self.is_forced = true,
                b"JUSTID" => self.has_ids_alone = true,
                b"IDLE" if has_value => self.given_ms = self.now_ms.saturating_sub(number("IDLE")?),
                b"TIME" if has_value => self.given_ms = number("TIME")?,
                b"RETRYCOUNT" if has_value => self.times = Some(number("RETRYCOUNT")?).filter(|times| *times >= 0),
                b"LASTID" if has_value => self.last = Some(StreamId::read(options.value()?, 0)?),
                _ => {
                    let word = String::from_utf8_lossy(raw);
                    return Err(refused(format!("ERR Unrecognized XCLAIM option '{word}'")));
                }
            }
        }
        if self.given_ms < 0 || self.given_ms > self.now_ms {
            self.given_ms = self.now_ms;
        }
        Ok(())
    }

    /// Gives one entry that is pending, or is to be.
    fn give(&self, tx: &mut Tx<'_>, group: &Group, id: StreamId, old: Option<&Pending>) -> Result<()> {
        let before = old.map_or(1, |old| old.times);
        let times = self.times.unwrap_or(if self.has_ids_alone { before } else { before + 1 });
        if group.see(tx, self.consumer, self.now_ms)? {
            tx.tell(Class::Stream, CONSUMER_CREATED, self.key);
        }
        group.give(tx, id, &Pending { consumer: self.consumer.to_vec(), given_ms: self.given_ms, times })
    }

    fn shown(&self, id: StreamId, fields: Vec<Vec<u8>>) -> Reply {
        if self.has_ids_alone { Reply::bulk(id.text()) } else { entry_reply((id, fields)) }
    }
}

pub(super) fn xclaim(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (stream, mut group) = group(tx, args)?;
    let mut claim = Claim::new(args, now_ms(tx.now()), "XCLAIM")?;
    let ids: Vec<StreamId> = args.from(4).iter().map_while(|word| StreamId::read(word, 0).ok()).collect();
    claim.read(args.options(4 + ids.len()))?;
    if let Some(last) = claim.last.filter(|last| *last > group.last) {
        group.last = last;
        group.save(tx)?;
    }
    let mut claimed = Vec::new();
    for id in ids {
        let old = group.pending(tx, id)?;
        let Some(fields) = stream.get(tx, id)? else {
            if old.is_some() {
                group.settle(tx, id);
            }
            continue;
        };
        let is_wanted = match &old {
            Some(old) => claim.now_ms - old.given_ms >= claim.idle_ms,
            None => claim.is_forced,
        };
        if is_wanted {
            claim.give(tx, &group, id, old.as_ref())?;
            claimed.push(claim.shown(id, fields));
        }
    }
    stream.save(tx)?;
    Ok(Reply::Array(claimed))
}

/// How many pending entries are looked at for each that is wanted.
const LOOKED_AT_FOR_EACH: usize = 10;

pub(super) fn xautoclaim(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut claim = Claim::new(args, now_ms(tx.now()), "XAUTOCLAIM")?;
    let from = StreamId::read_end(args.at(4), true)?;
    let (mut count, mut options) = (100, args.options(5));
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"COUNT" if options.len() > 0 => {
                let given = number::integer(options.value()?).and_then(|count| usize::try_from(count).ok());
                let given = given.filter(|count| *count > 0 && *count < usize::MAX / 32);
                count = given.ok_or_else(|| refused("ERR COUNT must be > 0"))?;
            }
            b"JUSTID" => claim.has_ids_alone = true,
            _ => return Err(syntax()),
        }
    }
    let (stream, group) = group(tx, args)?;
    let looked_at = count.saturating_mul(LOOKED_AT_FOR_EACH);
    let pending: Vec<(StreamId, Pending)> =
        group.pending_from(tx, from)?.take(looked_at.saturating_add(1)).collect::<Result<_>>()?;
    let (mut claimed, mut gone, mut seen) = (Vec::new(), Vec::new(), 0);
    for (id, old) in pending.iter().take(looked_at) {
        if claimed.len() + gone.len() == count {
            break;
        }
        seen += 1;
        let Some(fields) = stream.get(tx, *id)? else {
            group.settle(tx, *id);
            gone.push(Reply::bulk(id.text()));
            continue;
        };
        if claim.now_ms - old.given_ms >= claim.idle_ms {
            claim.give(tx, &group, *id, Some(old))?;
            claimed.push(claim.shown(*id, fields));
        }
    }
    let next = pending.get(seen).map_or(StreamId::MIN, |(id, _)| *id);
    stream.save(tx)?;
    Ok(Reply::Array(vec![Reply::bulk(next.text()), Reply::Array(claimed), Reply::Array(gone)]))
}
