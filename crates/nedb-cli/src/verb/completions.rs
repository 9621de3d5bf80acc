//! `nedb completions`: a script that completes command lines in a shell.

use clap::Args;
use clap_complete::{Shell, generate};
use nedb_types::Result;

use crate::{arguments, output::Output};

/// Prints a script that completes command lines in a shell
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb completions bash > ~/.local/share/bash-completion/completions/nedb")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let mut script = Vec::new();
        generate(self.shell, &mut arguments::command(), "nedb", &mut script);
        out.text(&String::from_utf8_lossy(&script))
    }
}
