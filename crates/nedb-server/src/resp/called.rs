//! Calls of a connection with whose they are: each is looked up once.

use nedb_compat::redis::{self, Access, Command, Family, Keys};

use super::commands::{self, Row};
use crate::rights::Right;

/// A call and what its name means.
pub(super) struct Called<'b> {
    pub(super) words: Vec<&'b [u8]>,
    pub(super) whose: Whose,
}

/// Who carries out a call.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    /// The connection.
    Connection(&'static Row),
    /// Nobody: a browser sent it.
    Http,
    /// The database; none where it has no command of that name.
    Database(Option<(Family, &'static Command)>),
}

impl<'b> Called<'b> {
    pub(super) fn new(words: Vec<&'b [u8]>) -> Self {
        // Most calls are the database's, and no name is in both tables.
        let whose = redis::command_of(&words).map_or_else(
            || {
                let name = words.first().copied().unwrap_or_default();
                match commands::find(name) {
                    Some(row) => Whose::Connection(row),
                    None if is_http(name) => Whose::Http,
                    None => Whose::Database(None),
                }
            },
            |command| Whose::Database(Some(command)),
        );
        Self { words, whose }
    }

    /// The command of the database, with its family.
    pub(super) fn listed(&self) -> Option<(Family, &'static Command)> {
        match self.whose {
            Whose::Database(listed) => listed,
            Whose::Connection(_) | Whose::Http => None,
        }
    }

    /// The command of the database.
    pub(super) fn command(&self) -> Option<&'static Command> {
        self.listed().map(|(_, command)| command)
    }

    /// The name of the command in capitals; empty where there is none of it.
    pub(super) fn name(&self) -> &'static str {
        match self.whose {
            Whose::Connection(row) => row.command.name,
            Whose::Database(Some((_, command))) => command.name,
            Whose::Database(None) | Whose::Http => "",
        }
    }

    /// Whether it is the database's.
    pub(super) fn is_of_database(&self) -> bool {
        matches!(self.whose, Whose::Database(_))
    }

    /// Whether it reads under keys that it names, and so waits for nothing.
    pub(super) fn is_look_up(&self) -> bool {
        self.command().is_some_and(|command| command.access == Access::Read && matches!(command.keys, Keys::At { .. }))
    }

    /// Whether it is a look-up that copies one stored value at most.
    pub(super) fn is_prompt(&self) -> bool {
        self.is_look_up() && self.command().is_some_and(Command::is_prompt)
    }

    /// Whether it takes no longer than a small write.
    pub(super) fn is_short(&self) -> bool {
        self.command().is_some_and(Command::is_short)
    }

    /// Whether it does no more than a small read or write, or touches no value at all.
    pub(super) fn is_small(&self) -> bool {
        let touches_nothing = |command: &Command| command.access == Access::Control && command.name != "EXEC";
        self.is_short() || self.is_prompt() || self.command().is_some_and(touches_nothing)
    }

    /// The question in NQL that it asks.
    pub(super) fn question(&self) -> Option<&'b [u8]> {
        redis::question_of(&self.words)
    }

    /// Whether it may wait for a key.
    pub(super) fn may_wait(&self) -> bool {
        self.command().is_some_and(Command::may_wait)
    }

    /// Whether it waits for the end of a pause of writes: it writes, or may carry out others which do.
    pub(super) fn may_write(&self) -> bool {
        self.command().is_some_and(|command| command.access == Access::Write || command.name == "EXEC")
    }

    /// What its caller must be allowed to do.
    pub(super) fn right(&self) -> Right {
        match self.command() {
            Some(command) if command.access == Access::Write => Right::Write,
            Some(command) if command.access == Access::Read && !command.tells_no_content() => Right::Read,
            _ => Right::Verify,
        }
    }
}

impl<'b> AsRef<[&'b [u8]]> for Called<'b> {
    fn as_ref(&self) -> &[&'b [u8]] {
        &self.words
    }
}

fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"Host:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_command_of_both_the_connection_and_the_database() {
        for command in commands::connection_commands() {
            assert!(redis::command(command.name.as_bytes()).is_none(), "{}", command.name);
            assert!(
                matches!(Called::new(vec![command.name.as_bytes()]).whose, Whose::Connection(_)),
                "{}",
                command.name
            );
        }
    }

    #[test]
    fn only_what_copies_one_value_is_prompt() {
        let called = |name: &'static str| Called::new(vec![name.as_bytes(), b"key", b"0", b"1"]);
        for name in ["get", "type", "SISMEMBER", "zscore", "LLEN", "ttl"] {
            assert!(called(name).is_prompt(), "{name}");
        }
        for name in ["smembers", "hget", "mget", "exists", "zcount", "zrank", "lrange", "ZRANGE"] {
            assert!(called(name).is_look_up() && !called(name).is_prompt(), "{name}");
        }
        for name in ["set", "KEYS", "client", "post", "no such"] {
            assert!(!called(name).is_look_up(), "{name}");
        }
    }
}
