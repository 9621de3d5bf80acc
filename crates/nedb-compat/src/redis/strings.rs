//! Commands on byte strings: reading and writing them whole, in part, and as numbers.
//!
//! A string is one document of `_kv`, so every command costs one or two look-ups and at most one put. The longest string is
//! what a document holds, 8 MiB less a few bytes (`document_too_large`).

use nedb::{Result, Timestamp};

use super::args::{Args, Options, index_range};
use super::command_keys::Keys;
use super::keyspace::Found;
use super::lifetime::{self, Lifetime, Unit};
use super::notices::Class;
use super::number;
use super::refusal::{self, not_an_integer, syntax, wrong_type};
use super::reply::Reply;
use super::string_value::{STRING_BYTES_MAX, bytes, replace, string, string_to_read, write};
use super::table::{Command, Handler};
use super::tx::{Times, Tx};

pub(super) const COMMANDS: &[Command] = &[
    Command::write("SET", -3, Keys::ONE, Handler::Data(set)).short().grows().says(
        "1.0.0",
        "SET key value [NX\\|XX] [GET] [EX s\\|PX ms\\|EXAT s\\|PXAT ms\\|KEEPTTL] | Writes a string, whatever was there.",
    ),
    Command::read("GET", 2, Keys::ONE, Handler::Data(get)).prompt().says("1.0.0", "GET key | Reads a string."),
    Command::write("SETEX", 4, Keys::ONE, Handler::Data(setex))
        .grows().says("2.0.0", "SETEX key seconds value | Writes a string with a lifetime."),
    Command::write("PSETEX", 4, Keys::ONE, Handler::Data(psetex))
        .grows().says("2.6.0", "PSETEX key milliseconds value | Writes a string with a lifetime."),
    Command::write("SETNX", 3, Keys::ONE, Handler::Data(setnx))
        .fast().short().grows().says("1.0.0", "SETNX key value | Writes a string if nothing is there."),
    Command::write("GETSET", 3, Keys::ONE, Handler::Data(getset))
        .fast().grows().says("1.0.0", "GETSET key value | Writes a string and answers the one before."),
    Command::write("GETDEL", 2, Keys::ONE, Handler::Data(getdel))
        .fast().says("6.2.0", "GETDEL key | Deletes a string and answers it."),
    Command::write("GETEX", -2, Keys::ONE, Handler::Data(getex)).fast().says(
        "6.2.0",
        "GETEX key [EX s\\|PX ms\\|EXAT s\\|PXAT ms\\|PERSIST] | Reads a string and sets its lifetime.",
    ),
    Command::read("MGET", -2, Keys::ALL, Handler::Data(mget))
        .fast().says("1.0.0", "MGET key [key ...] | Reads strings; nil for what is none."),
    Command::write("MSET", -3, Keys::PAIRS, Handler::Data(mset))
        .grows().says("1.0.1", "MSET key value [key value ...] | Writes strings, all at once."),
    Command::write("MSETNX", -3, Keys::PAIRS, Handler::Data(msetnx))
        .grows().says("1.0.1", "MSETNX key value [key value ...] | Writes strings if nothing is under any of the keys."),
    Command::write("APPEND", 3, Keys::ONE, Handler::Data(append))
        .fast().grows().says("2.0.0", "APPEND key value | Writes bytes behind a string; rewrites it."),
    Command::read("STRLEN", 2, Keys::ONE, Handler::Data(strlen)).prompt().says("2.2.0", "STRLEN key | Counts the bytes of a string."),
    Command::write("INCR", 2, Keys::ONE, Handler::Data(|tx, args| add(tx, args, 1)))
        .fast().short().grows().says("1.0.0", "INCR key | Adds 1 to an integer."),
    Command::write("DECR", 2, Keys::ONE, Handler::Data(|tx, args| add(tx, args, -1)))
        .fast().short().grows().says("1.0.0", "DECR key | Takes 1 from an integer."),
    Command::write("INCRBY", 3, Keys::ONE, Handler::Data(|tx, args| add(tx, args, args.integer(1)?)))
        .fast().short().grows().says("1.0.0", "INCRBY key n | Adds to an integer."),
    Command::write("DECRBY", 3, Keys::ONE, Handler::Data(decrby)).fast().short().grows().says("1.0.0", "DECRBY key n | Takes from an integer."),
    Command::write("INCRBYFLOAT", 3, Keys::ONE, Handler::Data(incrbyfloat))
        .fast().short().grows().says("2.6.0", "INCRBYFLOAT key n | Adds to a decimal number, exactly up to 17 digits behind the point."),
    Command::read("GETRANGE", 4, Keys::ONE, Handler::Data(getrange))
        .says("2.4.0", "GETRANGE key start end | Reads a part of a string, both ends included."),
    Command::read("SUBSTR", 4, Keys::ONE, Handler::Data(getrange))
        .says("1.0.0", "SUBSTR key start end | Does what GETRANGE does, under its old name."),
    Command::write("SETRANGE", 4, Keys::ONE, Handler::Data(setrange))
        .grows().says("2.2.0", "SETRANGE key offset value | Writes over a part of a string; rewrites it."),
];

