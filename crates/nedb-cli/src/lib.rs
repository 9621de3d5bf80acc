//! The `nedb` command: one database, in a directory or at a `nedbd`, and one verb. The program is this library's [`run`], and
//! so is the command that the Python package brings along.
//!
//! It parses the command line, opens or reaches the database as the verb needs it, and prints: results on stdout, everything
//! else on stderr. With `--json` stdout holds one JSON value, or one per line where there are many. The exit code follows the
//! kind of the error. All knowledge about data lives in the engine; nothing here stores, checks or proves by itself.

mod arguments;
mod demo;
mod failure;
mod hint;
mod import;
mod input;
mod later;
mod open;
mod output;
mod parameter;
mod rows;
mod shell;
mod show;
mod subject;
mod top;
mod verb;

use std::{ffi::OsString, sync::OnceLock};

/// The name under which the command was called, for commands that are shown to be typed.
static CALLED_AS: OnceLock<String> = OnceLock::new();

/// Does what a command line says, its own name first, and returns the exit code.
///
/// Results go to stdout, everything else to stderr. It may end the process at Ctrl-C; it is meant to be the last thing that a
/// program does.
///
/// ```
/// assert_eq!(nedb_cli::run(["nedb", "--version"]), 0);
/// assert_eq!(nedb_cli::run(["nedb", "get", "/no/such/place", "coll", "id"]), 66);
/// ```
pub fn run<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> u8 {
    let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
    if let Some(name) = words.first() {
        // Only the first call of a process names it.
        let _named = CALLED_AS.set(name.to_string_lossy().into_owned());
    }
    let cli = match arguments::parse(&words) {
        Ok(cli) => cli,
        Err(refused) => return refused.report(),
    };
    let mut out = output::Output::stdout(cli.form());
    let done = cli.verb.run(&mut out).and_then(|()| out.flush());
    match done {
        Ok(()) => 0,
        Err(error) => failure::report(&error, out.form()),
    }
}

/// The name under which the command was called.
fn called_as() -> &'static str {
    CALLED_AS.get().map_or("nedb", String::as_str)
}
