//! XREAD and XREADGROUP: what came to several streams, for whoever asks or for the consumers of a group.

use std::time::Duration;

use nedb::Result;

use super::groups::CONSUMER_CREATED;
use crate::redis::args::{Args, Options};
use crate::redis::keyspace::Kind;
use crate::redis::lifetime::now_ms;
use crate::redis::notices::Class;
use crate::redis::number;
use crate::redis::refusal::{refused, syntax, wrong_type};
use crate::redis::reply::Reply;
use crate::redis::stream_group::{Group, Pending};
use crate::redis::stream_id::StreamId;
use crate::redis::stream_value::{Stream, entry_reply};
use crate::redis::tx::Tx;
use crate::redis::waiting::{Asked, Outcome, Wait};

/// Whether a call waits.
enum Patience {
    None,
    /// So long, or for ever.
    For(Option<Duration>),
}

/// What a call asks for.
struct Call<'a> {
    group: Option<(&'a [u8], &'a [u8])>,
    count: usize,
    patience: Patience,
    is_acknowledged: bool,
    keys: &'a [&'a [u8]],
    ids: &'a [&'a [u8]],
}

impl<'a> Call<'a> {
    fn read(args: Args<'a>, is_group: bool) -> Result<Self> {
        let mut call = Self {
            group: None,
            count: usize::MAX,
            patience: Patience::None,
            is_acknowledged: false,
            keys: &[],
            ids: &[],
        };
        let mut options = args.options(0);
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"BLOCK" if options.len() > 0 => call.patience = Patience::For(block(&mut options)?),
                b"COUNT" if options.len() > 0 => {
                    let count = usize::try_from(options.integer()?).unwrap_or_default();
                    call.count = if count == 0 { usize::MAX } else { count };
                }
                b"STREAMS" if options.len() > 0 => {
                    let streams = args.from(args.len() - options.len());
                    if !streams.len().is_multiple_of(2) {
                        return Err(refused(
                            "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
                        ));
                    }
                    (call.keys, call.ids) = streams.split_at(streams.len() / 2);
                    break;
                }
                b"GROUP" if options.len() > 1 => {
                    if !is_group {
                        return Err(only_of_groups("GROUP"));
                    }
                    call.group = Some((options.value()?, options.value()?));
                }
                b"NOACK" => {
                    if !is_group {
                        return Err(only_of_groups("NOACK"));
                    }
                    call.is_acknowledged = true;
                }
                _ => return Err(syntax()),
            }
        }
        if call.keys.is_empty() {
            return Err(syntax());
        }
        if is_group && call.group.is_none() {
            return Err(refused("ERR Missing GROUP option for XREADGROUP"));
        }
        Ok(call)
    }

    /// The outcome when no stream has anything: the call as it is asked again has ids in place of `$`.
    fn nothing(&self, args: Args<'_>, name: &str, ids: Vec<Vec<u8>>) -> Outcome {
        let Patience::For(timeout) = self.patience else { return Outcome::Answered(Reply::NilArray) };
        let before = args.from(0).get(..args.len() - ids.len()).unwrap_or_default();
        let words = std::iter::once(name.as_bytes()).chain(before.iter().copied()).map(<[u8]>::to_vec);
        Outcome::Nothing(Reply::NilArray, Wait::new(words.chain(ids).collect(), self.keys, timeout))
    }
}

fn only_of_groups(option: &str) -> nedb::Error {
    refused(format!("ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."))
}

/// How long to wait, in milliseconds; zero is for ever.
fn block(options: &mut Options<'_>) -> Result<Option<Duration>> {
    let ms = number::integer(options.value()?);
    let ms = ms.ok_or_else(|| refused("ERR timeout is not an integer or out of range"))?;
    let ms = u64::try_from(ms).map_err(|error| refused("ERR timeout is negative").with_source(error))?;
    Ok((ms > 0).then(|| Duration::from_millis(ms)))
}

/// The stream under a key; something else is none for a call that waited.
fn stream<'k>(tx: &mut Tx<'_>, key: &'k [u8], asked: Asked) -> Result<Option<Stream<'k>>> {
    match tx.find(key)? {
        Some(found) if found.kind() == Kind::Stream => Stream::find(tx, key),
        Some(_) if asked == Asked::First => Err(wrong_type()),
        Some(_) | None => Ok(None),
    }
}

fn entries_reply(found: Vec<(&[u8], Vec<Reply>)>) -> Reply {
    Reply::PairMap(found.into_iter().map(|(key, entries)| (Reply::bulk(key), Reply::Array(entries))).collect())
}

pub(super) fn xread(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked) -> Result<Outcome> {
    let call = Call::read(args, false)?;
    let (mut found, mut asked_ids) = (Vec::new(), Vec::new());
    for (key, word) in call.keys.iter().zip(call.ids) {
        let stream = stream(tx, key, asked)?;
        let after = match *word {
            b"$" => stream.as_ref().map_or(StreamId::MIN, |stream| stream.state().last),
            b"+" => match &stream {
                Some(stream) => before_newest(tx, stream)?,
                None => StreamId::MIN,
            },
            b">" => {
                return Err(refused(
                    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
                ));
            }
            word => StreamId::read(word, 0)?,
        };
        asked_ids.push(after.text().into_bytes());
        if let (Some(stream), Some(from)) = (stream, after.next()) {
            found.push((*key, stream, from));
        }
    }
    let mut answers = Vec::new();
    for (key, stream, from) in found {
        let entries = stream.range(tx, (from, StreamId::MAX), false, call.count)?;
        if !entries.is_empty() {
            answers.push((key, entries.into_iter().map(entry_reply).collect()));
        }
    }
    if answers.is_empty() {
        return Ok(call.nothing(args, "XREAD", asked_ids));
    }
    Ok(Outcome::Answered(entries_reply(answers)))
}

