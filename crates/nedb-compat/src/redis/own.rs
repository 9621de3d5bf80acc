//! What NEDB has and Redis has not: questions in NQL, reads of the past, history, verification and proofs.

use nedb::{AsOf, Params, QueryCourse, QueryOptions, QueryRow, Result, Rows, Seq, Version};

use super::args::Args;
use super::command_keys::Keys;
use super::commands::Commands;
use super::layout::DocKey;
use super::number;
use super::refusal::{self, not_an_integer, refused};
use super::reply::Reply;
use super::table::{self, Access, Command, Handler};

/// The words with which a text is NQL and not Lua.
const STATEMENTS: [&[u8]; 4] = [b"FROM", b"EXPLAIN", b"HISTORY", b"DIFF"];

pub(super) const COMMANDS: &[Command] = &[
    Command::read("NEDB.QUERY", -2, Keys::None, Handler::Question(query))
        .says("", "NEDB.QUERY nql [name json ...] | Answers a question in NQL, with values for its parameters."),
    Command::read("NEDB.ASOF", -3, Keys::None, Handler::Engine(as_of)).says(
        "",
        "NEDB.ASOF seq command [word ...] | Carries out a command that reads, as of a seq; -1 is the empty database.",
    ),
    Command::read("NEDB.HISTORY", 2, Keys::ONE, Handler::Engine(history))
        .says("", "NEDB.HISTORY key | Lists the versions of a key's document as JSON, the newest first."),
    Command::read("NEDB.VERIFY", 1, Keys::None, Handler::Engine(verify))
        .without_content()
        .says("", "NEDB.VERIFY | Verifies the database; 1 when everything checks."),
    Command::read("NEDB.PROOF", 2, Keys::None, Handler::Engine(proof))
        .without_content()
        .says("", "NEDB.PROOF seq | Proves that an operation is in the history, as a C2SP tlog-proof."),
    Command::write("NEDB.RECLAIM", 1, Keys::None, Handler::Engine(reclaim))
        .says("", "NEDB.RECLAIM | Deletes the elements that expired values left behind, and counts them."),
];

/// The answer of a question.
pub(super) struct Found {
    pub(super) rows: Vec<Reply>,
    /// How the documents were reached; `None` for what is no query of documents.
    pub(super) course: Option<QueryCourse>,
}

/// EVAL with a question in NQL.
pub(super) const QUESTION: &Command =
    &Command::read("EVAL", -3, Keys::None, Handler::Question(eval)).says("2.6.0", "EVAL nql 0 | Answers a question.");

/// Whether a call is EVAL with a question in NQL.
pub(super) fn is_question(name: &[u8], text: &[u8]) -> bool {
    let begins_with = |statement: &&[u8]| {
        let first = text.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
        first.eq_ignore_ascii_case(statement)
    };
    name.eq_ignore_ascii_case(b"EVAL") && STATEMENTS.iter().any(begins_with)
}

fn eval(commands: &Commands, args: Args<'_>) -> Result<Found> {
    match args.integer(1)? {
        0 if args.len() == 2 => answer(commands, args.at(0), &commands.bounds()),
        _ => Err(refused("ERR NQL takes neither keys nor arguments: give 0, or use NEDB.QUERY with parameters")),
    }
}

fn query(commands: &Commands, args: Args<'_>) -> Result<Found> {
    let mut params = Params::new();
    let pairs = if args.len() > 1 { args.pairs(1, "nedb.query")? } else { Vec::new() };
    for (name, json) in pairs {
        params.insert(text(name)?.to_owned(), nedb_types::document::json_to_value(json)?);
    }
    answer(commands, args.at(0), &commands.bounds().params(params))
}

fn answer(commands: &Commands, nql: &[u8], options: &QueryOptions) -> Result<Found> {
    let mut rows: Rows = commands.database().query_with(text(nql)?, options)?;
    let tx = commands.look()?;
    let kept = |row: Result<QueryRow>| {
        let json = row?.to_json()?;
        tx.keep(size_of::<Reply>() + json.len())?;
        Ok(Reply::bulk(json))
    };
    let found = rows.by_ref().map(kept).collect::<Result<_>>()?;
    Ok(Found { rows: found, course: rows.course() })
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| refused("ERR the text is not UTF-8").with_source(error))
}

fn as_of(commands: &Commands, args: Args<'_>) -> Result<Reply> {
    let seq = match args.integer(0)? {
        -1 => AsOf::Empty,
        seq => AsOf::Seq(Seq::new(u64::try_from(seq).map_err(|error| not_an_integer().with_source(error))?)),
    };
    let (name, words) = (args.at(1), args.from(2));
    let command = table::command(name).ok_or_else(|| refusal::unknown_command(name, words))?;
    let Handler::Data(call) = command.handler else { return Err(only_reads(command)) };
    if command.access != Access::Read {
        return Err(only_reads(command));
    }
    if !command.takes(words.len() + 1) {
        return Err(refusal::wrong_arity(command.name));
    }
    (command.check)(Args::new(words))?;
    let mut tx = commands.look_at(commands.database().snapshot_at(seq)?)?;
    call(&mut tx, Args::new(words))
}

fn only_reads(command: &Command) -> nedb::Error {
    refused(format!("ERR NEDB.ASOF takes commands that read values, not {}", command.name))
}

fn history(commands: &Commands, args: Args<'_>) -> Result<Reply> {
    let tx = commands.look()?;
    let mut versions: Vec<Version> = Vec::new();
    for place in [DocKey::value(args.at(0)), DocKey::hash(args.at(0))] {
        for version in tx.snapshot().history(&place.collection, &place.id)? {
            let version = version?;
            // It is kept as it is until all are sorted, and then as JSON.
            tx.keep(2 * version.document.as_ref().map_or(0, |document| document.as_bytes().len()))?;
            versions.push(version);
        }
    }
    versions.sort_by_key(|version| std::cmp::Reverse(version.seq));
    let json = |version: Version| {
        let object = nedb::Value::Object(version.to_object()?);
        nedb_types::document::value_to_json(&object).map(Reply::bulk)
    };
    versions.into_iter().map(json).collect::<Result<_>>().map(Reply::Array)
}

fn verify(commands: &Commands, _args: Args<'_>) -> Result<Reply> {
    Ok(Reply::flag(commands.database().verify()?.is_ok()))
}

fn proof(commands: &Commands, args: Args<'_>) -> Result<Reply> {
    let seq = number::integer(args.at(0)).and_then(|seq| u64::try_from(seq).ok()).ok_or_else(not_an_integer)?;
    commands.database().proof(Seq::new(seq)).map(Reply::bulk)
}

fn reclaim(commands: &Commands, _args: Args<'_>) -> Result<Reply> {
    commands.reclaim().map(|deleted| Reply::Int(i64::try_from(deleted).unwrap_or(i64::MAX)))
}
