//! Commands on sorted sets: adding and asking for members, and what takes them away. Ranges and combinations have files of their own.

mod combine;
mod pops;
mod range;

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::list_pops::KEYS_AND_TIMEOUT;
use super::notices::Class;
use super::number;
use super::number::double_text;
use super::refusal::{self, not_a_float, refused, syntax};
use super::reply::Reply;
use super::scan::{self, ElementScan, ScanOptions, Scanned, piece};
use super::sorted_value::{Scored, SortedSet, score_of_record};
use super::table::{Command, Handler};
use super::tx::Tx;
use combine::Combination;
use range::Order;

pub(super) const COMMANDS: &[Command] = &[
    Command::write("ZADD", -4, Keys::ONE, Handler::Data(zadd)).fast().short().grows().says(
        "1.2.0",
        "ZADD key [NX\\|XX] [GT\\|LT] [CH] [INCR] score member [score member ...] | Adds members or gives them new scores.",
    ),
    Command::write("ZINCRBY", 4, Keys::ONE, Handler::Data(zincrby)).fast().short().grows().says("1.2.0", "ZINCRBY key n member | Adds to a score."),
    Command::write("ZREM", -3, Keys::ONE, Handler::Data(zrem)).fast().short().says("1.2.0", "ZREM key member [member ...] | Removes members."),
    Command::read("ZCARD", 2, Keys::ONE, Handler::Data(zcard)).prompt().says("1.2.0", "ZCARD key | Counts the members."),
    Command::read("ZSCORE", 3, Keys::ONE, Handler::Data(zscore)).prompt().says("1.2.0", "ZSCORE key member | Reads a score."),
    Command::read("ZMSCORE", -3, Keys::ONE, Handler::Data(zmscore)).fast().says("6.2.0", "ZMSCORE key member [member ...] | Reads scores."),
    Command::read("ZRANK", -3, Keys::ONE, Handler::Data(|tx, args| zrank(tx, args, false)))
        .fast().says("2.0.0", "ZRANK key member [WITHSCORE] | Counts the members in front of one."),
    Command::read("ZREVRANK", -3, Keys::ONE, Handler::Data(|tx, args| zrank(tx, args, true)))
        .fast().says("2.0.0", "ZREVRANK key member [WITHSCORE] | Counts the members behind one."),
    Command::write("ZPOPMIN", -2, Keys::ONE, Handler::Data(|tx, args| zpop(tx, args, false)))
        .fast().says("5.0.0", "ZPOPMIN key [count] | Takes the members with the lowest scores."),
    Command::write("ZPOPMAX", -2, Keys::ONE, Handler::Data(|tx, args| zpop(tx, args, true)))
        .fast().says("5.0.0", "ZPOPMAX key [count] | Takes the members with the highest scores."),
    Command::read("ZCOUNT", 4, Keys::ONE, Handler::Data(range::zcount)).fast().says("2.0.0", "ZCOUNT key min max | Counts the members between two scores."),
    Command::read("ZRANGE", -4, Keys::ONE, Handler::Data(range::zrange)).says(
        "1.2.0",
        "ZRANGE key start stop [BYSCORE\\|BYLEX] [REV] [LIMIT offset n] [WITHSCORES] | Reads a range by rank, score or member.",
    ),
    Command::read("ZREVRANGE", -4, Keys::ONE, Handler::Data(range::zrevrange))
        .says("1.2.0", "ZREVRANGE key start stop [WITHSCORES] | Reads a range by rank, the highest score first."),
    Command::read("ZRANGEBYSCORE", -4, Keys::ONE, Handler::Data(|tx, args| range::by(tx, args, Order::Score, false)))
        .says("1.0.5", "ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset n] | Reads a range by score."),
    Command::read("ZREVRANGEBYSCORE", -4, Keys::ONE, Handler::Data(|tx, args| range::by(tx, args, Order::Score, true)))
        .says("2.2.0", "ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset n] | Reads it from the highest score on."),
    Command::read("ZRANGEBYLEX", -4, Keys::ONE, Handler::Data(|tx, args| range::by(tx, args, Order::Member, false)))
        .says("2.8.9", "ZRANGEBYLEX key min max [LIMIT offset n] | Reads a range by member, of members with one score."),
    Command::read("ZREVRANGEBYLEX", -4, Keys::ONE, Handler::Data(|tx, args| range::by(tx, args, Order::Member, true)))
        .says("2.8.9", "ZREVRANGEBYLEX key max min [LIMIT offset n] | Reads it from the last member on."),
    Command::write("ZREMRANGEBYRANK", 4, Keys::ONE, Handler::Data(range::remove_by_rank))
        .says("2.0.0", "ZREMRANGEBYRANK key start stop | Removes a range by rank."),
    Command::write("ZREMRANGEBYSCORE", 4, Keys::ONE, Handler::Data(range::remove_by_score))
        .says("1.2.0", "ZREMRANGEBYSCORE key min max | Removes a range by score."),
    Command::write("ZUNIONSTORE", -4, Keys::DestinationAndNumbered, Handler::Data(|tx, args| combine::store(tx, args, Combination::Union)))
        .grows().says(
            "2.0.0",
            "ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM\\|MIN\\|MAX] | Writes the members of any set.",
        ),
    Command::write(
        "ZINTERSTORE",
        -4,
        Keys::DestinationAndNumbered,
        Handler::Data(|tx, args| combine::store(tx, args, Combination::Intersection)),
    )
    .grows().says(
        "2.0.0",
        "ZINTERSTORE destination numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM\\|MIN\\|MAX] | Writes the members of all sets.",
    ),
    Command::read("ZLEXCOUNT", 4, Keys::ONE, Handler::Data(range::zlexcount))
        .fast().says("2.8.9", "ZLEXCOUNT key min max | Counts a range by member, of members with one score."),
    Command::write("ZRANGESTORE", -5, Keys::TWO, Handler::Data(range::zrangestore)).grows().says(
        "6.2.0",
        "ZRANGESTORE destination source start stop [BYSCORE\\|BYLEX] [REV] [LIMIT offset n] | Writes what ZRANGE reads.",
    ),
    Command::write("ZREMRANGEBYLEX", 4, Keys::ONE, Handler::Data(range::remove_by_member))
        .says("2.8.9", "ZREMRANGEBYLEX key min max | Removes a range by member, of members with one score."),
    Command::read("ZUNION", -3, Keys::Numbered { at: 1 }, Handler::Data(|tx, args| combine::answer(tx, args, Combination::Union)))
        .says(
            "6.2.0",
            "ZUNION numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM\\|MIN\\|MAX] [WITHSCORES] | Reads the members of any set.",
        ),
    Command::read("ZINTER", -3, Keys::Numbered { at: 1 }, Handler::Data(|tx, args| combine::answer(tx, args, Combination::Intersection)))
        .says(
            "6.2.0",
            "ZINTER numkeys key [key ...] [WEIGHTS w ...] [AGGREGATE SUM\\|MIN\\|MAX] [WITHSCORES] | Reads the members of all sets.",
        ),
    Command::read("ZDIFF", -3, Keys::Numbered { at: 1 }, Handler::Data(|tx, args| combine::answer(tx, args, Combination::Difference)))
        .says("6.2.0", "ZDIFF numkeys key [key ...] [WITHSCORES] | Reads the members of the first set that no other has."),
    Command::write(
        "ZDIFFSTORE",
        -4,
        Keys::DestinationAndNumbered,
        Handler::Data(|tx, args| combine::store(tx, args, Combination::Difference)),
    )
    .grows().says("6.2.0", "ZDIFFSTORE destination numkeys key [key ...] | Writes what ZDIFF reads."),
    Command::read("ZINTERCARD", -3, Keys::Numbered { at: 1 }, Handler::Data(combine::zintercard))
        .says("7.0.0", "ZINTERCARD numkeys key [key ...] [LIMIT n] | Counts the members of all sets."),
    Command::read("ZRANDMEMBER", -2, Keys::ONE, Handler::Data(pops::zrandmember))
        .says("6.2.0", "ZRANDMEMBER key [count [WITHSCORES]] | Picks members; with a negative count some perhaps twice."),
    Command::write("ZMPOP", -4, Keys::Numbered { at: 1 }, Handler::Data(pops::zmpop)).says(
        "7.0.0",
        "ZMPOP numkeys key [key ...] MIN\\|MAX [COUNT n] | Takes members from the first sorted set that has some.",
    ),
    Command::write("BZPOPMIN", -3, KEYS_AND_TIMEOUT, Handler::Blocking(|tx, args, asked| pops::bzpop(tx, args, asked, false)))
        .not_in_scripts()
        .fast().says("5.0.0", "BZPOPMIN key [key ...] seconds | Takes the lowest member of the first sorted set that has one, or waits."),
    Command::write("BZPOPMAX", -3, KEYS_AND_TIMEOUT, Handler::Blocking(|tx, args, asked| pops::bzpop(tx, args, asked, true)))
        .not_in_scripts()
        .fast().says("5.0.0", "BZPOPMAX key [key ...] seconds | Takes the highest member of the first sorted set that has one, or waits."),
    Command::write("BZMPOP", -5, Keys::Numbered { at: 2 }, Handler::Blocking(pops::bzmpop)).says(
        "7.0.0",
        "BZMPOP seconds numkeys key [key ...] MIN\\|MAX [COUNT n] | Does what ZMPOP does, or waits.",
    ),
    Command::read("ZSCAN", -3, Keys::ONE, Handler::Data(zscan))
        .says("2.8.0", "ZSCAN key cursor [MATCH pattern] [COUNT n] | Lists members with their scores piece by piece."),
];

