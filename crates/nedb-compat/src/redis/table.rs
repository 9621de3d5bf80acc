//! The table of commands: what each is called, how it is called, and what carries it out.
//!
//! Promises: a command exists when it has a row here, and only then; dispatch, arity, the keys to lock, the commands that
//! NEDB.ASOF and MULTI admit and the documentation all follow from its row. Each family of commands has its rows and its
//! functions in a file of its own.

use std::fmt::Write as _;
use std::sync::LazyLock;

use hashbrown::HashMap;
use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::commands::Commands;
use super::reply::Reply;
use super::tx::Tx;
use super::waiting::{Asked, Outcome};
use super::{
    bits, command_info, connection, dump, expiry, hashes, keys, lcs, list_pops, lists, messages, object, own, refused,
    scripts, sets, sort, sorted_sets, streams, strings, transactions,
};

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
    /// Entries in the order in which they came, and groups that read them.
    Streams,
    /// Keys of any type, and lifetimes.
    Keys,
    /// Single bits of strings, and integers made of them.
    Bits,
    /// Several commands as one.
    Transactions,
    /// Programs in Lua.
    Scripts,
    /// Channels.
    Messages,
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
            Self::Streams => "Streams",
            Self::Keys => "Keys",
            Self::Bits => "Bits",
            Self::Transactions => "Transactions",
            Self::Scripts => "Scripts",
            Self::Messages => "Messages",
            Self::Connection => "Connection",
            Self::Nedb => "NEDB",
        }
    }

    /// The name that COMMAND DOCS gives to the family.
    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::Strings => "string",
            Self::Hashes => "hash",
            Self::Lists => "list",
            Self::Sets => "set",
            Self::SortedSets => "sorted-set",
            Self::Streams => "stream",
            Self::Keys => "generic",
            Self::Bits => "bitmap",
            Self::Transactions => "transactions",
            Self::Scripts => "scripting",
            Self::Messages => "pubsub",
            Self::Connection => "connection",
            Self::Nedb => "nedb",
        }
    }

    /// The category of access rules for the family, where Redis has one.
    pub(super) const fn category(self) -> Option<&'static str> {
        Some(match self {
            Self::Strings => "@string",
            Self::Hashes => "@hash",
            Self::Lists => "@list",
            Self::Sets => "@set",
            Self::SortedSets => "@sortedset",
            Self::Streams => "@stream",
            Self::Keys => "@keyspace",
            Self::Bits => "@bitmap",
            Self::Transactions => "@transaction",
            Self::Scripts => "@scripting",
            Self::Messages => "@pubsub",
            Self::Connection => "@connection",
            Self::Nedb => return None,
        })
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

