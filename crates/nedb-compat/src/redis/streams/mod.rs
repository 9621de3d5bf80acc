//! Commands on streams: adding, reading and removing entries. Reading by several keys, groups, and what is pending have files of their own.
//!
//! Adding an entry writes it and the header; a range begins at its first id. What is trimmed is exact: `~` allows Redis to keep
//! more, and nothing is kept here.

mod claim;
mod groups;
mod info;
mod read;

use nedb::Result;

use super::args::{Args, Options};
use super::command_keys::Keys;
use super::lifetime::now_ms;
use super::notices::Class;
use super::number;
use super::refusal::{self, no_such_key, not_an_integer, refused, syntax, wrong_arity};
use super::reply::Reply;
use super::stream_id::{StreamId, invalid_id, natural};
use super::stream_value::{Stream, entry_reply};
use super::table::{Command, Handler};
use super::tx::Tx;

/// A subcommand, and behind it the key.
const BEHIND_SUBCOMMAND: Keys = Keys::At { first: 2, last: 2, step: 1 };

pub(super) const COMMANDS: &[Command] = &[
    Command::write("XADD", -5, Keys::ONE, Handler::Data(xadd)).fast().grows().says(
        "5.0.0",
        "XADD key [NOMKSTREAM] [MAXLEN\\|MINID [=\\|~] limit [LIMIT n]] *\\|id field value [field value ...] | Adds an entry and answers its id.",
    ),
    Command::read("XLEN", 2, Keys::ONE, Handler::Data(xlen)).fast().says("5.0.0", "XLEN key | Counts the entries."),
    Command::read("XRANGE", -4, Keys::ONE, Handler::Data(|tx, args| xrange(tx, args, false)))
        .says("5.0.0", "XRANGE key start end [COUNT n] | Reads entries from one id to another."),
    Command::read("XREVRANGE", -4, Keys::ONE, Handler::Data(|tx, args| xrange(tx, args, true)))
        .says("5.0.0", "XREVRANGE key end start [COUNT n] | Reads them from the last on."),
    Command::write("XDEL", -3, Keys::ONE, Handler::Data(xdel)).fast().says("5.0.0", "XDEL key id [id ...] | Deletes entries."),
    Command::write("XTRIM", -4, Keys::ONE, Handler::Data(xtrim))
        .says("5.0.0", "XTRIM key MAXLEN\\|MINID [=\\|~] limit [LIMIT n] | Deletes the first entries."),
    Command::write("XSETID", -3, Keys::ONE, Handler::Data(xsetid)).fast().grows().says(
        "5.0.0",
        "XSETID key id [ENTRIESADDED n] [MAXDELETEDID id] | Sets what the stream knows of ids that were given.",
    ),
    Command::read("XREAD", -4, Keys::Streams, Handler::Blocking(read::xread)).says(
        "5.0.0",
        "XREAD [COUNT n] [BLOCK ms] STREAMS key [key ...] id [id ...] | Reads what came after ids, or waits; `+` is the newest entry.",
    ),
    Command::write("XREADGROUP", -7, Keys::Streams, Handler::Blocking(read::xreadgroup)).says(
        "5.0.0",
        "XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key [key ...] id [id ...] | Gives a consumer what its group has not read, or what it has not acknowledged.",
    ),
    Command::write("XGROUP", -2, BEHIND_SUBCOMMAND, Handler::Data(groups::xgroup)).checked_by(groups::check).says(
        "5.0.0",
        "XGROUP CREATE key group id [MKSTREAM] [ENTRIESREAD n] \\| SETID key group id [ENTRIESREAD n] \\| DESTROY key group \\| CREATECONSUMER\\|DELCONSUMER key group consumer | Makes, sets and deletes groups of consumers.",
    ),
    Command::write("XACK", -4, Keys::ONE, Handler::Data(groups::xack))
        .fast()
        .says("5.0.0", "XACK key group id [id ...] | Settles what a consumer was given."),
    Command::read("XPENDING", -3, Keys::ONE, Handler::Data(claim::xpending)).says(
        "5.0.0",
        "XPENDING key group [[IDLE ms] start end n [consumer]] | Tells what was given and not acknowledged.",
    ),
    Command::write("XCLAIM", -6, Keys::ONE, Handler::Data(claim::xclaim)).fast().says(
        "5.0.0",
        "XCLAIM key group consumer ms id [id ...] [IDLE ms] [TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id] | Gives a consumer what another one was given.",
    ),
    Command::write("XAUTOCLAIM", -6, Keys::ONE, Handler::Data(claim::xautoclaim)).fast().says(
        "6.2.0",
        "XAUTOCLAIM key group consumer ms start [COUNT n] [JUSTID] | Does so with what has been pending for so long.",
    ),
    Command::read("XINFO", -2, BEHIND_SUBCOMMAND, Handler::Data(info::xinfo))
        .checked_by(info::check)
        .says("5.0.0", "XINFO STREAM key \\| GROUPS key \\| CONSUMERS key group | Tells about a stream."),
];

