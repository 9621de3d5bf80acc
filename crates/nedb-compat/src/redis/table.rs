//! The table of commands: what each is called, how it is called, and what carries it out.
//!
//! Promises: a command exists when it has a row here, and only then; dispatch, arity, the keys to lock, the commands that
//! NEDB.ASOF and MULTI admit and the documentation all follow from its row. Each family of commands has its rows and its
//! functions in a file of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use nedb::Result;

use super::args::Args;
use super::commands::Commands;
use super::number;
use super::reply::Reply;
use super::tx::Tx;
use super::{connection, expiry, hashes, keys, lists, own, sets, sorted_sets, strings, transactions};

/// A family of commands: the type of value they are for, or their purpose.
///
/// ```
/// assert_eq!(nedb_compat::redis::Family::SortedSets.title(), "Sorted sets");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// Byte strings and counters.
    Strings,
    /// Fields under a key.
    Hashes,
    /// Sequences.
    Lists,
    /// Members without an order.
    Sets,
    /// Members in the order of their scores.
    SortedSets,
    /// Keys of any type, and lifetimes.
    Keys,
    /// Several commands as one.
    Transactions,
    /// The connection itself.
    Connection,
    /// What NEDB has and Redis has not.
    Nedb,
}

impl Family {
    /// The heading under which the documentation lists the family.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Strings => "Strings",
            Self::Hashes => "Hashes",
            Self::Lists => "Lists",
            Self::Sets => "Sets",
            Self::SortedSets => "Sorted sets",
            Self::Keys => "Keys",
            Self::Transactions => "Transactions",
            Self::Connection => "Connection",
            Self::Nedb => "NEDB",
        }
    }
}

/// What a command may do.
///
/// ```
/// use nedb_compat::redis::{Access, command};
/// assert_eq!(command(b"lpush").map(|command| command.access), Some(Access::Write));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It reads values.
    Read,
    /// It may change values.
    Write,
    /// It touches no value.
    Control,
}

/// Which of the words behind a command's name are keys.
///
/// ```
/// use nedb_compat::redis::command;
/// let keys = command(b"MSET").expect("it exists").keys;
/// assert_eq!(keys.of(&[b"a", b"1", b"b", b"2"]), [b"a", b"b"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keys {
    /// None.
    None,
    /// None by name: the command looks at all keys there are.
    Every,
    /// Those at these positions, counted from 1 as Redis does; a negative last one counts from the end.
    At {
        /// The first key.
        first: usize,
        /// The last key.
        last: isize,
        /// The distance from one to the next.
        step: usize,
    },
    /// As many as the word at this position says, behind it; with a key before that when the position is above 1.
    Numbered {
        /// The position of the number, counted from 1.
        at: usize,
    },
}

impl Keys {
    pub(super) const ONE: Self = Self::At { first: 1, last: 1, step: 1 };
    pub(super) const TWO: Self = Self::At { first: 1, last: 2, step: 1 };
    pub(super) const ALL: Self = Self::At { first: 1, last: -1, step: 1 };
    pub(super) const PAIRS: Self = Self::At { first: 1, last: -1, step: 2 };

    /// The keys among the words behind a command's name.
    pub fn of<'w>(self, words: &[&'w [u8]]) -> Vec<&'w [u8]> {
        match self {
            Self::None | Self::Every => Vec::new(),
            Self::At { first, last, step } => {
                let end = if last < 0 { words.len().saturating_add_signed(last + 1) } else { last.unsigned_abs() };
                let named = words.get(first.saturating_sub(1)..end.min(words.len())).unwrap_or_default();
                named.iter().step_by(step.max(1)).copied().collect()
            }
            Self::Numbered { at } => {
                let number = words.get(at - 1).and_then(|word| number::integer(word)).unwrap_or_default();
                let number = usize::try_from(number).unwrap_or_default();
                let before = words.iter().take(at - 1);
                before.chain(words.iter().skip(at).take(number)).copied().collect()
            }
        }
    }
}

/// How a command is carried out.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Within a transaction.
    Data(fn(&mut Tx<'_>, Args<'_>) -> Result<Reply>),
    /// By the engine, outside of any transaction; not within MULTI.
    Engine(fn(&Commands, Args<'_>) -> Result<Reply>),
    /// By the session, which knows them by name.
    Session,
}

/// One row of the table.
///
/// ```
/// use nedb_compat::redis::command;
/// let get = command(b"get").expect("it exists");
/// assert_eq!((get.name, get.arity, get.since), ("GET", 2, "1.0.0"));
/// ```
pub struct Command {
    /// Its name in capitals.
    pub name: &'static str,
    /// The number of words of a call with the name; negative when there may be more.
    pub arity: i32,
    /// What it may do.
    pub access: Access,
    /// Where its keys stand.
    pub keys: Keys,
    /// The version of Redis that brought it; empty for NEDB's own.
    pub since: &'static str,
    /// One sentence on what it does.
    pub summary: &'static str,
    pub(super) handler: Handler,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Command").field("name", &self.name).field("arity", &self.arity).finish_non_exhaustive()
    }
}

