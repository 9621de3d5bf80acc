//! `nedb-bench [quick|standard|long] [GROUP...] [--rounds N] [--dir DIR] [--data DIR] [--json]`: NEDB alone.
//!
//! Prints a line for each row as it comes and the table at the end, or the rows as JSON.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks through its terminal")]

use std::process::ExitCode;

use nedb_bench::{Command, Step, text_row};

fn main() -> ExitCode {
    let words = std::env::args().skip(1);
    let result =
        Command::parse(words).map(|command| command.after([""; 0])).and_then(|command| command.run(&[], &mut tell));
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("nedb-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(step: &Step) {
    if let Step::Row(row) = step {
        eprintln!("{}", text_row(row));
    }
}
