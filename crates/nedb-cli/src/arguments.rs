//! The command line as types: the verbs, and what every verb understands.
//!
//! A wrong command line ends with exit code 2. A verb that only a later version has is refused by name.

use std::ffi::OsString;

use clap::{
    CommandFactory, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use nedb_types::{Error, ErrorCode, Result};

use crate::{
    failure, later,
    output::{Form, Output},
    verb,
};

/// The exit code of a wrong command line.
const EXIT_USAGE: u8 = 2;

const AFTER_HELP: &str = "\
Examples:
  nedb demo                                      see what it does, on real data
  nedb init shop                                 create a database
  nedb import shop products.ndjson.zst           fill the collection products
  nedb get shop products 17 --as-of 2026-03-01   a document as it was then
  nedb query shop 'FROM products LIMIT 5'        ask a question
  nedb diff shop 1200 1300                       what changed between
  nedb verify shop --deep                        check everything
  nedb proof shop 1234 --out 1234.tlog-proof     a proof that anybody can check
  nedb head http://127.0.0.1:7070/shop           any of these at a nedbd

Exit codes: 0 done, 2 wrong command line, 65 invalid, 66 not found,
69 unavailable, 72 limit exceeded, 73 conflict, 74 operating system,
75 busy or cancelled, 76 integrity, 77 denied, 78 unsupported.";

/// Works on a NEDB database: every version kept, every operation provable.
#[derive(Debug, Parser)]
#[command(name = "nedb", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Prints JSON and nothing else on stdout: one value, or one per line where there are many; errors are JSON on stderr
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// How results are printed.
    pub fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Init(verb::Init),
    Import(verb::Import),
    Export(verb::Export),
    Put(verb::Put),
    Get(verb::Get),
    Delete(verb::Delete),
    Restore(verb::Restore),
    Scan(verb::Scan),
    Query(verb::Query),
    Live(verb::Live),
    Sql(verb::Sql),
    Shell(verb::Shell),
    Collections(verb::Collections),
    History(verb::History),
    Diff(verb::Diff),
    Link(verb::Link),
    Unlink(verb::Unlink),
    Neighbors(verb::Neighbors),
    Log(verb::Log),
    Head(verb::Head),
    Verify(verb::Verify),
    Checkpoint(verb::Checkpoint),
    Rebuild(verb::Rebuild),
    Proof(verb::Proof),
    VerifyProof(verb::VerifyProof),
    Tiles(verb::Tiles),
    Stats(verb::Stats),
    Index(verb::Index),
    Sweep(verb::Sweep),
    Bench(verb::Bench),
    Demo(verb::Demo),
    Serve(verb::Serve),
    Databases(verb::Databases),
    #[command(name = "drop")]
    DropDatabase(verb::DropDatabase),
    Slow(verb::Slow),
    Top(verb::Top),
    Completions(verb::Completions),
}

impl Verb {
    /// Does it.
    pub fn run(self, out: &mut Output) -> Result<()> {
        match self {
            Self::Init(verb) => verb.run(out),
            Self::Import(verb) => verb.run(out),
            Self::Export(verb) => verb.run(out),
            Self::Put(verb) => verb.run(out),
            Self::Get(verb) => verb.run(out),
            Self::Delete(verb) => verb.run(out),
            Self::Restore(verb) => verb.run(out),
            Self::Scan(verb) => verb.run(out),
            Self::Query(verb) => verb.run(out),
            Self::Live(verb) => verb.run(out),
            Self::Sql(verb) => verb.run(out),
            Self::Shell(verb) => verb.run(out),
            Self::Collections(verb) => verb.run(out),
            Self::History(verb) => verb.run(out),
            Self::Diff(verb) => verb.run(out),
            Self::Link(verb) => verb.run(out),
            Self::Unlink(verb) => verb.run(out),
            Self::Neighbors(verb) => verb.run(out),
            Self::Log(verb) => verb.run(out),
            Self::Head(verb) => verb.run(out),
            Self::Verify(verb) => verb.run(out),
            Self::Checkpoint(verb) => verb.run(out),
            Self::Rebuild(verb) => verb.run(out),
            Self::Proof(verb) => verb.run(out),
            Self::VerifyProof(verb) => verb.run(out),
            Self::Tiles(verb) => verb.run(out),
            Self::Stats(verb) => verb.run(out),
            Self::Index(verb) => verb.run(out),
            Self::Sweep(verb) => verb.run(out),
            Self::Bench(verb) => verb.run(out),
            Self::Demo(verb) => verb.run(out),
            Self::Serve(verb) => verb.run(out),
            Self::Databases(verb) => verb.run(out),
            Self::DropDatabase(verb) => verb.run(out),
            Self::Slow(verb) => verb.run(out),
            Self::Top(verb) => verb.run(out),
            Self::Completions(verb) => verb.run(out),
        }
    }
}

/// A command line that leads to no verb.
pub struct Refused {
    error: clap::Error,
    form: Form,
}

/// Reads a command line.
pub fn parse(words: &[OsString]) -> Result<Cli, Refused> {
    Cli::try_parse_from(words).map_err(|error| {
        let is_json = words.iter().any(|word| word == "--json");
        Refused { error, form: if is_json { Form::Json } else { Form::Text } }
    })
}

/// The whole command, for completions.
pub fn command() -> clap::Command {
    Cli::command()
}

impl Refused {
    /// Prints what is wrong, or the help that was asked for, and returns the exit code.
    pub fn report(&self) -> u8 {
        if let Some(error) = self.later() {
            return failure::report(&error, self.form);
        }
        if !self.error.use_stderr() || self.form == Form::Text {
            // A help text that nobody reads any more is no failure.
            let _closed = self.error.print();
            return if self.error.use_stderr() { EXIT_USAGE } else { 0 };
        }
        let text = self.error.to_string();
        let message: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
        let message = message.join(" ");
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        failure::print(&Error::new(ErrorCode::InvalidArgument, message), self.form);
        EXIT_USAGE
    }

    /// The refusal of a verb that this version does not have yet.
    fn later(&self) -> Option<Error> {
        if self.error.kind() != ErrorKind::InvalidSubcommand {
            return None;
        }
        match self.error.get(ContextKind::InvalidSubcommand) {
            Some(ContextValue::String(name)) => later::refusal(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn no_verb_of_a_later_version_exists_yet() {
        for verb in command().get_subcommands() {
            assert!(later::refusal(verb.get_name()).is_none(), "{} exists and is refused as well", verb.get_name());
        }
    }
}
