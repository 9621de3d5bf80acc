//! `nedbd`: the program around [`nedb_server::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(nedb_server::run(std::env::args_os()))
}
