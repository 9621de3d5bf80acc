//! The program `nedb`: the command of the library beside it, with the words of the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(nedb_cli::run(std::env::args_os()))
}
