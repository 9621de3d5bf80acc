//! ZRANDMEMBER, and pops of sorted sets that look at several keys or wait.

use nedb::Result;

use super::{pop_event, remove_all, scored};
use crate::redis::args::Args;
use crate::redis::keyspace::Kind;
use crate::redis::list_pops::{first_of, keys_and_timeout};
use crate::redis::pop_call::PopCall;
use crate::redis::refusal::{refused, syntax};
use crate::redis::reply::Reply;
use crate::redis::sample;
use crate::redis::sorted_value::{Scored, SortedSet};
use crate::redis::tx::Tx;
use crate::redis::waiting::{Asked, Outcome, Wait, call, timeout_s};

pub(super) fn zrandmember(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (count, mut options) = (args.get(1).map(|_| sample::count(args, 1)).transpose()?, args.options(2));
    let has_scores = match options.next_word().as_deref() {
        None => false,
        Some(b"WITHSCORES") => true,
        Some(_) => return Err(syntax()),
    };
    options.end()?;
    // With scores the answer has two parts for each.
    if has_scores && count.is_some_and(|count| !(i64::MIN / 2..=i64::MAX / 2).contains(&count)) {
        return Err(refused("ERR value is out of range"));
    }
    let members = match SortedSet::find(tx, args.at(0))? {
        Some(set) => set.walk(tx, false, usize::MAX)?.collect::<Result<Vec<Scored>>>()?,
        None => Vec::new(),
    };
    Ok(match count {
        None => sample::one(tx, members).map_or(Reply::Nil, |(member, _)| Reply::Bulk(member)),
        Some(count) => scored(sample::many(tx, members, count, |(member, _)| member.len())?, has_scores),
    })
}

/// Takes members from one end of a sorted set that is there.
fn take(tx: &mut Tx<'_>, key: &[u8], is_reverse: bool, count: u64) -> Result<Vec<Scored>> {
    let Some(set) = SortedSet::find(tx, key)? else { return Ok(Vec::new()) };
    let members = set.ranks(tx, 0..count.min(set.len()), is_reverse)?;
    remove_all(tx, set, &members, pop_event(is_reverse))?;
    Ok(members)
}

pub(super) fn zmpop(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let call = PopCall::read(args, 0, [b"MIN", b"MAX"])?;
    Ok(take_of_several(tx, &call, Asked::First)?.unwrap_or(Reply::NilArray))
}

fn take_of_several(tx: &mut Tx<'_>, call: &PopCall<'_>, asked: Asked) -> Result<Option<Reply>> {
    let Some(key) = first_of(tx, call.keys, Kind::Sorted, asked)? else { return Ok(None) };
    let members = take(tx, key, call.is_second, call.count)?;
    let member = |(member, score)| Reply::Array(vec![Reply::Bulk(member), Reply::Double(score)]);
    Ok(Some(Reply::Array(vec![Reply::bulk(key), Reply::Array(members.into_iter().map(member).collect())])))
}

pub(super) fn bzmpop(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked) -> Result<Outcome> {
    let pop = PopCall::read(args, 1, [b"MIN", b"MAX"])?;
    let timeout = timeout_s(args.at(0))?;
    Ok(match take_of_several(tx, &pop, asked)? {
        Some(reply) => Outcome::Answered(reply),
        None => Outcome::Nothing(Reply::NilArray, Wait::new(call("BZMPOP", args), pop.keys, timeout)),
    })
}

pub(super) fn bzpop(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked, is_reverse: bool) -> Result<Outcome> {
    let (keys, timeout) = keys_and_timeout(args)?;
    let timeout = timeout_s(timeout)?;
    let Some(key) = first_of(tx, keys, Kind::Sorted, asked)? else {
        let name = if is_reverse { "BZPOPMAX" } else { "BZPOPMIN" };
        return Ok(Outcome::Nothing(Reply::NilArray, Wait::new(call(name, args), keys, timeout)));
    };
    let mut answer = vec![Reply::bulk(key)];
    for (member, score) in take(tx, key, is_reverse, 1)? {
        answer.extend([Reply::Bulk(member), Reply::Double(score)]);
    }
    Ok(Outcome::Answered(Reply::Array(answer)))
}
