//! The command `nedb-sim`: simulated failures against NEDB, for CI and for long runs.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Planted bugs and damage make panics that are caught and counted; their traces would drown the report.
    std::panic::set_hook(Box::new(|_| {}));
    cli::run(std::env::args().skip(1).collect())
}
