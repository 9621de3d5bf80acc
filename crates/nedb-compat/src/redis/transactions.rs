//! MULTI, EXEC, DISCARD, WATCH and UNWATCH: their rows. What they do is the session's.

use super::command_keys::Keys;
use super::reply::Reply;
use super::table::{Command, Handler};

pub(super) const MULTI: &str = "MULTI";
pub(super) const EXEC: &str = "EXEC";
pub(super) const DISCARD: &str = "DISCARD";
pub(super) const WATCH: &str = "WATCH";
pub(super) const UNWATCH: &str = "UNWATCH";

pub(super) const COMMANDS: &[Command] = &[
    Command::control(MULTI, 1, Handler::Session)
        .fast()
        .says("1.2.0", "MULTI | Queues the commands that follow until EXEC."),
    Command::control(EXEC, 1, Handler::Session).says(
        "1.2.0",
        "EXEC | Carries out the queued commands as one transaction; nil when a watched key has changed.",
    ),
    Command::control(DISCARD, 1, Handler::Session)
        .fast()
        .says("2.0.0", "DISCARD | Forgets the queued commands and the watched keys."),
    Command::control(WATCH, -2, Handler::Session)
        .on(Keys::ALL)
        .fast()
        .says("2.2.0", "WATCH key [key ...] | Lets the next EXEC happen only if these keys do not change before it."),
    Command::control(UNWATCH, 1, Handler::Session).fast().says("2.2.0", "UNWATCH | Forgets the watched keys."),
];

/// An UNWATCH that was queued: EXEC has taken the watched keys already, so it has nothing to do.
pub(super) const QUEUED_UNWATCH: &Command =
    &Command::read(UNWATCH, 1, Keys::None, Handler::Data(|_tx, _args| Ok(Reply::ok())));