/// When a SET happens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Always,
    IfMissing,
    IfPresent,
}

fn set(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (mut condition, mut given, mut wants_old) = (Condition::Always, None, false);
    let mut options = args.options(2);
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"NX" if condition != Condition::IfPresent => condition = Condition::IfMissing,
            b"XX" if condition != Condition::IfMissing => condition = Condition::IfPresent,
            b"GET" => wants_old = true,
            b"KEEPTTL" => given = Some(Given::Is(Lifetime::Keep).after(given.as_ref())?),
            word => given = Some(Given::read(word, &mut options)?.after(given.as_ref())?),
        }
    }
    let lifetime = given.map(|given| given.lifetime(tx, "set")).transpose()?;
    let found = if wants_old { tx.find_to_read(args.at(0))? } else { tx.find(args.at(0))? };
    let old = match &found {
        Some(Found::String(record)) if wants_old => Some(bytes(record)?),
        Some(_) if wants_old => return Err(wrong_type()),
        _ => None,
    };
    let happens = match condition {
        Condition::Always => true,
        Condition::IfMissing => found.is_none(),
        Condition::IfPresent => found.is_some(),
    };
    if happens {
        let expires_at = match lifetime {
            Some(Lifetime::Keep) => found.as_ref().and_then(Found::expires_at),
            Some(Lifetime::Until(at)) => Some(at),
            Some(Lifetime::Unlimited) | None => None,
        };
        tx.make_way(args.at(0), found.as_ref())?;
        write(tx, args.at(0), args.at(1), expires_at)?;
        tell_set(tx, args.at(0), expires_at.filter(|_| lifetime != Some(Lifetime::Keep)));
    }
    Ok(match (wants_old, happens) {
        (true, _) => Reply::bulk_or_nil(old),
        (false, true) => Reply::ok(),
        (false, false) => Reply::Nil,
    })
}

/// Tells that a string was written, with a lifetime of its own if it has one.
fn tell_set(tx: &mut Tx<'_>, key: &[u8], expires_at: Option<Timestamp>) {
    tx.tell(Class::String, "set", key);
    if let Some(end) = expires_at {
        tx.tell(Class::Generic, "expire", key);
        if end <= tx.now() {
            // It is gone already, and no sweep will find it.
            tx.tell(Class::Expired, "expired", key);
        }
    }
}

/// A lifetime as the options of SET and GETEX give it; whether the amount is one is asked after all options were read.
enum Given<'a> {
    Is(Lifetime),
    Amount(Unit, &'a [u8]),
}

impl<'a> Given<'a> {
    /// Reads an option with its amount.
    fn read(word: &[u8], options: &mut Options<'a>) -> Result<Self> {
        let unit = Unit::of_option(word).ok_or_else(syntax)?;
        Ok(Self::Amount(unit, options.value()?))
    }

    /// This option, unless another one stands before it; the same one again takes its place.
    fn after(self, before: Option<&Self>) -> Result<Self> {
        let is_same = match (&self, before) {
            (_, None) => true,
            (Self::Is(one), Some(Self::Is(other))) => one == other,
            (Self::Amount(one, _), Some(Self::Amount(other, _))) => one == other,
            _ => false,
        };
        if is_same { Ok(self) } else { Err(syntax()) }
    }

    fn lifetime(self, tx: &Tx<'_>, command: &str) -> Result<Lifetime> {
        let (unit, amount) = match self {
            Self::Is(lifetime) => return Ok(lifetime),
            Self::Amount(unit, amount) => (unit, number::integer(amount).ok_or_else(not_an_integer)?),
        };
        let end = unit.end(tx.now(), amount).filter(|_| amount > 0);
        end.map(Lifetime::Until).ok_or_else(|| refusal::invalid_expire(command))
    }
}

fn get(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::bulk_or_nil(string(tx, args.at(0))?.map(|(value, _)| value)))
}

fn setex(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    set_for(tx, args, Unit::Seconds, "setex")
}

fn psetex(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    set_for(tx, args, Unit::Milliseconds, "psetex")
}

fn set_for(tx: &mut Tx<'_>, args: Args<'_>, unit: Unit, command: &str) -> Result<Reply> {
    let amount = args.integer(1)?;
    let end = unit.end(tx.now(), amount).filter(|_| amount > 0).ok_or_else(|| refusal::invalid_expire(command))?;
    replace(tx, args.at(0), args.at(2), Some(end))?;
    tell_set(tx, args.at(0), Some(end));
    Ok(Reply::ok())
}

fn setnx(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let is_missing = tx.find(args.at(0))?.is_none();
    if is_missing {
        write(tx, args.at(0), args.at(1), None)?;
        tell_set(tx, args.at(0), None);
    }
    Ok(Reply::flag(is_missing))
}

fn getset(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let old = string_to_read(tx, args.at(0))?;
    write(tx, args.at(0), args.at(1), None)?;
    tell_set(tx, args.at(0), None);
    Ok(Reply::bulk_or_nil(old.map(|(value, _)| value)))
}

