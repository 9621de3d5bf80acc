//! Commands on hashes.
//!
//! While a hash is one document a change costs its size; as records it costs what it changes. Fields come in the order in
//! which they were added from a document, and in byte order from records.

use nedb::{Result, Value};

use super::args::Args;
use super::command_keys::Keys;
use super::hash_value::{Hash, value_of_record};
use super::layout;
use super::notices::Class;
use super::number;
use super::refusal::{self, refused, syntax};
use super::reply::Reply;
use super::sample;
use super::scan::{self, ElementScan, ScanOptions, Scanned, piece};
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::write("HSET", -4, Keys::ONE, Handler::Data(hset))
        .fast()
        .short()
        .grows()
        .says("2.0.0", "HSET key field value [field value ...] | Sets fields and counts the new ones."),
    Command::write("HMSET", -4, Keys::ONE, Handler::Data(hmset))
        .fast()
        .grows()
        .says("2.0.0", "HMSET key field value [field value ...] | Sets fields."),
    Command::write("HSETNX", 4, Keys::ONE, Handler::Data(hsetnx))
        .fast()
        .short()
        .grows()
        .says("2.0.0", "HSETNX key field value | Sets a field that is not there."),
    Command::read("HGET", 3, Keys::ONE, Handler::Data(hget)).fast().says("2.0.0", "HGET key field | Reads a field."),
    Command::read("HMGET", -3, Keys::ONE, Handler::Data(hmget))
        .fast()
        .says("2.0.0", "HMGET key field [field ...] | Reads fields."),
    Command::read("HGETALL", 2, Keys::ONE, Handler::Data(hgetall))
        .says("2.0.0", "HGETALL key | Reads all fields with their values."),
    Command::write("HDEL", -3, Keys::ONE, Handler::Data(hdel))
        .fast()
        .short()
        .says("2.0.0", "HDEL key field [field ...] | Deletes fields."),
    Command::read("HEXISTS", 3, Keys::ONE, Handler::Data(hexists))
        .fast()
        .says("2.0.0", "HEXISTS key field | Whether a field is there."),
    Command::read("HLEN", 2, Keys::ONE, Handler::Data(hlen)).fast().says("2.0.0", "HLEN key | Counts the fields."),
    Command::read("HKEYS", 2, Keys::ONE, Handler::Data(hkeys)).says("2.0.0", "HKEYS key | Lists the fields."),
    Command::read("HVALS", 2, Keys::ONE, Handler::Data(hvals)).says("2.0.0", "HVALS key | Lists the values."),
    Command::read("HSTRLEN", 3, Keys::ONE, Handler::Data(hstrlen))
        .fast()
        .says("3.2.0", "HSTRLEN key field | Counts the bytes of a field's value."),
    Command::write("HINCRBY", 4, Keys::ONE, Handler::Data(hincrby))
        .fast()
        .short()
        .grows()
        .says("2.0.0", "HINCRBY key field n | Adds to an integer, which is a number in the document from then on."),
    Command::write("HINCRBYFLOAT", 4, Keys::ONE, Handler::Data(hincrbyfloat)).fast().grows().says(
        "2.6.0",
        "HINCRBYFLOAT key field n | Adds to a decimal number, exactly up to 17 digits behind the point.",
    ),
    Command::read("HRANDFIELD", -2, Keys::ONE, Handler::Data(hrandfield))
        .says("6.2.0", "HRANDFIELD key [count [WITHVALUES]] | Picks fields; with a negative count some perhaps twice."),
    Command::read("HSCAN", -3, Keys::ONE, Handler::Data(hscan))
        .says("2.8.0", "HSCAN key cursor [MATCH pattern] [COUNT n] [NOVALUES] | Lists fields piece by piece."),
];

fn hset(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let pairs = args.pairs(1, "hset")?;
    let mut hash = Hash::open(tx, args.at(0))?;
    let mut added = 0;
    for (field, value) in pairs {
        added += usize::from(hash.set(tx, field, layout::value_of(value))?);
    }
    hash.save(tx)?;
    tx.tell(Class::Hash, "hset", args.at(0));
    Ok(Reply::count(added))
}

fn hmset(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    args.pairs(1, "hmset")?;
    hset(tx, args)?;
    Ok(Reply::ok())
}

fn hsetnx(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut hash = Hash::open(tx, args.at(0))?;
    let is_missing = hash.get(tx, args.at(1))?.is_none();
    if is_missing {
        hash.set(tx, args.at(1), layout::value_of(args.at(2)))?;
        hash.save(tx)?;
        tx.tell(Class::Hash, "hset", args.at(0));
    }
    Ok(Reply::flag(is_missing))
}

fn hget(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Hash::open(tx, args.at(0))?.get(tx, args.at(1)).map(Reply::bulk_or_nil)
}

fn hmget(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let hash = Hash::open(tx, args.at(0))?;
    let values = args.from(1).iter().map(|field| {
        let value = hash.get(tx, field)?;
        tx.keep(value.as_ref().map_or(0, Vec::len))?;
        Ok(Reply::bulk_or_nil(value))
    });
    values.collect::<Result<_>>().map(Reply::Array)
}

