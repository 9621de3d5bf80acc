//! Commands on sets.
//!
//! One record for each member and a header: adding, removing and asking for a member cost one look-up each, at any size.
//! SPOP and SRANDMEMBER read the whole set, because every member is as likely as any other. A member has at most 1,008
//! bytes (`id_too_long`). What was removed is still in the index, for reads of the past, and a walk passes it; so a set of which
//! little is left moves to a new container.

use std::collections::BTreeSet;

use nedb::{Object, Result};

use super::args::Args;
use super::command_keys::Keys;
use super::keyspace::{Header, Kind};
use super::layout::{CONTAINER_BYTES, DocKey, SET};
use super::notices::Class;
use super::number;
use super::refusal::{self, refused};
use super::reply::Reply;
use super::sample;
use super::scan::{self, ElementScan, ScanOptions, Scanned, piece};
use super::table::{Command, Handler};
use super::tx::{Record, Span, Tx};

pub(super) const COMMANDS: &[Command] = &[
    Command::write("SADD", -3, Keys::ONE, Handler::Data(sadd))
        .fast()
        .short()
        .grows()
        .says("1.0.0", "SADD key member [member ...] | Adds members and counts the new ones."),
    Command::write("SREM", -3, Keys::ONE, Handler::Data(srem))
        .fast()
        .short()
        .says("1.0.0", "SREM key member [member ...] | Removes members."),
    Command::read("SMEMBERS", 2, Keys::ONE, Handler::Data(smembers)).says("1.0.0", "SMEMBERS key | Reads all members."),
    Command::read("SISMEMBER", 3, Keys::ONE, Handler::Data(sismember))
        .prompt()
        .says("1.0.0", "SISMEMBER key member | Whether it is a member."),
    Command::read("SMISMEMBER", -3, Keys::ONE, Handler::Data(smismember))
        .fast()
        .says("6.2.0", "SMISMEMBER key member [member ...] | Whether they are members."),
    Command::read("SCARD", 2, Keys::ONE, Handler::Data(scard))
        .prompt()
        .says("1.0.0", "SCARD key | Counts the members."),
    Command::write("SPOP", -2, Keys::ONE, Handler::Data(spop))
        .fast()
        .says("1.0.0", "SPOP key [count] | Takes random members."),
    Command::read("SRANDMEMBER", -2, Keys::ONE, Handler::Data(srandmember))
        .says("1.0.0", "SRANDMEMBER key [count] | Picks members; with a negative count some perhaps twice."),
    Command::write("SMOVE", 4, Keys::TWO, Handler::Data(smove))
        .fast()
        .says("1.0.0", "SMOVE source destination member | Moves a member."),
    Command::read(
        "SINTER",
        -2,
        Keys::ALL,
        Handler::Data(|tx, args| answer(tx, Combination::Intersection, args.from(0))),
    )
    .says("1.0.0", "SINTER key [key ...] | Reads the members of all sets."),
    Command::read("SUNION", -2, Keys::ALL, Handler::Data(|tx, args| answer(tx, Combination::Union, args.from(0))))
        .says("1.0.0", "SUNION key [key ...] | Reads the members of any set."),
    Command::read("SDIFF", -2, Keys::ALL, Handler::Data(|tx, args| answer(tx, Combination::Difference, args.from(0))))
        .says("1.0.0", "SDIFF key [key ...] | Reads the members of the first set that no other has."),
    Command::write("SINTERSTORE", -3, Keys::ALL, Handler::Data(|tx, args| store(tx, Combination::Intersection, args)))
        .grows()
        .says("1.0.0", "SINTERSTORE destination key [key ...] | Writes what SINTER reads."),
    Command::write("SUNIONSTORE", -3, Keys::ALL, Handler::Data(|tx, args| store(tx, Combination::Union, args)))
        .grows()
        .says("1.0.0", "SUNIONSTORE destination key [key ...] | Writes what SUNION reads."),
    Command::write("SDIFFSTORE", -3, Keys::ALL, Handler::Data(|tx, args| store(tx, Combination::Difference, args)))
        .grows()
        .says("1.0.0", "SDIFFSTORE destination key [key ...] | Writes what SDIFF reads."),
    Command::read("SINTERCARD", -3, Keys::Numbered { at: 1 }, Handler::Data(sintercard))
        .says("7.0.0", "SINTERCARD numkeys key [key ...] [LIMIT n] | Counts the members of all sets."),
    Command::read("SSCAN", -3, Keys::ONE, Handler::Data(sscan))
        .says("2.8.0", "SSCAN key cursor [MATCH pattern] [COUNT n] | Lists members piece by piece."),
];

/// From so many removals on a set may get a new container.
const REMOVED_MIN: u64 = 1024;

/// Up to so many members it does so: what a transaction has room for beside other things.
const MOVED_MAX: u64 = 16_384;

/// Adds a member; `false` when it is one.
pub(super) fn add(tx: &mut Tx<'_>, header: &mut Header, member: &[u8]) -> Result<bool> {
    let place = DocKey::part(SET, &header.container, member);
    if tx.get(&place)?.is_some() {
        return Ok(false);
    }
    tx.put(place, &Object::new(), None)?;
    header.count += 1;
    Ok(true)
}

