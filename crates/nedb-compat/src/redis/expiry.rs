//! Commands on lifetimes. A lifetime belongs to the document that is the version of a key; its elements need none of their own.
//!
//! Every command costs one look-up and at most one operation, whatever the size of the value.

use nedb::{Result, Timestamp};

use super::args::Args;
use super::command_keys::Keys;
use super::keyspace::Found;
use super::lifetime::{self, Lifetime, Unit, now_ms};
use super::refusal;
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::write("EXPIRE", -3, Keys::ONE, Handler::Data(|tx, args| expire(tx, args, Unit::Seconds, "expire")))
        .fast()
        .says("1.0.0", "EXPIRE key seconds [NX\\|XX\\|GT\\|LT] | Lets a key expire after so many seconds."),
    Command::write("PEXPIRE", -3, Keys::ONE, Handler::Data(|tx, args| expire(tx, args, Unit::Milliseconds, "pexpire")))
        .fast()
        .says("2.6.0", "PEXPIRE key milliseconds [NX\\|XX\\|GT\\|LT] | Lets a key expire after so many milliseconds."),
    Command::write("EXPIREAT", -3, Keys::ONE, Handler::Data(|tx, args| expire(tx, args, Unit::AtSeconds, "expireat")))
        .fast()
        .says("1.2.0", "EXPIREAT key seconds [NX\\|XX\\|GT\\|LT] | Lets a key expire at an instant."),
    Command::write(
        "PEXPIREAT",
        -3,
        Keys::ONE,
        Handler::Data(|tx, args| expire(tx, args, Unit::AtMilliseconds, "pexpireat")),
    )
    .fast()
    .says("2.6.0", "PEXPIREAT key milliseconds [NX\\|XX\\|GT\\|LT] | Lets a key expire at an instant."),
    Command::write("PERSIST", 2, Keys::ONE, Handler::Data(persist))
        .fast()
        .says("2.2.0", "PERSIST key | Takes a lifetime away."),
    Command::read("TTL", 2, Keys::ONE, Handler::Data(|tx, args| tell(tx, args, |ms, now| round_to_s(ms - now))))
        .prompt()
        .says("1.0.0", "TTL key | Tells the seconds left; -1 for ever, -2 for no key."),
    Command::read("PTTL", 2, Keys::ONE, Handler::Data(|tx, args| tell(tx, args, |ms, now| ms - now)))
        .prompt()
        .says("2.6.0", "PTTL key | Tells the milliseconds left; -1 for ever, -2 for no key."),
    Command::read("EXPIRETIME", 2, Keys::ONE, Handler::Data(|tx, args| tell(tx, args, |ms, _now| round_to_s(ms))))
        .prompt()
        .says("7.0.0", "EXPIRETIME key | Tells the end in seconds since 1970; -1 for ever, -2 for no key."),
    Command::read("PEXPIRETIME", 2, Keys::ONE, Handler::Data(|tx, args| tell(tx, args, |ms, _now| ms)))
        .prompt()
        .says("7.0.0", "PEXPIRETIME key | Tells the end in milliseconds since 1970; -1 for ever, -2 for no key."),
];

/// Under which condition EXPIRE changes a lifetime.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word that was given or not, and they combine")]
struct Conditions {
    if_unlimited: bool,
    if_limited: bool,
    if_greater: bool,
    if_less: bool,
}

impl Conditions {
    fn read(args: Args<'_>) -> Result<Self> {
        let (mut conditions, mut options) = (Self::default(), args.options(2));
        while let Some(word) = options.next_raw() {
            match word.to_ascii_uppercase().as_slice() {
                b"NX" => conditions.if_unlimited = true,
                b"XX" => conditions.if_limited = true,
                b"GT" => conditions.if_greater = true,
                b"LT" => conditions.if_less = true,
                _ => {
                    let word = String::from_utf8_lossy(word);
                    return Err(refusal::refused(format!("ERR Unsupported option {word}")));
                }
            }
        }
        let Self { if_unlimited, if_limited, if_greater, if_less } = conditions;
        if if_unlimited && (if_limited || if_greater || if_less) {
            return Err(refusal::refused("ERR NX and XX, GT or LT options at the same time are not compatible"));
        }
        if if_greater && if_less {
            return Err(refusal::refused("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(conditions)
    }

    fn admit(self, now: Option<Timestamp>, then: Timestamp) -> bool {
        !(self.if_unlimited && now.is_some()
            || self.if_limited && now.is_none()
            || self.if_greater && now.is_none_or(|now| then <= now)
            || self.if_less && now.is_some_and(|now| then >= now))
    }
}

fn expire(tx: &mut Tx<'_>, args: Args<'_>, unit: Unit, command: &str) -> Result<Reply> {
    let conditions = Conditions::read(args)?;
    let end = unit.end(tx.now(), args.integer(1)?).ok_or_else(|| refusal::invalid_expire(command))?;
    let Some(found) = tx.find(args.at(0))? else { return Ok(Reply::Int(0)) };
    if !conditions.admit(found.expires_at(), end) {
        return Ok(Reply::Int(0));
    }
    lifetime::apply(tx, args.at(0), &found, Lifetime::Until(end))?;
    Ok(Reply::Int(1))
}

fn persist(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let found = tx.find(args.at(0))?;
    let limited = found.filter(|found| found.expires_at().is_some());
    if let Some(found) = &limited {
        lifetime::apply(tx, args.at(0), found, Lifetime::Unlimited)?;
    }
    Ok(Reply::flag(limited.is_some()))
}

/// Tells something about the end of a lifetime, in milliseconds, and the present.
fn tell(tx: &mut Tx<'_>, args: Args<'_>, told: fn(i64, i64) -> i64) -> Result<Reply> {
    let now = now_ms(tx.now());
    Ok(Reply::Int(match tx.find(args.at(0))?.as_ref().map(Found::expires_at) {
        None => -2,
        Some(None) => -1,
        Some(Some(end)) => told(now_ms(end), now),
    }))
}

fn round_to_s(ms: i64) -> i64 {
    (ms + 500).div_euclid(1_000)
}
