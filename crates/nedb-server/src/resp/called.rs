//! Calls of a connection with whose they are: each is looked up once.

use nedb_compat::redis::{self, Access, Command, Keys};

use super::commands::{self, Row};
use crate::rights::Right;

/// Commands that read and write what their own words name, and little else.
const SHORT: &[&str] = &[
    "SET",
    "INCR",
    "HSET",
    "LPUSH",
    "RPUSH",
    "SADD",
    "ZADD",
    "DECR",
    "INCRBY",
    "DECRBY",
    "INCRBYFLOAT",
    "SETNX",
    "HINCRBY",
    "HSETNX",
    "HDEL",
    "SREM",
    "ZREM",
    "ZINCRBY",
    "LPUSHX",
    "RPUSHX",
];

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
    Database(Option<&'static Command>),
}

impl<'b> Called<'b> {
    pub(super) fn new(words: Vec<&'b [u8]>) -> Self {
        let name = words.first().copied().unwrap_or_default();
        let whose = if let Some(row) = commands::find(name) {
            Whose::Connection(row)
        } else if is_http(name) {
            Whose::Http
        } else {
            Whose::Database(redis::command_of(&words))
        };
        Self { words, whose }
    }

    /// The command of the database.
    pub(super) fn command(&self) -> Option<&'static Command> {
        match self.whose {
            Whose::Database(command) => command,
            Whose::Connection(_) | Whose::Http => None,
        }
    }

    /// The name of the command in capitals; empty where there is none of it.
    pub(super) fn name(&self) -> &'static str {
        match self.whose {
            Whose::Connection(row) => row.command.name,
            Whose::Database(Some(command)) => command.name,
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

    /// Whether it takes no longer than a small write. What Redis calls fast is more: DBSIZE and SPOP read all there is, and APPEND writes all of it.
    pub(super) fn is_short(&self) -> bool {
        SHORT.contains(&self.name())
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

fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"Host:")
}

#[cfg(test)]
mod tests {
    use super::*;

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