/// Members with or without their scores.
fn scored(members: Vec<Scored>, has_scores: bool) -> Reply {
    if has_scores {
        return Reply::Pairs(
            members.into_iter().map(|(member, score)| (Reply::Bulk(member), Reply::Double(score))).collect(),
        );
    }
    Reply::bulks(members.into_iter().map(|(member, _)| member))
}

/// The flags of ZADD.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that was given or not, and they combine")]
struct AddFlags {
    if_missing: bool,
    if_present: bool,
    if_greater: bool,
    if_less: bool,
    counts_changes: bool,
    increments: bool,
}

impl AddFlags {
    /// Reads the flags in front of the first score, and says where that stands.
    fn read(args: Args<'_>) -> Result<(Self, usize)> {
        let (mut flags, mut place) = (Self::default(), 1);
        while let Some(word) = args.get(place) {
            match word.to_ascii_uppercase().as_slice() {
                b"NX" => flags.if_missing = true,
                b"XX" => flags.if_present = true,
                b"GT" => flags.if_greater = true,
                b"LT" => flags.if_less = true,
                b"CH" => flags.counts_changes = true,
                b"INCR" => flags.increments = true,
                _ => break,
            }
            place += 1;
        }
        let words = args.len() - place;
        if words == 0 || !words.is_multiple_of(2) {
            return Err(syntax());
        }
        if flags.if_missing && flags.if_present {
            return Err(refused("ERR XX and NX options at the same time are not compatible"));
        }
        if (flags.if_greater && flags.if_less) || (flags.if_missing && (flags.if_greater || flags.if_less)) {
            return Err(refused("ERR GT, LT, and/or NX options at the same time are not compatible"));
        }
        if flags.increments && words != 2 {
            return Err(refused("ERR INCR option supports a single increment-element pair"));
        }
        Ok((flags, place))
    }

