//! COMMAND: the table of commands as Redis tells it to its clients.
//!
//! All of it follows from the rows: those of the table, and those of whoever has the connections. Key specifications, arguments and subcommands, which some clients read for hints, are left empty.

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::glob;
use super::refusal::{refused, syntax, unsupported, wrong_arity};
use super::reply::Reply;
use super::table::{self, Access, Command, FAMILIES, Family, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[Command::control("COMMAND", -1, Handler::Data(tell)).checked_by(check).says(
    "2.8.13",
    "COMMAND [COUNT \\| DOCS [name ...] \\| INFO [name ...] \\| LIST [FILTERBY PATTERN pattern] \\| GETKEYS command [word ...] \\| HELP] | Tells which commands there are, and what is known of them.",
)];

fn check(args: Args<'_>) -> Result<()> {
    let subcommand = args.at(0).to_ascii_lowercase();
    let is_right = match subcommand.as_slice() {
        b"" => args.len() == 0,
        b"count" | b"help" => args.len() == 1,
        b"getkeys" => args.len() > 2,
        b"info" | b"docs" | b"list" => true,
        _ => {
            let word = String::from_utf8_lossy(args.at(0));
            return Err(refused(format!("ERR unknown subcommand '{word}'. Try COMMAND HELP.")));
        }
    };
    if is_right { Ok(()) } else { Err(wrong_arity(&format!("command|{}", String::from_utf8_lossy(&subcommand)))) }
}

fn tell(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let (tx, find) = (&*tx, |name: &&[u8]| find(tx, name));
    match (args.at(0).to_ascii_lowercase().as_slice(), args.from(1)) {
        (b"" | b"info", []) => Ok(Reply::Array(all(tx).map(info).collect())),
        (b"info", names) => {
            Ok(Reply::Array(names.iter().map(|name| find(name).map_or(Reply::NilArray, info)).collect()))
        }
        (b"count", _) => Ok(Reply::count(all(tx).count())),
        (b"help", _) => COMMANDS.first().and_then(Command::help).ok_or_else(syntax),
        (b"docs", []) => Ok(Reply::Map(all(tx).map(docs).collect())),
        (b"docs", names) => Ok(Reply::Map(names.iter().filter_map(find).map(docs).collect())),
        (b"list", []) => Ok(Reply::bulks(all(tx).map(lower))),
        (b"list", [filter, what, pattern]) if filter.eq_ignore_ascii_case(b"FILTERBY") => list(tx, what, pattern),
        (b"getkeys", [name, words @ ..]) => keys_of(find(name), words),
        _ => Err(syntax()),
    }
}

fn all<'t>(tx: &Tx<'t>) -> impl Iterator<Item = &'static Command> + use<'t> {
    let of_table = FAMILIES.iter().flat_map(|(_, commands)| commands.iter());
    of_table.chain(tx.connection_commands().iter().copied())
}

/// The command of a name in whatever case, wherever it is carried out.
fn find(tx: &Tx<'_>, name: &[u8]) -> Option<&'static Command> {
    let of_connection = || tx.connection_commands().iter().find(|row| row.name.as_bytes().eq_ignore_ascii_case(name));
    table::command(name).or_else(|| of_connection().copied())
}

fn lower(command: &Command) -> String {
    command.name.to_ascii_lowercase()
}

fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Reply {
    Reply::Set(words.into_iter().map(|word| Reply::Simple(word.to_owned().into())).collect())
}

fn info(command: &'static Command) -> Reply {
    let (first, last, step) = command.keys.positions();
    Reply::Array(vec![
        Reply::bulk(lower(command)),
        Reply::Int(i64::from(command.arity)),
        words(command.flags()),
        Reply::Int(first),
        Reply::Int(last),
        Reply::Int(step),
        words(categories(command)),
        Reply::Array(Vec::new()),
        Reply::Array(Vec::new()),
        Reply::Array(Vec::new()),
    ])
}

/// The categories of access rules to which a command belongs, those of its type first.
fn categories(command: &Command) -> Vec<&'static str> {
    let flags = command.flags();
    let of = command.family();
    let of_family = of.and_then(Family::category);
    let of_access = match command.access {
        _ if matches!(of, Some(Family::Scripts | Family::Messages)) => None,
        Access::Read => Some("@read"),
        Access::Write => Some("@write"),
        Access::Control => None,
    };
    let speed = if flags.contains(&"fast") { "@fast" } else { "@slow" };
    let blocking = flags.contains(&"blocking").then_some("@blocking");
    of_family.into_iter().chain(of_access).chain([speed]).chain(blocking).collect()
}

fn docs(command: &'static Command) -> (Reply, Reply) {
    let group = command.family().map_or("generic", Family::group);
    let fields = [("summary", command.does()), ("since", command.since), ("group", group)];
    let fields = fields.into_iter().map(|(name, value)| (Reply::bulk(name), Reply::bulk(value)));
    (Reply::bulk(lower(command)), Reply::Map(fields.collect()))
}

fn list(tx: &Tx<'_>, what: &[u8], pattern: &[u8]) -> Result<Reply> {
    if !what.eq_ignore_ascii_case(b"PATTERN") {
        return Err(unsupported("COMMAND LIST filters by PATTERN alone"));
    }
    let names = all(tx).map(lower);
    Ok(Reply::bulks(names.filter(|name| glob::is_match(&pattern.to_ascii_lowercase(), name.as_bytes()))))
}

fn keys_of(command: Option<&Command>, words: &[&[u8]]) -> Result<Reply> {
    let command = command.ok_or_else(|| refused("ERR Invalid command specified"))?;
    if matches!(command.keys, Keys::None | Keys::Every) {
        return Err(refused("ERR The command has no key arguments"));
    }
    if !command.takes(words.len() + 1) {
        return Err(refused("ERR Invalid number of arguments specified for command"));
    }
    let keys = command.keys.of(words);
    if keys.is_empty() {
        return Err(refused("ERR Invalid arguments specified for command"));
    }
    Ok(Reply::bulks(keys))
}