impl Command {
    /// Begins the row of a command that reads values.
    pub(super) const fn read(name: &'static str, arity: i32, keys: Keys, handler: Handler) -> Self {
        Self { name, arity, access: Access::Read, keys, since: "", summary: "", handler }
    }

    /// Begins the row of a command that may change values.
    pub(super) const fn write(name: &'static str, arity: i32, keys: Keys, handler: Handler) -> Self {
        Self { name, arity, access: Access::Write, keys, since: "", summary: "", handler }
    }

    /// Begins the row of a command that touches no value.
    pub(super) const fn control(name: &'static str, arity: i32, handler: Handler) -> Self {
        Self { name, arity, access: Access::Control, keys: Keys::None, since: "", summary: "", handler }
    }

    /// Completes the row.
    pub(super) const fn says(mut self, since: &'static str, summary: &'static str) -> Self {
        (self.since, self.summary) = (since, summary);
        self
    }

    /// Whether a call with so many words, the name included, has the right number.
    pub(super) fn takes(&self, words: usize) -> bool {
        let wanted = usize::try_from(self.arity.unsigned_abs()).unwrap_or(usize::MAX);
        if self.arity < 0 { words >= wanted } else { words == wanted }
    }
}

/// All commands, family by family.
///
/// ```
/// use nedb_compat::redis::{FAMILIES, Family};
/// let strings = FAMILIES.iter().find(|(family, _)| *family == Family::Strings);
/// let names: Vec<&str> = strings.expect("there are strings").1.iter().map(|command| command.name).collect();
/// assert!(names.contains(&"GETDEL"));
/// ```
pub const FAMILIES: &[(Family, &[Command])] = &[
    (Family::Strings, strings::COMMANDS),
    (Family::Hashes, hashes::COMMANDS),
    (Family::Lists, lists::COMMANDS),
    (Family::Sets, sets::COMMANDS),
    (Family::SortedSets, sorted_sets::COMMANDS),
    (Family::Keys, keys::COMMANDS),
    (Family::Keys, expiry::COMMANDS),
    (Family::Transactions, transactions::COMMANDS),
    (Family::Connection, connection::COMMANDS),
    (Family::Nedb, own::COMMANDS),
];

static BY_NAME: LazyLock<BTreeMap<&'static str, &'static Command>> = LazyLock::new(|| {
    let commands = FAMILIES.iter().flat_map(|(_, commands)| commands.iter());
    commands.map(|command| (command.name, command)).collect()
});

/// The command of a name in whatever case.
pub fn command(name: &[u8]) -> Option<&'static Command> {
    let name = std::str::from_utf8(name).ok()?.to_ascii_uppercase();
    BY_NAME.get(name.as_str()).copied()
}