fn getdel(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some((value, _)) = string_to_read(tx, args.at(0))? else { return Ok(Reply::Nil) };
    tx.remove_and_tell(args.at(0))?;
    Ok(Reply::Bulk(value))
}

fn getex(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (mut given, mut options) = (None, args.options(1));
    while let Some(word) = options.next_word() {
        let read = match word.as_slice() {
            b"PERSIST" => Given::Is(Lifetime::Unlimited),
            word => Given::read(word, &mut options)?,
        };
        given = Some(read.after(given.as_ref())?);
    }
    let found = tx.find_to_read(args.at(0))?;
    let value = match &found {
        None => return Ok(Reply::Nil),
        Some(Found::String(record)) => bytes(record)?,
        Some(_) => return Err(wrong_type()),
    };
    if let (Some(found), Some(given)) = (&found, given) {
        let lifetime = given.lifetime(tx, "getex")?;
        lifetime::apply(tx, args.at(0), found, lifetime)?;
    }
    Ok(Reply::Bulk(value))
}

fn mget(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut values = Vec::with_capacity(args.len());
    for key in args.from(0) {
        values.push(match tx.find(key)? {
            Some(Found::String(record)) => {
                tx.keep(record.document.as_bytes().len())?;
                Reply::Bulk(bytes(&record)?)
            }
            _ => Reply::Nil,
        });
    }
    Ok(Reply::Array(values))
}

fn mset(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    for (key, value) in args.pairs(0, "mset")? {
        replace(tx, key, value, None)?;
        tell_set(tx, key, None);
    }
    Ok(Reply::ok())
}

fn msetnx(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let pairs = args.pairs(0, "msetnx")?;
    for (key, _) in &pairs {
        if tx.find(key)?.is_some() {
            return Ok(Reply::Int(0));
        }
    }
    for (key, value) in pairs {
        write(tx, key, value, None)?;
        tell_set(tx, key, None);
    }
    Ok(Reply::Int(1))
}

fn append(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (mut value, times) = string(tx, args.at(0))?.unwrap_or_default();
    value.extend_from_slice(args.at(1));
    write(tx, args.at(0), &value, times)?;
    tx.tell(Class::String, "append", args.at(0));
    Ok(Reply::count(value.len()))
}

fn strlen(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::count(string(tx, args.at(0))?.map_or(0, |(value, _)| value.len())))
}

fn add(tx: &mut Tx<'_>, args: Args<'_>, increment: i64) -> Result<Reply> {
    let old = string(tx, args.at(0))?;
    let (value, times) = match old {
        Some((value, times)) => (number::integer(&value).ok_or_else(not_an_integer)?, times),
        None => (0, Times::default()),
    };
    let sum = value.checked_add(increment).ok_or_else(refusal::overflow)?;
    write(tx, args.at(0), sum.to_string().as_bytes(), times)?;
    tx.tell(Class::String, "incrby", args.at(0));
    Ok(Reply::Int(sum))
}

fn decrby(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let decrement = args.integer(1)?;
    let increment = decrement.checked_neg().ok_or_else(|| refusal::refused("ERR decrement would overflow"))?;
    add(tx, args, increment)
}

fn incrbyfloat(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let old = string(tx, args.at(0))?;
    let (value, times) = old.unwrap_or_else(|| (b"0".to_vec(), Times::default()));
    number::float(&value).ok_or_else(refusal::not_a_float)?;
    args.float(1)?;
    let no_number = || refusal::refused("ERR increment would produce NaN or Infinity");
    let sum = number::sum_text(&value, args.at(1)).ok_or_else(no_number)?;
    write(tx, args.at(0), sum.as_bytes(), times)?;
    tx.tell(Class::String, "incrbyfloat", args.at(0));
    Ok(Reply::bulk(sum))
}

fn getrange(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (start, end) = (args.integer(1)?, args.integer(2)?);
    let value = string(tx, args.at(0))?.map_or_else(Vec::new, |(value, _)| value);
    // Two indexes before the beginning, the first of them later, name nothing; else both are moved to the beginning.
    if value.is_empty() || (start < 0 && end < 0 && start > end) {
        return Ok(Reply::bulk(""));
    }
    let range = index_range(start, end.max(-i64::try_from(value.len()).unwrap_or(i64::MAX)), value.len() as u64);
    let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    Ok(Reply::bulk(value.get(at(range.start)..at(range.end)).unwrap_or_default()))
}

fn setrange(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let offset = u64::try_from(args.integer(1)?).map_err(|_negative| refusal::refused("ERR offset is out of range"))?;
    let part = args.at(2);
    let (mut value, times) = string(tx, args.at(0))?.unwrap_or_default();
    if part.is_empty() {
        return Ok(Reply::count(value.len()));
    }
    if offset.saturating_add(part.len() as u64) > STRING_BYTES_MAX {
        return Err(refusal::string_too_long());
    }
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = start + part.len();
    if value.len() < end {
        value.resize(end, 0);
    }
    if let Some(place) = value.get_mut(start..end) {
        place.copy_from_slice(part);
    }
    write(tx, args.at(0), &value, times)?;
    tx.tell(Class::String, "setrange", args.at(0));
    Ok(Reply::count(value.len()))
}
