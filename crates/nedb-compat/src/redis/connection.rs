//! PING, ECHO and TIME.

use nedb::Result;

use super::args::Args;
use super::refusal;
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::control("PING", -1, Handler::Data(ping))
        .fast()
        .says("1.0.0", "PING [message] | Answers PONG, or the message."),
    Command::control("ECHO", 2, Handler::Data(echo)).fast().says("1.0.0", "ECHO message | Answers the message."),
    Command::control("TIME", 1, Handler::Data(time))
        .fast()
        .says("2.6.0", "TIME | Tells the present in seconds since 1970, and the microseconds of the second."),
];

fn ping(_tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    match args.len() {
        0 => Ok(Reply::Simple("PONG".into())),
        1 => Ok(Reply::bulk(args.at(0))),
        _ => Err(refusal::wrong_arity("ping")),
    }
}

// Every function of the table has one form, whether it can fail or not.
#[allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]
fn echo(_tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    Ok(Reply::bulk(args.at(0)))
}

/// The moment of the transaction: within a script, or between MULTI and EXEC, always the same.
#[allow(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]
fn time(tx: &mut Tx<'_>, _args: Args<'_>) -> Result<Reply> {
    let now_us = tx.now().as_micros();
    Ok(Reply::bulks([now_us.div_euclid(1_000_000), now_us.rem_euclid(1_000_000)].map(|part| part.to_string())))
}