/// How a command is carried out.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// Within a transaction.
    Data(fn(&mut Tx<'_>, Args<'_>) -> Result<Reply>),
    /// Within a transaction, again and again until there is something.
    Blocking(fn(&mut Tx<'_>, Args<'_>, Asked) -> Result<Outcome>),
    /// By the engine, outside of any transaction; not within MULTI.
    Engine(fn(&Commands, Args<'_>) -> Result<Reply>),
    /// The same; its session knows how it was answered.
    Question(fn(&Commands, Args<'_>) -> Result<own::Found>),
    /// By the engine alone, and within MULTI as a part of its transaction.
    Either { alone: fn(&Commands, Args<'_>) -> Result<Reply>, within: fn(&mut Tx<'_>, Args<'_>) -> Result<Reply> },
    /// By the session, which knows them by name.
    Session,
    /// By whoever has the connections.
    Connection,
}

/// One row of the table.
///
/// ```
/// use nedb_compat::redis::command;
/// let get = command(b"get").expect("it exists");
/// assert_eq!((get.name, get.arity, get.since), ("GET", 2, "1.0.0"));
/// ```
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of the row, and they combine")]
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
    /// How it is called and, behind a bar, one sentence on what it does.
    pub(super) summary: &'static str,
    pub(super) handler: Handler,
    /// What the words of a call must fulfil beyond their number: those of a command with subcommands.
    pub(super) check: fn(Args<'_>) -> Result<()>,
    is_fast: bool,
    is_prompt: bool,
    is_short: bool,
    may_grow: bool,
    is_for_scripts: bool,
    /// Whether it may touch other keys than those it names.
    goes_beyond_its_keys: bool,
    /// Whether what it tells shows that the history is whole, and nothing that is in it.
    tells_no_content: bool,
    /// The family of a command that is not in the table.
    family: Option<Family>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Command").field("name", &self.name).field("arity", &self.arity).finish_non_exhaustive()
    }
}

impl Command {
    /// Begins the row of a command that reads values.
    pub(super) const fn read(name: &'static str, arity: i32, keys: Keys, handler: Handler) -> Self {
        Self::new(name, arity, Access::Read, keys, handler)
    }

    /// Begins the row of a command that may change values.
    pub(super) const fn write(name: &'static str, arity: i32, keys: Keys, handler: Handler) -> Self {
        Self::new(name, arity, Access::Write, keys, handler)
    }

    /// Begins the row of a command that touches no value.
    pub(super) const fn control(name: &'static str, arity: i32, handler: Handler) -> Self {
        Self::new(name, arity, Access::Control, Keys::None, handler)
    }

    /// Makes the row of a command that whoever has the connections carries out: COMMAND tells of it where it is among those that
    /// [`Setup`](super::Setup) names, and nothing else here knows it. `says` is how it is called and, behind a bar, what it does.
    ///
    /// ```
    /// use nedb_compat::redis::{Command, Family};
    /// const QUIT: Command = Command::of_connection(Family::Connection, ("QUIT", -1), "1.0.0", "QUIT | Ends the connection.");
    /// assert_eq!((QUIT.synopsis(), QUIT.flags()), ("QUIT", vec!["noscript"]));
    /// ```
    pub const fn of_connection(
        family: Family,
        (name, arity): (&'static str, i32),
        since: &'static str,
        says: &'static str,
    ) -> Self {
        let mut row = Self::control(name, arity, Handler::Connection).not_in_scripts().says(since, says);
        row.family = Some(family);
        row
    }

    const fn new(name: &'static str, arity: i32, access: Access, keys: Keys, handler: Handler) -> Self {
        let (since, summary) = ("", "");
        let check: fn(Args<'_>) -> Result<()> = |_args| Ok(());
        Self {
            name,
            arity,
            access,
            keys,
            since,
            summary,
            handler,
            check,
            is_fast: false,
            is_prompt: false,
            is_short: false,
            may_grow: false,
            is_for_scripts: true,
            goes_beyond_its_keys: false,
            tells_no_content: false,
            family: None,
        }
    }

    /// Sets what the words of a call must fulfil.
    pub(super) const fn checked_by(mut self, check: fn(Args<'_>) -> Result<()>) -> Self {
        self.check = check;
        self
    }

    /// Marks a command that Redis calls fast.
    ///
    /// ```
    /// use nedb_compat::redis::{Command, Family};
    /// let row = Command::of_connection(Family::Connection, ("AUTH", -2), "1.0.0", "AUTH token | Says who one is.").fast();
    /// assert_eq!(row.flags(), ["fast", "noscript"]);
    /// ```
    #[must_use]
    pub const fn fast(mut self) -> Self {
        self.is_fast = true;
        self
    }

    /// Marks a command that Redis calls fast and that does no more than copy one stored value.
    pub(super) const fn prompt(mut self) -> Self {
        self.is_prompt = true;
        self.fast()
    }

    /// Marks a command that reads and writes what its own words name, and little else. What Redis calls fast is more: DBSIZE and SPOP read all
    /// there is, and APPEND writes all of it.
    pub(super) const fn short(mut self) -> Self {
        self.is_short = true;
        self
    }

    /// Marks a command that may make values larger.
    pub(super) const fn grows(mut self) -> Self {
        self.may_grow = true;
        self
    }

    /// Marks a command that scripts may not call.
    pub(super) const fn not_in_scripts(mut self) -> Self {
        self.is_for_scripts = false;
        self
    }

    /// Marks a command that may touch other keys than those it names.
    pub(super) const fn beyond_its_keys(mut self) -> Self {
        self.goes_beyond_its_keys = true;
        self
    }

    /// Marks a command that reads and tells no content.
    pub(super) const fn without_content(mut self) -> Self {
        self.tells_no_content = true;
        self
    }

    /// Whether what it tells shows that the history is whole, and nothing that is in it.
    ///
    /// ```
    /// let tells_none = |name: &[u8]| nedb_compat::redis::command(name).map(|command| command.tells_no_content());
    /// assert_eq!((tells_none(b"NEDB.PROOF"), tells_none(b"NEDB.HISTORY")), (Some(true), Some(false)));
    /// ```
    pub fn tells_no_content(&self) -> bool {
        self.tells_no_content
    }

    /// Whether notifications tell of keys that it looks for and does not find: those that it reads, but for what OBJECT tells of them.
    pub(super) fn tells_missing(&self) -> bool {
        self.access == Access::Read && self.name != "OBJECT"
    }

    /// Whether it takes the turns of all keys when it writes.
    pub(super) fn is_on_every_key(&self) -> bool {
        self.keys == Keys::Every || self.goes_beyond_its_keys
    }

    /// Whether scripts may call it.
    #[cfg_attr(not(feature = "lua"), expect(dead_code, reason = "only the machine asks for it"))]
    pub(super) fn is_for_scripts(&self) -> bool {
        self.is_for_scripts && !matches!(self.handler, Handler::Session | Handler::Engine(_) | Handler::Question(_))
    }

    /// Says which words are keys.
    pub(super) const fn on(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Completes the row.
    pub(super) const fn says(mut self, since: &'static str, summary: &'static str) -> Self {
        (self.since, self.summary) = (since, summary);
        self
    }

    /// The family that it belongs to.
    ///
    /// ```
    /// use nedb_compat::redis::{Family, command};
    /// assert_eq!(command(b"hget").and_then(|command| command.family()), Some(Family::Hashes));
    /// ```
    pub fn family(&self) -> Option<Family> {
        self.family.or_else(|| row(self.name.as_bytes()).map(|(family, _)| *family))
    }

    /// Whether a call does no more than copy one stored value, however large the database is: who serves many may do it in between.
    ///
    /// ```
    /// let is_prompt = |name: &[u8]| nedb_compat::redis::command(name).map(|command| command.is_prompt());
    /// assert_eq!((is_prompt(b"GET"), is_prompt(b"ZCOUNT")), (Some(true), Some(false)));
    /// ```
    pub fn is_prompt(&self) -> bool {
        self.is_prompt
    }

    /// Whether a call reads and writes what its own words name, and little else: it takes no longer than a small write.
    ///
    /// ```
    /// let is_short = |name: &[u8]| nedb_compat::redis::command(name).map(|command| command.is_short());
    /// assert_eq!((is_short(b"LPUSH"), is_short(b"APPEND")), (Some(true), Some(false)));
    /// ```
    pub fn is_short(&self) -> bool {
        self.is_short
    }

    /// Whether a call may wait for a key: one that a session attempts instead of executing it.
    pub fn may_wait(&self) -> bool {
        matches!(self.handler, Handler::Blocking(_))
    }

    /// How it is called, with `\|` between words of which one is given: a cell of a table.
    ///
    /// ```
    /// assert_eq!(nedb_compat::redis::command(b"ECHO").map(|command| command.synopsis()), Some("ECHO message"));
    /// ```
    pub fn synopsis(&self) -> &'static str {
        self.summary.split_once(" | ").map_or(self.name, |(synopsis, _)| synopsis)
    }

    /// One sentence on what it does.
    pub fn does(&self) -> &'static str {
        self.summary.split_once(" | ").map_or(self.summary, |(_, does)| does)
    }

    /// What `HELP` behind its name answers: how its subcommands are called. Those stand in the synopsis with spaces around the bar.
    ///
    /// ```
    /// use nedb_compat::redis::{Reply, command};
    /// let help = command(b"COMMAND").and_then(|command| command.help());
    /// assert!(matches!(help, Some(Reply::Array(lines)) if lines.contains(&Reply::Simple("COUNT".into()))));
    /// assert!(command(b"GET").is_some_and(|command| command.help().is_none()));
    /// ```
    pub fn help(&self) -> Option<Reply> {
        let calls = self.synopsis().strip_prefix(self.name)?.trim_start();
        let calls = calls.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(calls);
        let subcommands: Vec<&str> = calls.split(" \\| ").collect();
        if !subcommands.contains(&"HELP") {
            return None;
        }
        let head = format!("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", self.name);
        let lines = subcommands.iter().map(|call| call.replace("\\|", "|"));
        let lines = std::iter::once(head).chain(lines).chain(["    Prints this help.".to_owned()]);
        Some(Reply::Array(lines.map(|line| Reply::Simple(line.into())).collect()))
    }

    /// The flags that COMMAND INFO gives, as far as they speak of commands: `readonly` `write` `denyoom` `fast` `blocking`
    /// `noscript` `movablekeys`. Those that speak of a server's state are not among them.
    ///
    /// ```
    /// let flags = nedb_compat::redis::command(b"BLPOP").map(|command| command.flags());
    /// assert_eq!(flags, Some(vec!["write", "blocking", "noscript"]));
    /// ```
    pub fn flags(&self) -> Vec<&'static str> {
        let of = self.family();
        // What a script or a message writes is no matter of the call, as Redis tells it.
        let is_told = !matches!(of, Some(Family::Scripts | Family::Messages));
        let flags = [
            ("readonly", self.access == Access::Read),
            ("write", self.access == Access::Write && is_told),
            ("pubsub", of == Some(Family::Messages)),
            ("denyoom", self.may_grow),
            ("fast", self.is_fast),
            ("blocking", self.may_wait()),
            ("noscript", !self.is_for_scripts || matches!(self.handler, Handler::Session)),
            ("movablekeys", self.keys.are_movable()),
        ];
        flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag).collect()
    }

    /// Whether a call with so many words, the name included, has the right number.
    ///
    /// ```
    /// assert_eq!(nedb_compat::redis::command(b"GET").map(|get| (get.takes(2), get.takes(3))), Some((true, false)));
    /// ```
    pub fn takes(&self, words: usize) -> bool {
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
    (Family::Strings, lcs::COMMANDS),
    (Family::Hashes, hashes::COMMANDS),
    (Family::Lists, lists::COMMANDS),
    (Family::Lists, list_pops::COMMANDS),
    (Family::Sets, sets::COMMANDS),
    (Family::SortedSets, sorted_sets::COMMANDS),
    (Family::Streams, streams::COMMANDS),
    (Family::Keys, keys::COMMANDS),
    (Family::Keys, sort::COMMANDS),
    (Family::Keys, object::COMMANDS),
    (Family::Keys, dump::COMMANDS),
    (Family::Keys, expiry::COMMANDS),
    (Family::Bits, bits::COMMANDS),
    (Family::Transactions, transactions::COMMANDS),
    (Family::Scripts, scripts::COMMANDS),
    (Family::Messages, messages::COMMANDS),
    (Family::Connection, connection::COMMANDS),
    (Family::Connection, command_info::COMMANDS),
    (Family::Nedb, own::COMMANDS),
];

/// No name is longer.
const NAME_BYTES_MAX: usize = 24;

static BY_NAME: LazyLock<HashMap<&'static [u8], (Family, &'static Command)>> = LazyLock::new(|| {
    let rows = |(family, commands): &(Family, &'static [Command])| {
        let family = *family;
        commands.iter().map(move |command| (command.name.as_bytes(), (family, command)))
    };
    FAMILIES.iter().flat_map(rows).collect()
});

/// The row of a name in whatever case, with its family. Every call of a client comes by here, so nothing is allocated.
fn row(name: &[u8]) -> Option<&'static (Family, &'static Command)> {
    let mut capitals = [0; NAME_BYTES_MAX];
    let capitals = capitals.get_mut(..name.len())?;
    capitals.copy_from_slice(name);
    capitals.make_ascii_uppercase();
    BY_NAME.get(&*capitals)
}

/// The command of a name in whatever case.
pub fn command(name: &[u8]) -> Option<&'static Command> {
    row(name).map(|(_, command)| *command)
}

/// The command that a call means, with its family: that of its name, but for an EVAL with a question in NQL, which only reads.
///
/// ```
/// use nedb_compat::redis::{Access, Family, command_of};
/// let access = |words: &[&[u8]]| command_of(words).map(|(family, command)| (family, command.access));
/// assert_eq!(access(&[b"EVAL", b"FROM user", b"0"]), Some((Family::Scripts, Access::Read)));
/// assert_eq!(access(&[b"EVAL", b"return 1", b"0"]), Some((Family::Scripts, Access::Write)));
/// ```
pub fn command_of(words: &[&[u8]]) -> Option<(Family, &'static Command)> {
    match words {
        [name, text, ..] if own::is_question(name, text) => Some((Family::Scripts, own::QUESTION)),
        [name, ..] => row(name).copied(),
        [] => None,
    }
}

/// The question in NQL that a call asks, with EVAL or NEDB.QUERY.
///
/// ```
/// use nedb_compat::redis::question_of;
/// assert_eq!(question_of(&[b"EVAL", b"FROM user", b"0"]), Some(b"FROM user".as_slice()));
/// assert_eq!(question_of(&[b"EVAL", b"return 1", b"0"]), None);
/// ```
pub fn question_of<'w>(words: &[&'w [u8]]) -> Option<&'w [u8]> {
    let [name, text, ..] = words else { return None };
    (own::is_question(name, text) || name.eq_ignore_ascii_case(b"NEDB.QUERY")).then_some(text)
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
            let (synopsis, does) = (command.synopsis(), command.does());
            let since = if command.since.is_empty() { "–" } else { command.since };
            line(&mut page, format_args!("| `{synopsis}` | {since} | {does} |"));
        }
    }
    line(&mut page, format_args!("\n### Refused by name\n\n| because | commands |\n|---|---|"));
    for (reason, names) in refused::REFUSED {
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
            assert!(refused::reason(row.name.as_bytes()).is_none(), "{} is there and refused", row.name);
            assert_eq!(command(row.name.to_ascii_lowercase().as_bytes()).map(|found| found.name), Some(row.name));
        }
    }
}