    /// The score that a member gets; `None` when the flags leave it as it is.
    fn next(self, old: Option<f64>, given: f64) -> Result<Option<f64>> {
        let Some(old) = old else { return Ok((!self.if_present).then_some(given)) };
        if self.if_missing {
            return Ok(None);
        }
        let next = if self.increments { old + given } else { given };
        if next.is_nan() {
            return Err(refused("ERR resulting score is not a number (NaN)"));
        }
        let is_held = (self.if_greater && next <= old) || (self.if_less && next >= old);
        Ok((!is_held).then_some(next))
    }
}

fn zadd(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (flags, first) = AddFlags::read(args)?;
    let pairs = args.pairs(first, "zadd")?;
    let scores: Vec<f64> =
        pairs.iter().map(|(score, _)| number::float(score).ok_or_else(not_a_float)).collect::<Result<_>>()?;
    let mut set = SortedSet::open(tx, args.at(0))?;
    let (mut added, mut changed, mut last) = (0, 0, None);
    for ((_, member), given) in pairs.into_iter().zip(scores) {
        let old = set.score(tx, member)?;
        last = flags.next(old, given)?;
        let Some(score) = last else { continue };
        if old == Some(score) {
            continue;
        }
        added += usize::from(old.is_none());
        changed += 1;
        set.set(tx, member, score, old)?;
    }
    if changed > 0 {
        set.save(tx)?;
        tx.tell(Class::Sorted, if flags.increments { "zincr" } else { "zadd" }, args.at(0));
    }
    Ok(match flags {
        AddFlags { increments: true, .. } => last.map_or(Reply::Nil, Reply::Double),
        AddFlags { counts_changes: true, .. } => Reply::count(changed),
        _ => Reply::count(added),
    })
}

