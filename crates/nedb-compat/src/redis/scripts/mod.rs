//! EVAL and its kin: scripts in Lua, each one transaction.
//!
//! ```text
//! text ──> cache (by SHA-1) ──> machine: one Lua state of a pool ──> redis.call ──> the transaction that EVAL runs in
//! ```
//!
//! Promises: a script sees one snapshot and its own writes, at one moment; all of what it wrote becomes visible and durable at once, or
//! nothing, when it ends with an error. It is bounded in time and memory. Leaves to others: NQL, which EVAL takes too (`own.rs`).

mod cache;
#[cfg(feature = "lua")]
mod lua;
#[cfg(not(feature = "lua"))]
#[path = "without_lua.rs"]
mod lua;
mod sha1;

use std::sync::Arc;

use nedb::Result;

use super::args::Args;
use super::command_keys::Keys;
use super::number;
use super::refusal::{not_an_integer, refused, unsupported, wrong_arity};
use super::reply::Reply;
use super::table::{Access, Command, Handler};
use super::tx::Tx;
pub use cache::ScriptBounds;
pub(super) use cache::Scripts;

pub(super) const COMMANDS: &[Command] = &[
    script("EVAL", Access::Write, Keys::Numbered { at: 2 }, |tx, args| eval(tx, args, Access::Write)).says(
        "2.6.0",
        "EVAL script numkeys [key ...] [arg ...] | Runs a script in Lua; a text that begins with FROM, EXPLAIN, HISTORY or DIFF is a question in NQL, answered with its rows as JSON.",
    ),
    script("EVALSHA", Access::Write, Keys::Numbered { at: 2 }, |tx, args| eval_sha(tx, args, Access::Write))
        .says("2.6.0", "EVALSHA sha1 numkeys [key ...] [arg ...] | Runs a script that was loaded or run before."),
    script("EVAL_RO", Access::Read, Keys::Numbered { at: 2 }, |tx, args| eval(tx, args, Access::Read))
        .says("7.0.0", "EVAL_RO script numkeys [key ...] [arg ...] | Runs a script that only reads."),
    script("EVALSHA_RO", Access::Read, Keys::Numbered { at: 2 }, |tx, args| eval_sha(tx, args, Access::Read))
        .says("7.0.0", "EVALSHA_RO sha1 numkeys [key ...] [arg ...] | Does so by the digest of the script."),
    Command::read("SCRIPT", -2, Keys::None, Handler::Data(cached)).checked_by(check).not_in_scripts().says(
        "2.6.0",
        "SCRIPT LOAD script \\| EXISTS sha1 [sha1 ...] \\| FLUSH [ASYNC\\|SYNC] \\| HELP | Keeps scripts for EVALSHA; each database has its own.",
    ),
];

const fn script(
    name: &'static str,
    access: Access,
    keys: Keys,
    run: fn(&mut Tx<'_>, Args<'_>) -> Result<Reply>,
) -> Command {
    let row = match access {
        Access::Write => Command::write(name, -3, keys, Handler::Data(run)),
        _ => Command::read(name, -3, keys, Handler::Data(run)),
    };
    row.not_in_scripts().beyond_its_keys()
}

/// Words of a call.
type Words<'a> = &'a [&'a [u8]];

/// A call of a script.
#[cfg_attr(not(feature = "lua"), expect(dead_code, reason = "only the machine asks for it"))]
struct Call<'a> {
    text: Arc<[u8]>,
    sha1: String,
    keys: &'a [&'a [u8]],
    arguments: &'a [&'a [u8]],
    access: Access,
}

fn eval(tx: &mut Tx<'_>, args: Args<'_>, access: Access) -> Result<Reply> {
    let (keys, arguments) = keys_and_arguments(args)?;
    let scripts = tx.scripts();
    let (sha1, text) = scripts.keep(args.at(0))?;
    lua::run(scripts, tx, &Call { text, sha1, keys, arguments, access })
}

fn eval_sha(tx: &mut Tx<'_>, args: Args<'_>, access: Access) -> Result<Reply> {
    let (keys, arguments) = keys_and_arguments(args)?;
    let sha1 = String::from_utf8_lossy(args.at(0)).to_ascii_lowercase();
    let scripts = tx.scripts();
    let text = scripts.find_called(&sha1).ok_or_else(|| refused("NOSCRIPT No matching script. Please use EVAL."))?;
    lua::run(scripts, tx, &Call { text, sha1, keys, arguments, access })
}

/// What stands behind the script: so many keys as the first word says, and the arguments.
fn keys_and_arguments(args: Args<'_>) -> Result<(Words<'_>, Words<'_>)> {
    let count = number::integer(args.at(1)).ok_or_else(not_an_integer)?;
    let count =
        usize::try_from(count).map_err(|error| refused("ERR Number of keys can't be negative").with_source(error))?;
    args.from(2)
        .split_at_checked(count)
        .ok_or_else(|| refused("ERR Number of keys can't be greater than number of args"))
}

fn check(args: Args<'_>) -> Result<()> {
    let subcommand = args.at(0).to_ascii_lowercase();
    let is_right = match subcommand.as_slice() {
        b"load" => args.len() == 2,
        b"exists" => args.len() >= 2,
        b"flush" => args.len() <= 2,
        b"help" => args.len() == 1,
        b"kill" => return Err(unsupported("SCRIPT KILL is refused: a script ends by itself when its time is over")),
        b"debug" => return Err(unsupported("SCRIPT DEBUG is refused: scripts have no debugger here")),
        _ => {
            let word = String::from_utf8_lossy(args.at(0));
            return Err(refused(format!("ERR unknown subcommand '{word}'. Try SCRIPT HELP.")));
        }
    };
    if is_right { Ok(()) } else { Err(wrong_arity(&format!("script|{}", String::from_utf8_lossy(&subcommand)))) }
}

const HELP: &[&str] = &[
    "SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "EXISTS <sha1> [<sha1> ...]",
    "    Says which scripts are kept.",
    "FLUSH [ASYNC|SYNC]",
    "    Forgets all scripts.",
    "LOAD <script>",
    "    Keeps a script without running it.",
    "HELP",
    "    Prints this help.",
];

fn cached(tx: &mut Tx<'_>, args: Args<'_>) -> Result<Reply> {
    let scripts = tx.scripts();
    match (args.at(0).to_ascii_lowercase().as_slice(), args.from(1)) {
        (b"load", [text]) => {
            let (sha1, text) = scripts.keep(text)?;
            lua::compile(scripts, &text, &sha1)?;
            Ok(Reply::bulk(sha1))
        }
        (b"exists", digests) => Ok(Reply::Array(
            digests
                .iter()
                .map(|sha1| Reply::flag(scripts.find(&String::from_utf8_lossy(sha1).to_ascii_lowercase()).is_some()))
                .collect(),
        )),
        (b"flush", how)
            if how.iter().all(|how| [&b"SYNC"[..], b"ASYNC"].iter().any(|known| how.eq_ignore_ascii_case(known))) =>
        {
            scripts.forget_all();
            Ok(Reply::ok())
        }
        (b"flush", _) => Err(refused("ERR SCRIPT FLUSH only support SYNC|ASYNC option")),
        _ => Ok(Reply::Array(HELP.iter().map(|line| Reply::Simple((*line).into())).collect())),
    }
}