/// What a trimming keeps.
#[derive(Clone, Copy)]
enum Kept {
    Newest(u64),
    From(StreamId),
}

/// The options that XADD and XTRIM share.
#[derive(Default)]
struct Trimming {
    kept: Option<Kept>,
    is_approximate: bool,
    limit: Option<u64>,
    needs_stream: bool,
}

impl Trimming {
    /// Reads one option that is not the id of XADD; `false` when the word is none of them.
    fn read(&mut self, word: &[u8], options: &mut Options<'_>, is_add: bool) -> Result<bool> {
        match word {
            b"MAXLEN" | b"MINID" if options.len() > 0 => {
                if self.kept.is_some() {
                    return Err(refused(
                        "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
                    ));
                }
                let mut threshold = options.value()?;
                if matches!(threshold, b"~" | b"=") && options.len() > 0 {
                    self.is_approximate = threshold == b"~";
                    threshold = options.value()?;
                }
                self.kept = Some(if word == b"MINID" {
                    Kept::From(StreamId::read(threshold, 0)?)
                } else {
                    let count = number::integer(threshold).ok_or_else(not_an_integer)?;
                    let count = u64::try_from(count).ok();
                    Kept::Newest(count.ok_or_else(|| refused("ERR The MAXLEN argument must be >= 0."))?)
                });
            }
            b"LIMIT" if options.len() > 0 => {
                let limit = u64::try_from(options.integer()?).ok();
                self.limit = Some(limit.ok_or_else(|| refused("ERR The LIMIT argument must be >= 0."))?);
            }
            b"NOMKSTREAM" if is_add => self.needs_stream = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn check(&self, is_add: bool) -> Result<()> {
        if self.limit.is_some() && self.kept.is_none() {
            return Err(refused("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"));
        }
        if self.kept.is_none() && !is_add {
            return Err(refused("ERR syntax error, XTRIM must be called with a trimming strategy"));
        }
        if self.limit.is_some() && !self.is_approximate {
            return Err(refused("ERR syntax error, LIMIT cannot be used without the special ~ option"));
        }
        Ok(())
    }

    /// Removes what is not kept, and counts it.
    fn apply(&self, tx: &mut Tx<'_>, stream: &mut Stream<'_>) -> Result<usize> {
        let (end, most) = match self.kept {
            None => return Ok(0),
            Some(Kept::Newest(count)) => (Some(StreamId::MAX), stream.len().saturating_sub(count)),
            Some(Kept::From(id)) => (id.previous(), u64::MAX),
        };
        let most = self.limit.filter(|limit| *limit > 0).map_or(most, |limit| most.min(limit));
        let Some(end) = end.filter(|_| most > 0) else { return Ok(0) };
        let removed = stream.range(tx, (StreamId::MIN, end), false, usize::try_from(most).unwrap_or(usize::MAX))?;
        for (id, _) in &removed {
            stream.remove(tx, *id)?;
        }
        Ok(removed.len())
    }
}

/// The id of XADD: both parts, the first alone, or neither.
enum GivenId {
    Whole(StreamId),
    Ms(u64),
    Any,
}

impl GivenId {
    fn read(word: &[u8]) -> Result<Self> {
        if word == b"*" {
            return Ok(Self::Any);
        }
        match word.strip_suffix(b"-*").map(std::str::from_utf8) {
            Some(Ok(ms)) => natural(ms).map(Self::Ms).ok_or_else(invalid_id),
            _ => StreamId::read(word, 0).map(Self::Whole),
        }
    }

    /// The id behind the last one that was given.
    fn behind(&self, last: StreamId, now_ms: i64) -> Result<StreamId> {
        let exhausted = || refused("ERR The stream has exhausted the last possible ID, unable to add more items");
        let too_small = || refused("ERR The ID specified in XADD is equal or smaller than the target stream top item");
        if last == StreamId::MAX {
            return Err(exhausted());
        }
        let id = match *self {
            Self::Whole(id) => Some(id),
            Self::Ms(ms) if ms == last.ms => last.next().filter(|id| id.ms == ms),
            Self::Ms(ms) => Some(StreamId { ms, number: 0 }),
            Self::Any => {
                let now = StreamId { ms: u64::try_from(now_ms).unwrap_or_default(), number: 0 };
                if now > last { Some(now) } else { last.next() }
            }
        };
        id.filter(|id| *id > last).ok_or_else(too_small)
    }
}

fn xadd(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (mut trimming, mut options) = (Trimming::default(), args.options(1));
    let given = loop {
        let word = options.next_raw().ok_or_else(|| wrong_arity("xadd"))?;
        if word == b"*" || !trimming.read(&word.to_ascii_uppercase(), &mut options, true)? {
            break GivenId::read(word)?;
        }
    };
    trimming.check(true)?;
    let fields = args.from(args.len() - options.len());
    if fields.is_empty() || !fields.len().is_multiple_of(2) {
        return Err(wrong_arity("xadd"));
    }
    if matches!(given, GivenId::Whole(StreamId::MIN)) {
        return Err(refused("ERR The ID specified in XADD must be greater than 0-0"));
    }
    if trimming.needs_stream && Stream::find(tx, args.at(0))?.is_none() {
        return Ok(Reply::Nil);
    }
    let mut stream = Stream::open(tx, args.at(0))?;
    let id = given.behind(stream.state().last, now_ms(tx.now()))?;
    stream.add(tx, id, fields)?;
    let trimmed = trimming.apply(tx, &mut stream)?;
    stream.save(tx)?;
    tx.tell(Class::Stream, "xadd", args.at(0));
    if trimmed > 0 {
        tx.tell(Class::Stream, "xtrim", args.at(0));
    }
    Ok(Reply::bulk(id.text()))
}

fn xtrim(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (mut trimming, mut options) = (Trimming::default(), args.options(1));
    while let Some(word) = options.next_word() {
        if !trimming.read(&word, &mut options, false)? {
            return Err(syntax());
        }
    }
    trimming.check(false)?;
    let Some(mut stream) = Stream::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let removed = trimming.apply(tx, &mut stream)?;
    if removed > 0 {
        stream.save(tx)?;
        tx.tell(Class::Stream, "xtrim", args.at(0));
    }
    Ok(Reply::count(removed))
}

fn length(count: u64) -> Reply {
    Reply::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn xlen(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(length(Stream::find(tx, args.at(0))?.map_or(0, |stream| stream.len())))
}

fn xrange(tx: &mut Tx<'_>, args: Args<'_>, is_reverse: bool) -> Result<Reply> {
    let (start, end) = if is_reverse { (2, 1) } else { (1, 2) };
    let ends = (StreamId::read_end(args.at(start), true)?, StreamId::read_end(args.at(end), false)?);
    let (mut count, mut options) = (None, args.options(3));
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"COUNT" if options.len() > 0 => count = Some(usize::try_from(options.integer()?).unwrap_or_default()),
            _ => return Err(syntax()),
        }
    }
    let Some(stream) = Stream::find(tx, args.at(0))? else { return Ok(Reply::Array(Vec::new())) };
    if count == Some(0) {
        return Ok(Reply::NilArray);
    }
    let entries = stream.range(tx, ends, is_reverse, count.unwrap_or(usize::MAX))?;
    Ok(Reply::Array(entries.into_iter().map(entry_reply).collect()))
}

/// The ids that some words are.
fn ids(words: &[&[u8]]) -> Result<Vec<StreamId>> {
    words.iter().map(|word| StreamId::read(word, 0)).collect()
}

fn xdel(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(mut stream) = Stream::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let mut deleted = 0;
    for id in ids(args.from(1))? {
        if stream.remove(tx, id)? {
            deleted += 1;
            let greatest = &mut stream.header.stream.deleted;
            *greatest = id.max(*greatest);
        }
    }
    if deleted > 0 {
        stream.save(tx)?;
        tx.tell(Class::Stream, "xdel", args.at(0));
    }
    Ok(Reply::count(deleted))
}

fn xsetid(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let id = StreamId::read(args.at(1), 0)?;
    let (mut added, mut deleted, mut options) = (None, None, args.options(2));
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"ENTRIESADDED" if options.len() > 0 => {
                let count = u64::try_from(options.integer()?).ok();
                added = Some(count.ok_or_else(|| refused("ERR entries_added must be positive"))?);
            }
            b"MAXDELETEDID" if options.len() > 0 => {
                let given = StreamId::read(options.value()?, 0)?;
                if given > id {
                    return Err(refused(
                        "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                    ));
                }
                deleted = Some(given);
            }
            _ => return Err(syntax()),
        }
    }
    let mut stream = Stream::find(tx, args.at(0))?.ok_or_else(no_such_key)?;
    let newest = stream.range(tx, (StreamId::MIN, StreamId::MAX), true, 1)?.pop();
    if newest.is_some_and(|(newest, _)| id < newest) {
        return Err(refused("ERR The ID specified in XSETID is smaller than the target stream top item"));
    }
    if added.is_some_and(|added| added < stream.len()) {
        return Err(refused("ERR The entries_added specified in XSETID is smaller than the target stream length"));
    }
    let state = &mut stream.header.stream;
    state.last = id;
    state.added = added.unwrap_or(state.added);
    state.deleted = deleted.unwrap_or(state.deleted);
    stream.save(tx)?;
    tx.tell(Class::Stream, "xsetid", args.at(0));
    Ok(Reply::ok())
}

/// The refusal of a word that is no subcommand.
fn unknown_subcommand(command: &str, word: &[u8]) -> nedb::Error {
    refusal::refused(format!("ERR unknown subcommand '{}'. Try {command} HELP.", String::from_utf8_lossy(word)))
}
