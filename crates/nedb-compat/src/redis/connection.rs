//! PING and ECHO.

use nedb::Result;

use super::args::Args;
use super::refusal;
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[
    Command::control("PING", -1, Handler::Data(ping)).says("1.0.0", "PING [message] | Answers PONG, or the message."),
    Command::control("ECHO", 2, Handler::Data(echo)).says("1.0.0", "ECHO message | Answers the message."),
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