/// Commands of Redis that are refused by name, and why.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "messages are for connections, not for a database in process",
        &[
            "PUBLISH",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "PSUBSCRIBE",
            "PUNSUBSCRIBE",
            "SSUBSCRIBE",
            "SUNSUBSCRIBE",
            "SPUBLISH",
            "PUBSUB",
            "MONITOR",
        ],
    ),
    (
        "nobody can be waited for in process",
        &["BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF"],
    ),
    (
        "streams are not supported; the change feed of the database is one",
        &[
            "XADD",
            "XREAD",
            "XREADGROUP",
            "XLEN",
            "XRANGE",
            "XREVRANGE",
            "XDEL",
            "XTRIM",
            "XACK",
            "XGROUP",
            "XINFO",
            "XCLAIM",
            "XAUTOCLAIM",
            "XPENDING",
            "XSETID",
        ],
    ),
    ("scripts are not supported", &["EVALSHA", "EVAL_RO", "EVALSHA_RO", "SCRIPT", "FCALL", "FCALL_RO", "FUNCTION"]),
    (
        "bits of strings are not supported",
        &["SETBIT", "GETBIT", "BITCOUNT", "BITOP", "BITPOS", "BITFIELD", "BITFIELD_RO"],
    ),
    ("cardinality estimates are not supported", &["PFADD", "PFCOUNT", "PFMERGE"]),
    (
        "places on earth are not supported",
        &[
            "GEOADD",
            "GEODIST",
            "GEOHASH",
            "GEOPOS",
            "GEORADIUS",
            "GEORADIUS_RO",
            "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO",
            "GEOSEARCH",
            "GEOSEARCHSTORE",
        ],
    ),
    ("values are not sorted by other keys; ORDER BY of NQL sorts documents", &["SORT", "SORT_RO"]),
    (
        "values have no form outside of the database but documents; nedb export writes these",
        &["DUMP", "RESTORE", "MIGRATE"],
    ),
    ("values have no encodings, idle times or reference counts", &["OBJECT"]),
    ("texts are not compared with each other", &["LCS"]),
    ("it is an old name of GETRANGE", &["SUBSTR"]),
    ("LPOP and RPOP in a transaction do it", &["LMPOP"]),
    (
        "other commands on sorted sets do it in a transaction",
        &[
            "ZMPOP",
            "ZRANDMEMBER",
            "ZUNION",
            "ZINTER",
            "ZDIFF",
            "ZDIFFSTORE",
            "ZINTERCARD",
            "ZRANGESTORE",
            "ZLEXCOUNT",
            "ZREMRANGEBYLEX",
        ],
    ),
    (
        "a field has no lifetime of its own: a hash is a document, and that expires as one",
        &[
            "HEXPIRE",
            "HPEXPIRE",
            "HEXPIREAT",
            "HPEXPIREAT",
            "HEXPIRETIME",
            "HPEXPIRETIME",
            "HTTL",
            "HPTTL",
            "HPERSIST",
            "HGETEX",
            "HSETEX",
        ],
    ),
    ("HGET and HDEL in one transaction do it", &["HGETDEL"]),
    ("one database is opened at a time", &["SELECT", "MOVE", "SWAPDB", "FLUSHALL"]),
    (
        "there is no server",
        &[
            "AUTH",
            "HELLO",
            "QUIT",
            "RESET",
            "CLIENT",
            "COMMAND",
            "CONFIG",
            "INFO",
            "DEBUG",
            "LATENCY",
            "MEMORY",
            "MODULE",
            "SLOWLOG",
            "ACL",
            "CLUSTER",
            "READONLY",
            "READWRITE",
            "ASKING",
            "FAILOVER",
            "REPLICAOF",
            "SLAVEOF",
            "ROLE",
            "PSYNC",
            "SYNC",
            "SHUTDOWN",
            "SAVE",
            "BGSAVE",
            "BGREWRITEAOF",
            "LASTSAVE",
            "TIME",
            "LOLWUT",
        ],
    ),
];

/// Why a command of Redis is refused, for those that are refused by name.
pub(super) fn reason_for_refusing(name: &[u8]) -> Option<&'static str> {
    let is_named = |names: &&[&str]| names.iter().any(|refused| refused.as_bytes().eq_ignore_ascii_case(name));
    REFUSED.iter().find(|(_, names)| is_named(names)).map(|(reason, _)| *reason)
}

/// The generated part of `docs/redis.md`: every command by family, then what is refused.
///
/// ```
/// assert!(nedb_compat::redis::commands_markdown().contains("| `GETDEL key` |"));
/// ```
pub fn commands_markdown() -> String {
    let mut page = String::new();
    let mut last = None;
    for (family, commands) in FAMILIES {
        if last != Some(*family) {
            let title = family.title();
            line(&mut page, format_args!("\n### {title}\n\n| command | Redis | does |\n|---|---|---|"));
            last = Some(*family);
        }
        for command in *commands {
            let (synopsis, does) = command.summary.split_once(" | ").unwrap_or((command.name, command.summary));
            let since = if command.since.is_empty() { "–" } else { command.since };
            line(&mut page, format_args!("| `{synopsis}` | {since} | {does} |"));
        }
    }
    line(&mut page, format_args!("\n### Refused by name\n\n| because | commands |\n|---|---|"));
    for (reason, names) in REFUSED {
        line(&mut page, format_args!("| {reason} | {} |", names.join(" ")));
    }
    page
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail; the result says so only to satisfy the trait.
    let written = writeln!(page, "{text}");
    debug_assert!(written.is_ok(), "a String takes every line");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_one_row_with_its_words() {
        let commands: Vec<&Command> = FAMILIES.iter().flat_map(|(_, commands)| commands.iter()).collect();
        assert_eq!(commands.len(), BY_NAME.len(), "no name twice");
        for row in commands {
            let (synopsis, does) = row.summary.split_once(" | ").expect("a call and what it does");
            assert!(synopsis.starts_with(row.name), "{synopsis}");
            assert!(does.ends_with('.') && row.arity != 0, "{}", row.name);
            assert!(reason_for_refusing(row.name.as_bytes()).is_none(), "{} is there and refused", row.name);
            assert_eq!(command(row.name.to_ascii_lowercase().as_bytes()).map(|found| found.name), Some(row.name));
        }
    }

    #[test]
    fn keys_are_found_where_the_table_says() {
        let words: [&[u8]; 5] = [b"2", b"a", b"b", b"c", b"d"];
        assert_eq!(Keys::Numbered { at: 1 }.of(&words), [b"a", b"b"]);
        assert_eq!(Keys::ALL.of(&words).len(), 5);
        assert_eq!(Keys::PAIRS.of(&words), [b"2", b"b", b"d"]);
        assert_eq!(Keys::ONE.of(&[]), Vec::<&[u8]>::new());
    }
}