/// Removes a member; `false` when it is none.
fn remove(tx: &mut Tx<'_>, header: &mut Header, member: &[u8]) -> Result<bool> {
    let place = DocKey::part(SET, &header.container, member);
    if tx.get(&place)?.is_none() {
        return Ok(false);
    }
    tx.delete(place);
    header.count -= 1;
    header.removed += 1;
    Ok(true)
}

/// Writes the header after removals. A set that few of many members are left of gets a new container, so that reading it does not pass
/// what is gone: at most one member is written for four that were removed.
fn save_shrunk(tx: &mut Tx<'_>, mut header: Header, key: &[u8]) -> Result<()> {
    let is_sparse = header.removed >= REMOVED_MIN && header.removed / 4 >= header.count;
    if is_sparse && (1..=MOVED_MAX).contains(&header.count) {
        let left = members(tx, Some(&header))?;
        tx.leave_behind(SET, &header.container);
        let fresh = Header::new(tx, Kind::Set);
        (header.container, header.count, header.removed) = (fresh.container, 0, 0);
        for member in left {
            add(tx, &mut header, &member)?;
        }
    }
    header.save(tx, key)
}

fn has(tx: &Tx<'_>, header: Option<&Header>, member: &[u8]) -> Result<bool> {
    match header {
        Some(header) => Ok(tx.get(&DocKey::part(SET, &header.container, member))?.is_some()),
        None => Ok(false),
    }
}

/// The members in byte order.
pub(super) fn members(tx: &Tx<'_>, header: Option<&Header>) -> Result<Vec<Vec<u8>>> {
    let Some(header) = header else { return Ok(Vec::new()) };
    let walk = tx.walk(&Span::prefix(SET, &header.container))?;
    let member = |member: Result<(Vec<u8>, Record)>| {
        let (id, _) = member?;
        tx.keep(id.len())?;
        Ok(id.get(CONTAINER_BYTES..).unwrap_or_default().to_vec())
    };
    walk.map(member).collect()
}

fn count(header: Option<&Header>) -> Reply {
    Reply::Int(header.map_or(0, |header| i64::try_from(header.count).unwrap_or(i64::MAX)))
}

fn sadd(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let mut header = tx.header_or_new(args.at(0), Kind::Set)?;
    let mut added = 0;
    for member in args.from(1) {
        added += usize::from(add(tx, &mut header, member)?);
    }
    if added > 0 {
        header.save(tx, args.at(0))?;
        tx.tell(Class::Set, "sadd", args.at(0));
    }
    Ok(Reply::count(added))
}

fn srem(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(mut header) = tx.header(args.at(0), Kind::Set)? else { return Ok(Reply::Int(0)) };
    let mut removed = 0;
    for member in args.from(1) {
        removed += usize::from(remove(tx, &mut header, member)?);
    }
    if removed > 0 {
        tx.tell(Class::Set, "srem", args.at(0));
        save_shrunk(tx, header, args.at(0))?;
    }
    Ok(Reply::count(removed))
}

fn smembers(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let header = tx.header(args.at(0), Kind::Set)?;
    Ok(Reply::Set(members(tx, header.as_ref())?.into_iter().map(Reply::Bulk).collect()))
}

fn sismember(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let header = tx.header(args.at(0), Kind::Set)?;
    has(tx, header.as_ref(), args.at(1)).map(Reply::flag)
}

fn smismember(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let header = tx.header(args.at(0), Kind::Set)?;
    let flags = args.from(1).iter().map(|member| has(tx, header.as_ref(), member).map(Reply::flag));
    flags.collect::<Result<_>>().map(Reply::Array)
}

fn scard(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(count(tx.header(args.at(0), Kind::Set)?.as_ref()))
}

fn spop(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let wanted = match args.get(1) {
        None => None,
        Some(_) if args.len() > 2 => return Err(refusal::syntax()),
        Some(_) => Some(args.integer(1).ok().filter(|count| *count >= 0).ok_or_else(refusal::not_positive)?),
    };
    let Some(mut header) = tx.header(args.at(0), Kind::Set)? else {
        return Ok(if wanted.is_some() { Reply::Set(Vec::new()) } else { Reply::Nil });
    };
    let all = members(tx, Some(&header))?;
    let mut chosen = sample::many(tx, all, wanted.unwrap_or(1), Vec::len)?;
    for member in &chosen {
        remove(tx, &mut header, member)?;
    }
    if !chosen.is_empty() {
        tx.tell(Class::Set, "spop", args.at(0));
        save_shrunk(tx, header, args.at(0))?;
    }
    Ok(match wanted {
        None => Reply::bulk_or_nil(chosen.pop()),
        Some(_) => Reply::Set(chosen.into_iter().map(Reply::Bulk).collect()),
    })
}

