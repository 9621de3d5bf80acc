//! `cargo xtask`: the gates of the project, as one plain program.
//!
//! Promises that what CI runs is what a developer runs, with the same words in the same order, on a
//! machine that has git, a Rust toolchain, Python 3 and Node and nothing else installed.
//! Leaves the rules of the house to [`tidy`], the order of the gates to [`ci`], the texts made from
//! tables to [`docs`] and the bundled sample records to [`demo_data`].
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a developer's command speaks through the terminal")]
#![allow(
    clippy::disallowed_methods,
    reason = "gates work on the real tree and report real time; nothing here is replayed from a seed"
)]

mod ci;
mod demo_data;
mod docs;
mod fuzz;
mod node;
mod process;
mod python;
mod python_errors;
mod rust_source;
mod tidy;
mod tree;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// The failure of a gate: text for a person, nothing to match on.
type Failure = Box<dyn Error>;

const USAGE: &str = "usage: cargo xtask <command>

  ci                       every gate, in order; the last line counts the tests
  tidy                     the rules of the house that the compiler does not check
  docs [--check]           write the generated documents, or only compare them
  python [WORDS]           the Python package: built, installed and tested in an environment of its own
                           NEDB_PYTHON=python3.13 names another interpreter than python3
  python --prepare         only that environment, without the package
  node                     clients of Redis in Node against a daemon; `node --prepare` only installs them
  fuzz TARGET SECONDS      one fuzz target, or `all` one after the other
  demo-data FULL DIR       write the bundled subset of the full data folder FULL into DIR";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<ExitCode, Failure> {
    let root = tree::root()?;
    match words {
        ["ci"] => {
            return Ok(if ci::run(&root) { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        ["tidy"] => tidy::run(&root)?,
        ["docs"] => docs::write(&root)?,
        ["docs", "--check"] => docs::check(&root)?,
        ["python", "--prepare"] => python::prepare(&root)?,
        ["python", words @ ..] => python::run(&root, words)?,
        ["node", "--prepare"] => node::prepare(&root)?,
        ["node"] => node::run(&root)?,
        ["fuzz", "all", seconds] => fuzz::run_all(&root, seconds)?,
        ["fuzz", target, seconds] => fuzz::run(&root, target, seconds)?,
        ["demo-data", full, dir] => demo_data::write(Path::new(full), Path::new(dir))?,
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
