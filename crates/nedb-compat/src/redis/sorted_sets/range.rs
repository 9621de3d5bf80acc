//! Ranges of sorted sets: by rank, by score, by member.
//!
//! A range by score begins at its first score at once. A range by rank walks from the nearer end to its first rank, and one
//! by member over the whole set.

use nedb::Result;

use super::combine::write;
use super::{remove_all, scored};
use crate::redis::args::{Args, Options, index_range};
use crate::redis::number;
use crate::redis::refusal::{refused, syntax};
use crate::redis::reply::Reply;
use crate::redis::sorted_value::{Edge, Scored, SortedSet};
use crate::redis::tx::Tx;

/// What a range is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Rank,
    Score,
    Member,
}

/// What a range command asks for beside its ends.
struct Form {
    order: Order,
    is_reverse: bool,
    has_scores: bool,
    limit: Option<(i64, i64)>,
}

impl Form {
    fn read(order: Order, is_reverse: bool, mut options: Options<'_>, is_general: bool) -> Result<Self> {
        let mut form = Self { order, is_reverse, has_scores: false, limit: None };
        while let Some(word) = options.next_word() {
            match word.as_slice() {
                b"WITHSCORES" => form.has_scores = true,
                b"LIMIT" => form.limit = Some((options.integer()?, options.integer()?)),
                b"BYSCORE" if is_general && form.order == Order::Rank => form.order = Order::Score,
                b"BYLEX" if is_general && form.order == Order::Rank => form.order = Order::Member,
                b"REV" if is_general && !form.is_reverse => form.is_reverse = true,
                _ => return Err(syntax()),
            }
        }
        if form.limit.is_some() && form.order == Order::Rank {
            return Err(refused(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ));
        }
        if form.has_scores && form.order == Order::Member {
            return Err(refused("ERR syntax error, WITHSCORES not supported in combination with BYLEX"));
        }
        Ok(form)
    }

    /// The part of the members that LIMIT leaves.
    fn limited(&self, tx: &Tx<'_>, members: impl Iterator<Item = Result<Scored>>) -> Result<Vec<Scored>> {
        let (offset, count) = self.limit.unwrap_or((0, -1));
        let Ok(offset) = usize::try_from(offset) else { return Ok(Vec::new()) };
        // A negative count asks for all of them.
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let kept = |found: Result<Scored>| {
            let found = found?;
            tx.keep(size_of::<Scored>() + found.0.len())?;
            Ok(found)
        };
        members.skip(offset).take(count).map(kept).collect()
    }
}

pub(super) fn zrange(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let form = Form::read(Order::Rank, false, args.options(3), true)?;
    run(tx, args, &form)
}

pub(super) fn zrevrange(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let form = Form::read(Order::Rank, true, args.options(3), false)?;
    run(tx, args, &form)
}

/// The commands that have their order in their name.
pub(super) fn by(tx: &mut Tx<'_>, args: Args<'_>, order: Order, is_reverse: bool) -> Result<Reply> {
    let form = Form::read(order, is_reverse, args.options(3), false)?;
    run(tx, args, &form)
}

fn run(tx: &mut Tx<'_>, args: Args<'_>, form: &Form) -> Result<Reply> {
    Ok(scored(select(tx, args, form)?, form.has_scores))
}

/// The members of a range, given by a key and two ends.
fn select(tx: &mut Tx<'_>, args: Args<'_>, form: &Form) -> Result<Vec<Scored>> {
    // Turned around, the greater end comes first; ranks are counted from the other side instead.
    let (low, high) = if form.is_reverse && form.order != Order::Rank { (2, 1) } else { (1, 2) };
    match form.order {
        Order::Rank => {
            let (start, stop) = (args.integer(1)?, args.integer(2)?);
            let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Vec::new()) };
            set.ranks(tx, index_range(start, stop, set.len()), form.is_reverse)
        }
        Order::Score => {
            let (from, to) = edges(args.at(low), args.at(high))?;
            let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Vec::new()) };
            form.limited(tx, set.walk_between(tx, from, to, form.is_reverse)?)
        }
        Order::Member => {
            let (from, to) = (MemberBound::read(args.at(low))?, MemberBound::read(args.at(high))?);
            let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Vec::new()) };
            form.limited(tx, members_between(tx, &set, from, to, form.is_reverse)?)
        }
    }
}