fn srandmember(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    if args.len() > 2 {
        return Err(refusal::syntax());
    }
    let wanted = args.get(1).map(|_| sample::count(args, 1)).transpose()?;
    let header = tx.header(args.at(0), Kind::Set)?;
    let all = members(tx, header.as_ref())?;
    Ok(match wanted {
        None => Reply::bulk_or_nil(sample::one(tx, all)),
        Some(wanted) => Reply::bulks(sample::many(tx, all, wanted, Vec::len)?),
    })
}

fn smove(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (from, to, member) = (args.at(0), args.at(1), args.at(2));
    let Some(mut source) = tx.header(from, Kind::Set)? else { return Ok(Reply::Int(0)) };
    let mut destination = tx.header_or_new(to, Kind::Set)?;
    if from == to {
        return has(tx, Some(&source), member).map(Reply::flag);
    }
    if !remove(tx, &mut source, member)? {
        return Ok(Reply::Int(0));
    }
    tx.tell(Class::Set, "srem", from);
    save_shrunk(tx, source, from)?;
    if add(tx, &mut destination, member)? {
        destination.save(tx, to)?;
        tx.tell(Class::Set, "sadd", to);
    }
    Ok(Reply::Int(1))
}

/// How several sets become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combination {
    Intersection,
    Union,
    Difference,
}

impl Combination {
    /// What writing it is called in notifications.
    const fn store_event(self) -> &'static str {
        match self {
            Self::Intersection => "sinterstore",
            Self::Union => "sunionstore",
            Self::Difference => "sdiffstore",
        }
    }
}

/// The members of several sets together, in byte order.
///
/// The first set is read whole, or for an intersection the smallest; the others are asked for its members, but for a union.
fn combine(tx: &mut Tx<'_>, combination: Combination, keys: &[&[u8]]) -> Result<Vec<Vec<u8>>> {
    let mut headers: Vec<Option<Header>> = Vec::with_capacity(keys.len());
    for key in keys {
        let header = tx.header(key, Kind::Set)?;
        if header.is_none() {
            tx.tell_missed(key);
        }
        headers.push(header);
    }
    if combination == Combination::Union {
        let mut all = BTreeSet::new();
        for header in &headers {
            all.extend(members(tx, header.as_ref())?);
        }
        return Ok(all.into_iter().collect());
    }
    let size = |place: &usize| headers.get(*place).and_then(Option::as_ref).map_or(0, |header| header.count);
    let base = match combination {
        Combination::Intersection => (0..headers.len()).min_by_key(size).unwrap_or_default(),
        _ => 0,
    };
    let mut kept = members(tx, headers.get(base).and_then(Option::as_ref))?;
    for (place, header) in headers.iter().enumerate() {
        if place == base {
            continue;
        }
        let mut still = Vec::with_capacity(kept.len());
        for member in kept {
            if has(tx, header.as_ref(), &member)? == (combination == Combination::Intersection) {
                still.push(member);
            }
        }
        kept = still;
    }
    Ok(kept)
}

fn answer(tx: &mut Tx<'_>, combination: Combination, keys: &[&[u8]]) -> Result<Reply> {
    Ok(Reply::Set(combine(tx, combination, keys)?.into_iter().map(Reply::Bulk).collect()))
}

fn store(tx: &mut Tx<'_>, combination: Combination, args: Args<'_>) -> Result<Reply> {
    let combined = combine(tx, combination, args.from(1))?;
    if combined.is_empty() {
        tx.remove_and_tell(args.at(0))?;
        return Ok(Reply::Int(0));
    }
    tx.remove(args.at(0))?;
    let mut header = Header::new(tx, Kind::Set);
    for member in &combined {
        add(tx, &mut header, member)?;
    }
    header.save(tx, args.at(0))?;
    tx.tell(Class::Set, combination.store_event(), args.at(0));
    Ok(Reply::count(combined.len()))
}

fn sintercard(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let number = args.integer(0).ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| refused("ERR numkeys should be greater than 0"))?;
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let too_many = || refused("ERR Number of keys can't be greater than number of args");
    let keys = args.from(1).get(..number).ok_or_else(too_many)?;
    let (mut most, mut options) = (0, args.options(1 + number));
    while let Some(word) = options.next_word() {
        match word.as_slice() {
            b"LIMIT" => {
                let limit = number::integer(options.value()?).and_then(|limit| usize::try_from(limit).ok());
                most = limit.ok_or_else(|| refused("ERR LIMIT can't be negative"))?;
            }
            _ => return Err(refusal::syntax()),
        }
    }
    let counted = combine(tx, Combination::Intersection, keys)?.len();
    Ok(Reply::count(if most == 0 { counted } else { counted.min(most) }))
}

fn sscan(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    scan::check_cursor(args.at(1))?;
    let Some(header) = tx.header(args.at(0), Kind::Set)? else { return Ok(piece(0, Vec::new())) };
    let options = ScanOptions::read(args.options(2), Scanned::Members)?;
    let scan = ElementScan { header: &header, cursor: args.at(1), options: &options };
    scan.run(tx, |member, _record| Ok(vec![Reply::bulk(member)]))
}
