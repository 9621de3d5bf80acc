//! The `nedb` command: one database directory, one verb.
//!
//! It parses the command line, opens the database as the verb needs it, and prints: results on stdout, everything else on
//! stderr. With `--json` stdout holds one JSON value, or one per line where there are many. The exit code follows the kind
//! of the error. All knowledge about data lives in the engine; nothing here stores, checks or proves by itself.

mod arguments;
mod demo;
mod failure;
mod import;
mod input;
mod later;
mod moment;
mod open;
mod output;
mod parameter;
mod rows;
mod shell;
mod show;
mod verb;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match arguments::parse() {
        Ok(cli) => cli,
        Err(refused) => return refused.report(),
    };
    let mut out = output::Output::stdout(cli.form());
    let done = cli.verb.run(&mut out).and_then(|()| out.flush());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error, out.form()),
    }
}