/// The members between two bounds, by a walk over the whole set.
fn members_between<'b>(
    tx: &Tx<'_>,
    set: &SortedSet<'_>,
    from: MemberBound<'b>,
    to: MemberBound<'b>,
    is_reverse: bool,
) -> Result<impl Iterator<Item = Result<Scored>> + use<'b>> {
    let is_in = move |found: &Result<Scored>| {
        found.as_ref().map_or(true, |(member, _)| !from.is_above(member) && !to.is_below(member))
    };
    Ok(set.walk(tx, is_reverse, usize::MAX)?.filter(is_in))
}

pub(super) fn zrangestore(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let form = Form::read(Order::Rank, false, args.options(4), true)?;
    if form.has_scores {
        return Err(syntax());
    }
    let members = select(tx, Args::new(args.from(1)), &form)?;
    tx.find_to_read(args.at(1))?;
    write(tx, args.at(0), &members, "zrangestore")
}

/// The places in the order between which two bounds lie.
fn edges(min: &[u8], max: &[u8]) -> Result<(Edge, Edge)> {
    let bound = |text: &[u8]| -> Result<(bool, f64)> {
        let (is_open, text) = text.strip_prefix(b"(").map_or((false, text), |text| (true, text));
        // Nothing at all is zero here, as in Redis.
        let text = text.trim_ascii_start();
        let score = if text.is_empty() { Some(0.0) } else { number::nearest_float(text) };
        let score = score.ok_or_else(|| refused("ERR min or max is not a float"))?;
        Ok((is_open, score))
    };
    let ((is_min_open, min), (is_max_open, max)) = (bound(min)?, bound(max)?);
    let from = if is_min_open { Edge::Behind(min) } else { Edge::Before(min) };
    let to = if is_max_open { Edge::Before(max) } else { Edge::Behind(max) };
    Ok((from, to))
}

/// An end of a range by member.
#[derive(Clone, Copy)]
enum MemberBound<'a> {
    First,
    Last,
    Including(&'a [u8]),
    Excluding(&'a [u8]),
}

impl<'a> MemberBound<'a> {
    fn read(text: &'a [u8]) -> Result<Self> {
        match text {
            b"-" => Ok(Self::First),
            b"+" => Ok(Self::Last),
            [b'[', member @ ..] => Ok(Self::Including(member)),
            [b'(', member @ ..] => Ok(Self::Excluding(member)),
            _ => Err(refused("ERR min or max not valid string range item")),
        }
    }

    /// Whether it, as the lower end, leaves a member out.
    fn is_above(&self, member: &[u8]) -> bool {
        match self {
            Self::First => false,
            Self::Last => true,
            Self::Including(bound) => member < *bound,
            Self::Excluding(bound) => member <= *bound,
        }
    }

    /// Whether it, as the upper end, leaves a member out.
    fn is_below(&self, member: &[u8]) -> bool {
        match self {
            Self::First => true,
            Self::Last => false,
            Self::Including(bound) => member > *bound,
            Self::Excluding(bound) => member >= *bound,
        }
    }
}

pub(super) fn zcount(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (from, to) = edges(args.at(1), args.at(2))?;
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let mut count = 0;
    for member in set.walk_between(tx, from, to, false)? {
        member?;
        count += 1;
    }
    Ok(Reply::count(count))
}

pub(super) fn remove_by_rank(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (start, stop) = (args.integer(1)?, args.integer(2)?);
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let members = set.ranks(tx, index_range(start, stop, set.len()), false)?;
    remove_all(tx, set, &members, "zremrangebyrank")
}

pub(super) fn remove_by_score(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (from, to) = edges(args.at(1), args.at(2))?;
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Reply::Int(0)) };
    let members: Vec<Scored> = set.walk_between(tx, from, to, false)?.collect::<Result<_>>()?;
    remove_all(tx, set, &members, "zremrangebyscore")
}

/// The members between the two bounds of a call.
fn between_bounds(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Vec<Scored>> {
    let (from, to) = (MemberBound::read(args.at(1))?, MemberBound::read(args.at(2))?);
    let Some(set) = SortedSet::find(tx, args.at(0))? else { return Ok(Vec::new()) };
    members_between(tx, &set, from, to, false)?.collect()
}

pub(super) fn zlexcount(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::count(between_bounds(tx, args)?.len()))
}

pub(super) fn remove_by_member(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let members = between_bounds(tx, args)?;
    match SortedSet::find(tx, args.at(0))? {
        Some(set) => remove_all(tx, set, &members, "zremrangebylex"),
        None => Ok(Reply::Int(0)),
    }
}
