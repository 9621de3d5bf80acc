//! `nedbd` as one call: settings are read, the log is begun, and databases are served until a signal.
//!
//! Promises: the program `nedbd` and the Python package's are this same call, so that both take the same words, answer signals alike,
//! and exit with the same codes. Leaves to others: what the settings mean, and serving.

use std::ffi::OsString;
use std::io::Write as _;

use nedb::Error;

use crate::server::Server;
use crate::settings::{Config, command};

/// The exit code for a text that could not even be written, such as the help into a closed pipe.
const NOBODY_READS: u8 = 74;

/// Does what a command line of `nedbd` says, its own name first, until it is told to end; returns the exit code.
///
/// SIGTERM and SIGINT end it in order, with 0; SIGHUP reads the tokens again. Logs go to stderr. A second call in one process
/// logs as the first one does.
///
/// ```
/// assert_eq!(nedb_server::run(["nedbd", "--port", "no number"]), 65);
/// assert_eq!(nedb_server::run(["nedbd", "--colour"]), 2);
/// ```
pub fn run<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> u8 {
    let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
    let matches = match command().try_get_matches_from(words) {
        Ok(matches) => matches,
        // The help and the version come this way, too.
        Err(told) => {
            let code = u8::try_from(told.exit_code()).unwrap_or(NOBODY_READS);
            return if told.print().is_ok() { code } else { NOBODY_READS };
        }
    };
    let ended = Config::read(&matches).and_then(|config| {
        log_to_stderr(&config);
        Server::serve_until_signal(config)
    });
    match ended {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(code = error.code().as_str(), "{error}");
            report(&error);
            error.kind().exit_code()
        }
    }
}

fn log_to_stderr(config: &Config) {
    let log =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(config.log_level).with_target(false);
    // The program around this one may log already, and goes on as it does.
    let _begun_before = log.with_ansi(false).try_init();
}

/// The last word, also where logs are switched off.
fn report(error: &Error) {
    let line = format!("nedbd: {error} [{}]\n  {}\n", error.code().as_str(), error.remedy());
    // Without stderr there is nobody to tell.
    let _told = std::io::stderr().write_all(line.as_bytes());
}