fn hgetall(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let entries = Hash::open(tx, args.at(0))?.entries(tx)?;
    Ok(Reply::Map(entries.into_iter().map(|(field, value)| (Reply::Bulk(field), Reply::Bulk(value))).collect()))
}

fn hdel(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut hash = Hash::open(tx, args.at(0))?;
    let mut deleted = 0;
    for field in args.from(1) {
        deleted += usize::from(hash.remove(tx, field)?);
    }
    if deleted > 0 {
        tx.tell(Class::Hash, "hdel", args.at(0));
        hash.save(tx)?;
    }
    Ok(Reply::count(deleted))
}

fn hexists(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::flag(Hash::open(tx, args.at(0))?.get(tx, args.at(1))?.is_some()))
}

fn hlen(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::count(Hash::open(tx, args.at(0))?.len()))
}

fn hkeys(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let entries = Hash::open(tx, args.at(0))?.entries(tx)?;
    Ok(Reply::bulks(entries.into_iter().map(|(field, _)| field)))
}

fn hvals(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let entries = Hash::open(tx, args.at(0))?.entries(tx)?;
    Ok(Reply::bulks(entries.into_iter().map(|(_, value)| value)))
}

fn hstrlen(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::count(Hash::open(tx, args.at(0))?.get(tx, args.at(1))?.map_or(0, |value| value.len())))
}

fn hincrby(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let increment = args.integer(2)?;
    let mut hash = Hash::open(tx, args.at(0))?;
    let value = match hash.get(tx, args.at(1))? {
        Some(value) => number::integer(&value).ok_or_else(|| refused("ERR hash value is not an integer"))?,
        None => 0,
    };
    let sum = value.checked_add(increment).ok_or_else(refusal::overflow)?;
    hash.set(tx, args.at(1), Value::I64(sum))?;
    hash.save(tx)?;
    tx.tell(Class::Hash, "hincrby", args.at(0));
    Ok(Reply::Int(sum))
}

fn hincrbyfloat(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    if args.float(2)?.is_infinite() {
        return Err(refused("ERR value is NaN or Infinity"));
    }
    let mut hash = Hash::open(tx, args.at(0))?;
    let value = hash.get(tx, args.at(1))?.unwrap_or_else(|| b"0".to_vec());
    number::float(&value).ok_or_else(|| refused("ERR hash value is not a float"))?;
    let no_number = || refused("ERR increment would produce NaN or Infinity");
    let sum = number::sum_text(&value, args.at(2)).ok_or_else(no_number)?;
    hash.set(tx, args.at(1), number_value(&sum)?)?;
    hash.save(tx)?;
    tx.tell(Class::Hash, "hincrbyfloat", args.at(0));
    Ok(Reply::bulk(sum))
}

/// A number as the document keeps it: as a number when that reads back as the same text.
fn number_value(text: &str) -> Result<Value> {
    if let Some(integer) = number::integer(text.as_bytes()) {
        return Ok(Value::I64(integer));
    }
    match number::float(text.as_bytes()) {
        Some(float) if number::double_text(float) == text => Value::float(float),
        _ => Ok(Value::from(text)),
    }
}

fn hrandfield(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    if args.len() == 1 {
        let entries = Hash::open(tx, args.at(0))?.entries(tx)?;
        return Ok(sample::one(tx, entries).map_or(Reply::Nil, |(field, _)| Reply::Bulk(field)));
    }
    let (count, mut options) = (sample::count(args, 1)?, args.options(2));
    let has_values = match options.next_word().as_deref() {
        None => false,
        Some(b"WITHVALUES") => true,
        Some(_) => return Err(syntax()),
    };
    options.end()?;
    let entries = Hash::open(tx, args.at(0))?.entries(tx)?;
    if has_values {
        let chosen = sample::many(tx, entries, count, |(field, value)| field.len() + value.len())?;
        return Ok(Reply::Pairs(
            chosen.into_iter().map(|(field, value)| (Reply::Bulk(field), Reply::Bulk(value))).collect(),
        ));
    }
    let fields = entries.into_iter().map(|(field, _)| field).collect();
    Ok(Reply::bulks(sample::many(tx, fields, count, Vec::len)?))
}

fn hscan(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    scan::check_cursor(args.at(1))?;
    let hash = Hash::open(tx, args.at(0))?;
    if hash.len() == 0 {
        return Ok(piece(0, Vec::new()));
    }
    let options = ScanOptions::read(args.options(2), Scanned::Fields)?;
    let shown = |field: &[u8], value: Vec<u8>| {
        if options.has_values { vec![Reply::bulk(field), Reply::Bulk(value)] } else { vec![Reply::bulk(field)] }
    };
    if let Some(header) = hash.header() {
        let scan = ElementScan { header, cursor: args.at(1), options: &options };
        return scan.run(tx, |field, record| Ok(shown(field, value_of_record(record)?)));
    }
    // A document is read whole in any case.
    let entries = hash.entries(tx)?.into_iter().filter(|(field, _)| options.admits(field));
    Ok(piece(0, entries.flat_map(|(field, value)| shown(&field, value)).collect()))
}
