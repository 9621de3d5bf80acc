//! The dot commands: their names, their help, and how their words are read.
//!
//! A command is one line: words divided by spaces, quotes keep words together. What is not understood is refused with the
//! usage of the command, and an unknown command with the nearest one. Doing it is left to [`super::action`].

use std::path::PathBuf;

use clap::ValueEnum;
use nedb::{AsOf, Value};
use nedb_nql::{Direction, nearest_word};
use nedb_types::{Error, ErrorCode, Result};

use crate::{parameter, rows::RowFormat};

/// One row of the help.
pub struct Usage {
    /// The name with its dot.
    pub name: &'static str,
    /// What follows the name.
    pub arguments: &'static str,
    /// What it does.
    pub help: &'static str,
}

const fn usage(name: &'static str, arguments: &'static str, help: &'static str) -> Usage {
    Usage { name, arguments, help }
}

/// Every command, in the order of the help.
pub const COMMANDS: &[Usage] = &[
    usage(".asof", "[SEQ|TIME|now]", "ask as of this moment from now on; without a word, say which it is"),
    usage(".history", "COLL ID", "the versions of a document, as HISTORY gives them"),
    usage(".trace", "COLL ID [reverse]", "the versions that led to a document, or those that followed from it"),
    usage(".explain", "QUERY", "how a query is answered, on one line"),
    usage(".tables", "", "the collections and how many documents they have"),
    usage(".fields", "COLL", "the fields of a collection and their types, from a sample"),
    usage(".indexes", "", "the indexes"),
    usage(".param", "set NAME VALUE | unset NAME | list", "the values of $parameters: JSON, or else text"),
    usage(".mode", "table|json|ndjson|csv|line", "how rows are printed"),
    usage(".rows", "N|all", "how many rows of an answer are shown at the terminal"),
    usage(".timer", "on|off", "say how long each answer took"),
    usage(".output", "[FILE]", "write answers to a file; without a word, to the terminal again"),
    usage(".read", "FILE", "run a script"),
    usage(".refresh", "", "look again at what others have written"),
    usage(".help", "[COMMAND]", "this list"),
    usage(".quit", "", "leave, as Ctrl-D does"),
];

/// What a dot command asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    AsOf(Option<AsOf>),
    Explain(String),
    Fields(String),
    Help(Option<String>),
    History { collection: String, id: String },
    Indexes,
    Mode(RowFormat),
    Output(Option<PathBuf>),
    ParamList,
    ParamSet(String, Value),
    ParamUnset(String),
    Quit,
    Read(PathBuf),
    Refresh,
    Rows(Option<u64>),
    Tables,
    Timer(Switch),
    Trace { collection: String, id: String, direction: Direction },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

impl Command {
    /// Reads a command.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let known = find(name)?;
        let read = || match known.name {
            ".explain" => query(rest).map(Self::Explain),
            ".param" => param(rest),
            name => {
                let words = words(rest)?;
                by_words(name, &words.iter().map(String::as_str).collect::<Vec<_>>())
            }
        };
        read().ok_or_else(|| {
            let message = format!("usage: {} {}", known.name, known.arguments);
            Error::new(ErrorCode::InvalidArgument, message.trim_end())
        })
    }
}

/// The row of a command; `.exit` is another word for `.quit`.
pub fn find(name: &str) -> Result<&'static Usage> {
    let name = if name == ".exit" { ".quit" } else { name };
    if let Some(known) = COMMANDS.iter().find(|known| known.name == name) {
        return Ok(known);
    }
    let names: Vec<&str> = COMMANDS.iter().map(|known| known.name).collect();
    let message = match nearest_word(name, &names) {
        Some(near) => format!("there is no command {name}; did you mean {near}?"),
        None => format!("there is no command {name}; .help lists them"),
    };
    Err(Error::new(ErrorCode::InvalidArgument, message))
}