/// The id behind which the newest entry stands, or what comes next where there is none.
fn before_newest(tx: &Tx<'_>, stream: &Stream<'_>) -> Result<StreamId> {
    let newest = stream.range(tx, (StreamId::MIN, StreamId::MAX), true, 1)?;
    Ok(newest.first().map_or(stream.state().last, |(id, _)| id.previous().unwrap_or(StreamId::MIN)))
}

/// What a consumer asks of one stream.
enum Wanted {
    /// What the group has not read.
    New,
    /// What the consumer was given behind an id, and has not acknowledged.
    Given(StreamId),
}

pub(super) fn xreadgroup(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked) -> Result<Outcome> {
    let call = Call::read(args, true)?;
    let Some((group_name, consumer)) = call.group else { return Err(syntax()) };
    let mut wanted = Vec::new();
    for (key, word) in call.keys.iter().zip(call.ids) {
        let stream = stream(tx, key, asked)?;
        let group = match &stream {
            Some(stream) => Group::find(tx, stream.container(), group_name)?,
            None => None,
        };
        let Some((stream, group)) = stream.zip(group) else {
            return Err(no_group(key, group_name, " in XREADGROUP with GROUP option"));
        };
        let what = match *word {
            b"$" => {
                return Err(refused(
                    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
                ));
            }
            b"+" => {
                return Err(refused(
                    "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.",
                ));
            }
            b">" => Wanted::New,
            word => Wanted::Given(StreamId::read(word, 0)?),
        };
        wanted.push((*key, stream, group, what));
    }
    let mut answers = Vec::new();
    for (key, stream, group, what) in wanted {
        let entries = match what {
            Wanted::New => give_new(tx, stream, group, consumer, &call)?,
            Wanted::Given(after) => Some(give_again(tx, stream, &group, consumer, (after, call.count))?),
        };
        answers.extend(entries.map(|entries| (key, entries)));
    }
    if answers.is_empty() {
        return Ok(call.nothing(args, "XREADGROUP", call.ids.iter().map(|id| id.to_vec()).collect()));
    }
    Ok(Outcome::Answered(entries_reply(answers)))
}

/// The refusal of a group that is not there.
pub(super) fn no_group(key: &[u8], group: &[u8], context: &str) -> nedb::Error {
    let (key, group) = (String::from_utf8_lossy(key), String::from_utf8_lossy(group));
    refused(format!("NOGROUP No such key '{key}' or consumer group '{group}'{context}"))
}

/// Gives a consumer what its group has not read; `None` when there is nothing.
fn give_new(
    tx: &mut Tx<'_>,
    stream: Stream<'_>,
    mut group: Group,
    consumer: &[u8],
    call: &Call<'_>,
) -> Result<Option<Vec<Reply>>> {
    let Some(from) = group.last.next() else { return Ok(None) };
    let entries = stream.range(tx, (from, StreamId::MAX), false, call.count)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let now = now_ms(tx.now());
    if group.see(tx, consumer, now)? {
        tx.tell(Class::Stream, CONSUMER_CREATED, stream.key());
    }
    for (id, _) in &entries {
        group.last = *id;
        group.read = match group.read {
            Some(read) if !stream.has_deleted_from(*id) => Some(read + 1),
            _ => stream.added_up_to(*id),
        };
        if !call.is_acknowledged {
            group.give(tx, *id, &Pending { consumer: consumer.to_vec(), given_ms: now, times: 1 })?;
        }
    }
    group.save(tx)?;
    stream.save(tx)?;
    Ok(Some(entries.into_iter().map(entry_reply).collect()))
}

/// Gives a consumer again what it has not acknowledged behind an id, so many entries at most.
fn give_again(
    tx: &mut Tx<'_>,
    stream: Stream<'_>,
    group: &Group,
    consumer: &[u8],
    (after, count): (StreamId, usize),
) -> Result<Vec<Reply>> {
    let now = now_ms(tx.now());
    if group.see(tx, consumer, now)? {
        tx.tell(Class::Stream, CONSUMER_CREATED, stream.key());
    }
    let from = after.next();
    let mut given = Vec::new();
    if let Some(from) = from {
        for found in group.pending_from(tx, from)? {
            let (id, pending) = found?;
            if given.len() == count {
                break;
            }
            if pending.consumer == consumer {
                given.push((id, pending));
            }
        }
    }
    let mut answers = Vec::with_capacity(given.len());
    for (id, pending) in given {
        let Some(fields) = stream.get(tx, id)? else {
            answers.push(Reply::Array(vec![Reply::bulk(id.text()), Reply::NilArray]));
            continue;
        };
        group.give(tx, id, &Pending { given_ms: now, times: pending.times + 1, ..pending })?;
        answers.push(entry_reply((id, fields)));
    }
    stream.save(tx)?;
    Ok(answers)
}
