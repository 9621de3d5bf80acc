//! `nedb bench`: measures this build on this machine.
//!
//! What is measured and how is `nedb-bench`'s; peers beside it need the separate program in `bench-peers/`.

use clap::Args;
use nedb_bench::Command;
use nedb_types::Result;

use crate::output::Output;

/// Measures this build on this machine
#[derive(Debug, Args)]
#[command(after_help = "\
Arguments: [quick|standard|long] [GROUP...] [--rounds N] [--dir DIR] [--data DIR]
Groups:    footprint load reads past durable opening verify packages

Each row comes to standard error as it is measured, the table to standard output.
Durable writes depend on the disk: name one with --dir.

Example: nedb bench quick reads past --dir /var/tmp/bench")]
pub struct Bench {
    /// What to measure, and how
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let as_json = out.is_json().then(|| "--json".to_owned());
        let command = Command::parse(self.arguments.into_iter().chain(as_json))?.after(["bench"]);
        let text = command.run(&[], &mut |row| out.note(row))?;
        out.line(text)
    }
}