fn by_words(name: &str, words: &[&str]) -> Option<Command> {
    let owned = |word: &&str| (*word).to_owned();
    Some(match (name, words) {
        (".asof", []) => Command::AsOf(None),
        (".asof", ["now"]) => Command::AsOf(Some(AsOf::Head)),
        (".asof", [word]) => Command::AsOf(Some(word.parse().ok()?)),
        (".history", [collection, id]) => Command::History { collection: owned(collection), id: owned(id) },
        (".trace", [collection, id]) => trace(collection, id, Direction::Forward),
        (".trace", [collection, id, "reverse"]) => trace(collection, id, Direction::Reverse),
        (".tables", []) => Command::Tables,
        (".fields", [collection]) => Command::Fields(owned(collection)),
        (".indexes", []) => Command::Indexes,
        (".mode", [word]) => Command::Mode(RowFormat::from_str(word, true).ok()?),
        (".rows", ["all"]) => Command::Rows(None),
        (".rows", [word]) => Command::Rows(Some(word.parse().ok()?)),
        (".timer", ["on"]) => Command::Timer(Switch::On),
        (".timer", ["off"]) => Command::Timer(Switch::Off),
        (".output", []) => Command::Output(None),
        (".output", [file]) => Command::Output(Some(file.into())),
        (".read", [file]) => Command::Read(file.into()),
        (".refresh", []) => Command::Refresh,
        (".help", []) => Command::Help(None),
        (".help", [word]) => Command::Help(Some(format!(".{}", word.trim_start_matches('.')))),
        (".quit", []) => Command::Quit,
        _ => return None,
    })
}

fn trace(collection: &str, id: &str, direction: Direction) -> Command {
    Command::Trace { collection: collection.to_owned(), id: id.to_owned(), direction }
}

fn query(rest: &str) -> Option<String> {
    let text = rest.trim_end_matches(';').trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

fn param(rest: &str) -> Option<Command> {
    let (verb, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (name, value) = (name.trim_start_matches('$'), value.trim());
    match (verb, name.is_empty(), value.is_empty()) {
        ("set", false, false) => Some(Command::ParamSet(name.to_owned(), parameter::value(value))),
        ("unset", false, true) => Some(Command::ParamUnset(name.to_owned())),
        ("list", true, true) => Some(Command::ParamList),
        _ => None,
    }
}

/// Splits at spaces; quotes keep words together. `None` for an open quote.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for sign in text.chars() {
        match (quote, sign) {
            (Some(open), _) if sign == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None, _) if sign.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use nedb_types::Seq;

    use super::*;

    fn message(text: &str) -> String {
        Command::parse(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn commands_read_their_words() {
        let history = |id: &str| Command::History { collection: "users".to_owned(), id: id.to_owned() };
        let cases = [
            (".asof 7", Command::AsOf(Some(AsOf::Seq(Seq::new(7))))),
            (".asof -1", Command::AsOf(Some(AsOf::Empty))),
            (".asof now", Command::AsOf(Some(AsOf::Head))),
            (".asof", Command::AsOf(None)),
            (".history users ada", history("ada")),
            (".history  users  'ada lovelace'", history("ada lovelace")),
            (".trace a b reverse", trace("a", "b", Direction::Reverse)),
            (".explain FROM a WHERE b = 'x y' ;", Command::Explain("FROM a WHERE b = 'x y'".to_owned())),
            (".mode CSV", Command::Mode(RowFormat::Csv)),
            (".param set low {\"a\": 1}", Command::ParamSet("low".to_owned(), parameter::value("{\"a\": 1}"))),
            (".param set $who Ada Lovelace", Command::ParamSet("who".to_owned(), Value::from("Ada Lovelace"))),
            (".param list", Command::ParamList),
            (".rows all", Command::Rows(None)),
            (".help mode", Command::Help(Some(".mode".to_owned()))),
            (".exit", Command::Quit),
        ];
        for (text, expected) in cases {
            assert_eq!(Command::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_command_names_the_nearest() {
        assert_eq!(message(".tabels"), "there is no command .tabels; did you mean .tables?");
        assert_eq!(message(".histroy a b"), "there is no command .histroy; did you mean .history?");
        assert_eq!(message(".xyzzy"), "there is no command .xyzzy; .help lists them");
    }

    #[test]
    fn wrong_words_are_answered_with_the_usage() {
        assert_eq!(message(".mode pie"), "usage: .mode table|json|ndjson|csv|line");
        for wrong in [
            ".asof yesterday",
            ".history a",
            ".history a 'b",
            ".timer",
            ".param",
            ".param set a",
            ".explain ;",
            ".quit now",
        ] {
            assert!(message(wrong).starts_with("usage: ."), "{wrong}");
        }
    }

    #[test]
    fn every_command_of_the_help_can_be_given() {
        let examples = [
            ".asof",
            ".history a b",
            ".trace a b",
            ".explain FROM a",
            ".tables",
            ".fields a",
            ".indexes",
            ".param list",
            ".mode csv",
            ".rows 5",
            ".timer on",
            ".output",
            ".read a",
            ".refresh",
            ".help",
            ".quit",
        ];
        for (known, example) in COMMANDS.iter().zip(examples) {
            assert!(example.starts_with(known.name) && Command::parse(example).is_ok(), "{example}");
        }
        assert_eq!(COMMANDS.len(), examples.len());
    }
}
