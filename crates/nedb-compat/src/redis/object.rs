//! OBJECT: what is known of how a value lies. No access is counted or dated, so that part is refused.

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::keyspace::Found;
use super::refusal::{refused, unsupported, wrong_arity};
use super::reply::Reply;
use super::table::{Command, Handler};
use super::tx::Tx;

pub(super) const COMMANDS: &[Command] = &[Command::read(
    "OBJECT",
    -2,
    Keys::At { first: 2, last: 2, step: 1 },
    Handler::Data(object))
.checked_by(check).says(
    "2.2.3",
    "OBJECT ENCODING\\|REFCOUNT\\|FREQ\\|HELP [key] | Tells whether a value is one document or made of records; a value is referred to once.",
)];

const HELP: &[&str] = &[
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return whether the value is one 'document' or a header and 'records'.",
    "REFCOUNT <key>",
    "    Return the number of references to the value, which is 1.",
    "HELP",
    "    Print this help.",
];

fn check(args: Args<'_>) -> Result<()> {
    let subcommand = args.at(0).to_ascii_lowercase();
    let words = match subcommand.as_slice() {
        b"help" => 1,
        b"encoding" | b"refcount" | b"freq" | b"idletime" => 2,
        _ => {
            let word = String::from_utf8_lossy(args.at(0));
            return Err(refused(format!("ERR unknown subcommand '{word}'. Try OBJECT HELP.")));
        }
    };
    if args.len() == words {
        return Ok(());
    }
    Err(wrong_arity(&format!("object|{}", String::from_utf8_lossy(&subcommand))))
}

fn object(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let subcommand = args.at(0).to_ascii_lowercase();
    if subcommand == b"help" {
        return Ok(Reply::Array(HELP.iter().map(|line| Reply::Simple((*line).into())).collect()));
    }
    let Some(found) = tx.find(args.at(1))? else { return Ok(Reply::Nil) };
    match (subcommand.as_slice(), found) {
        (b"encoding", Found::String(_) | Found::Hash(_)) => Ok(Reply::bulk("document")),
        (b"encoding", Found::Header(..)) => Ok(Reply::bulk("records")),
        (b"refcount", _) => Ok(Reply::Int(1)),
        (b"freq", _) => Err(refused(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
        )),
        _ => Err(unsupported("OBJECT IDLETIME is refused: nobody notes when a value is read")),
    }
}