fn zincrby(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (increment, member) = (args.float(1)?, args.at(2));
    let mut set = SortedSet::open(tx, args.at(0))?;
    let old = set.score(tx, member)?;
    let flags = AddFlags { increments: true, ..AddFlags::default() };
    let score = flags.next(old, increment)?.unwrap_or(increment);
    if old != Some(score) {
        set.set(tx, member, score, old)?;
        set.save(tx)?;
        tx.tell(Class::Sorted, "zincr", args.at(0));
    }
    Ok(Reply::Double(score))
}

/// Removes members, tells it as this event, and counts them.
fn remove_all(tx: &mut Tx<'_>, mut set: SortedSet<'_>, members: &[Scored], event: &'static str) -> Result<Reply> {
    for (member, score) in members {
        set.remove(tx, member, *score);
    }
    if !members.is_empty() {
        tx.tell(Class::Sorted, event, set.key());
        set.save(tx)?;
    }
    Ok(Reply::count(members.len()))
}

fn zrem(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let Some(mut set) = SortedSet::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let mut removed = 0;
    for member in args.from(1) {
        // One that is named twice is gone the second time.
        if let Some(score) = set.score(tx, member)? {
            set.remove(tx, member, score);
            removed += 1;
        }
    }
    if removed > 0 {
        tx.tell(Class::Sorted, "zrem", args.at(0));
        set.save(tx)?;
    }
    Ok(Reply::count(removed))
}

fn zcard(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let set = SortedSet::find(tx, args.at(0))?;
    Ok(Reply::Int(set.map_or(0, |set| i64::try_from(set.len()).unwrap_or(i64::MAX))))
}

fn score_reply(tx: &Tx<'_>, set: Option<&SortedSet<'_>>, member: &[u8]) -> Result<Reply> {
    let score = set.map(|set| set.score(tx, member)).transpose()?.flatten();
    Ok(score.map_or(Reply::Nil, Reply::Double))
}

fn zscore(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let set = SortedSet::find(tx, args.at(0))?;
    score_reply(tx, set.as_ref(), args.at(1))
}

fn zmscore(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let set = SortedSet::find(tx, args.at(0))?;
    args.from(1).iter().map(|member| score_reply(tx, set.as_ref(), member)).collect::<Result<_>>().map(Reply::Array)
}

fn zrank(tx: &mut Tx<'_>, args: Args<'_>, is_reverse: bool) -> Result<Reply> {
    let mut options = args.options(2);
    let has_score = match options.next_word().as_deref() {
        None => false,
        Some(b"WITHSCORE") => true,
        Some(_) => return Err(syntax()),
    };
    options.end()?;
    let nothing = if has_score { Reply::NilArray } else { Reply::Nil };
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(nothing) };
    let Some(score) = set.score(tx, args.at(1))? else { return Ok(nothing) };
    let mut rank = 0;
    for member in set.walk(tx, is_reverse, usize::MAX)? {
        if member?.0 == args.at(1) {
            break;
        }
        rank += 1;
    }
    let rank = Reply::count(rank);
    Ok(if has_score { Reply::Array(vec![rank, Reply::Double(score)]) } else { rank })
}

fn zpop(tx: &mut Tx<'_>, args: Args<'_>, is_reverse: bool) -> Result<Reply> {
    let count = match args.get(1) {
        None => None,
        Some(_) if args.len() > 2 => return Err(syntax()),
        Some(_) => {
            Some(args.integer(1).ok().and_then(|count| u64::try_from(count).ok()).ok_or_else(refusal::not_positive)?)
        }
    };
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Reply::Array(Vec::new())) };
    let members = set.ranks(tx, 0..count.unwrap_or(1).min(set.len()), is_reverse)?;
    remove_all(tx, set, &members, pop_event(is_reverse))?;
    if count.is_some() {
        return Ok(scored(members, true));
    }
    let flat = members.into_iter().flat_map(|(member, score)| [Reply::Bulk(member), Reply::Double(score)]);
    Ok(Reply::Array(flat.collect()))
}

/// What a pop from one end is called in notifications.
const fn pop_event(is_reverse: bool) -> &'static str {
    if is_reverse { "zpopmax" } else { "zpopmin" }
}

fn zscan(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    scan::check_cursor(args.at(1))?;
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(piece(0, Vec::new())) };
    let options = ScanOptions::read(args.options(2), Scanned::Members)?;
    let scan = ElementScan { header: &set.header, cursor: args.at(1), options: &options };
    scan.run(tx, |member, record| Ok(vec![Reply::bulk(member), Reply::bulk(double_text(score_of_record(record)?))]))
}
