//! `nedb serve`: the daemon, which is a program of its own.

use std::{ffi::OsString, path::PathBuf, process::Command};

use clap::Args;
use nedb_types::{Error, ErrorCode, Result};

use crate::output::Output;

/// The daemon's program.
const DAEMON: &str = if cfg!(windows) { "nedbd.exe" } else { "nedbd" };

/// Serves databases over HTTP and the Redis protocol, as `nedbd` does
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    after_help = "All arguments are nedbd's: see nedbd --help.\n\nExample: nedb serve --data ./nedb-data --port 7070"
)]
pub struct Serve {
    /// Arguments for nedbd
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

impl Serve {
    pub fn run(self, _out: &mut Output) -> Result<()> {
        let program = beside_this().unwrap_or_else(|| PathBuf::from(DAEMON));
        let mut daemon = Command::new(&program);
        daemon.args(self.arguments);
        Err(become_it(&mut daemon, &program))
    }
}

/// The daemon in the directory of this program, where both are installed together.
fn beside_this() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?.with_file_name(DAEMON);
    here.is_file().then_some(here)
}

/// Puts the daemon in the place of this process, so that signals reach it; returns when that cannot be done.
#[cfg(unix)]
fn become_it(daemon: &mut Command, program: &std::path::Path) -> Error {
    use std::os::unix::process::CommandExt;
    cannot_start(program, daemon.exec())
}

#[cfg(not(unix))]
fn become_it(daemon: &mut Command, program: &std::path::Path) -> Error {
    match daemon.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => cannot_start(program, error),
    }
}

fn cannot_start(program: &std::path::Path, error: std::io::Error) -> Error {
    let message = format!(
        "cannot start {}: {error}; `cargo install --path crates/nedb-server` puts it beside nedb",
        program.display()
    );
    Error::new(ErrorCode::NotFound, message).with_source(error)
}
