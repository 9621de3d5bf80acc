//! Pops of lists that look at several keys or wait: the first list that has an element gives it.
//!
//! Each attempt costs what LPOP costs, and a look-up for each key before it.

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::keyspace::Kind;
use super::list_value::{End, List};
use super::lists::{end_of, move_element};
use super::notices::Class;
use super::pop_call::PopCall;
use super::refusal::wrong_type;
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;
use super::waiting::{Asked, Outcome, Wait, call, timeout_s};

/// Some keys, and behind them a timeout.
pub(super) const KEYS_AND_TIMEOUT: Keys = Keys::At { first: 1, last: -2, step: 1 };

pub(super) const COMMANDS: &[Command] = &[
    Command::write("LMPOP", -4, Keys::Numbered { at: 1 }, Handler::Data(lmpop)).says(
        "7.0.0",
        "LMPOP numkeys key [key ...] LEFT\\|RIGHT [COUNT n] | Takes elements from the first list that has some.",
    ),
    Command::write("BLPOP", -3, KEYS_AND_TIMEOUT, Handler::Blocking(|tx, args, asked| pop(tx, args, asked, End::Left)))
        .not_in_scripts()
        .says(
            "2.0.0",
            "BLPOP key [key ...] seconds | Takes the first element of the first list that has one, or waits.",
        ),
    Command::write(
        "BRPOP",
        -3,
        KEYS_AND_TIMEOUT,
        Handler::Blocking(|tx, args, asked| pop(tx, args, asked, End::Right)),
    )
    .not_in_scripts()
    .says("2.0.0", "BRPOP key [key ...] seconds | Takes the last element of the first list that has one, or waits."),
    Command::write("BLMOVE", 6, Keys::TWO, Handler::Blocking(blmove)).grows().not_in_scripts().says(
        "6.2.0",
        "BLMOVE source destination LEFT\\|RIGHT LEFT\\|RIGHT seconds | Does what LMOVE does, or waits for the source.",
    ),
    Command::write("BRPOPLPUSH", 4, Keys::TWO, Handler::Blocking(brpoplpush))
        .grows()
        .not_in_scripts()
        .says("2.2.0", "BRPOPLPUSH source destination seconds | Does what RPOPLPUSH does, or waits for the source."),
    Command::write("BLMPOP", -5, Keys::Numbered { at: 2 }, Handler::Blocking(blmpop))
        .says("7.0.0", "BLMPOP seconds numkeys key [key ...] LEFT\\|RIGHT [COUNT n] | Does what LMPOP does, or waits."),
];

/// The first of some keys under which a value of this kind lies.
pub(super) fn first_of<'k>(tx: &mut Tx<'_>, keys: &[&'k [u8]], kind: Kind, asked: Asked) -> Result<Option<&'k [u8]>> {
    for key in keys {
        match tx.find(key)? {
            Some(found) if found.kind() == kind => return Ok(Some(key)),
            Some(_) if asked == Asked::First => return Err(wrong_type()),
            Some(_) | None => {}
        }
    }
    Ok(None)
}

/// Takes elements from a list that is there.
fn take(tx: &mut Tx<'_>, key: &[u8], end: End, count: u64) -> Result<Vec<Vec<u8>>> {
    let Some(mut list) = List::find(tx, key)? else { return Ok(Vec::new()) };
    let values = list.pop(tx, end, count)?;
    tx.tell(Class::List, end.pop_event(), key);
    list.save(tx)?;
    Ok(values)
}

fn lmpop(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let call = PopCall::read(args, 0, [b"LEFT", b"RIGHT"])?;
    Ok(take_of_several(tx, &call, Asked::First)?.unwrap_or(Reply::NilArray))
}

fn take_of_several(tx: &mut Tx<'_>, call: &PopCall<'_>, asked: Asked) -> Result<Option<Reply>> {
    let Some(key) = first_of(tx, call.keys, Kind::List, asked)? else { return Ok(None) };
    let values = take(tx, key, if call.is_second { End::Right } else { End::Left }, call.count)?;
    Ok(Some(Reply::Array(vec![Reply::bulk(key), Reply::bulks(values)])))
}

fn blmpop(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked) -> Result<Outcome> {
    let pop = PopCall::read(args, 1, [b"LEFT", b"RIGHT"])?;
    let timeout = timeout_s(args.at(0))?;
    Ok(match take_of_several(tx, &pop, asked)? {
        Some(reply) => Outcome::Answered(reply),
        None => Outcome::Nothing(Reply::NilArray, Wait::new(call("BLMPOP", args), pop.keys, timeout)),
    })
}

fn pop(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked, end: End) -> Result<Outcome> {
    let (keys, timeout) = keys_and_timeout(args)?;
    let timeout = timeout_s(timeout)?;
    let Some(key) = first_of(tx, keys, Kind::List, asked)? else {
        let name = if end == End::Left { "BLPOP" } else { "BRPOP" };
        return Ok(Outcome::Nothing(Reply::NilArray, Wait::new(call(name, args), keys, timeout)));
    };
    let values = take(tx, key, end, 1)?;
    Ok(Outcome::Answered(Reply::bulks(std::iter::once(key.to_vec()).chain(values))))
}

/// The words of a call that ends with a timeout.
pub(super) fn keys_and_timeout(args: Args<'_>) -> Result<(&[&[u8]], &[u8])> {
    let (timeout, keys) = args.from(0).split_last().ok_or_else(super::refusal::syntax)?;
    Ok((keys, timeout))
}

fn blmove(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked) -> Result<Outcome> {
    let (from, to) = (end_of(args.at(2))?, end_of(args.at(3))?);
    let timeout = timeout_s(args.at(4))?;
    let source = args.from(0).get(..1).unwrap_or_default();
    if first_of(tx, source, Kind::List, asked)?.is_none() {
        return Ok(Outcome::Nothing(Reply::Nil, Wait::new(call("BLMOVE", args), source, timeout)));
    }
    move_element(tx, args, from, to).map(Outcome::Answered)
}

fn brpoplpush(tx: &mut Tx<'_>, args: Args<'_>, asked: Asked) -> Result<Outcome> {
    let timeout = timeout_s(args.at(2))?;
    let source = args.from(0).get(..1).unwrap_or_default();
    if first_of(tx, source, Kind::List, asked)?.is_none() {
        return Ok(Outcome::Nothing(Reply::Nil, Wait::new(call("BRPOPLPUSH", args), source, timeout)));
    }
    move_element(tx, args, End::Right, End::Left).map(Outcome::Answered)
}
