//! `nedb completions`: a script that completes command lines in a shell.

use clap::Args;
use clap_complete::{Shell, generate};
use nedb_types::Result;

use crate::{
    arguments,
    output::{JsonObject, Output},
};

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
        let script = String::from_utf8_lossy(&script);
        if out.is_json() {
            let shell = self.shell.to_string();
            return out.line(JsonObject::new().text("shell", &shell).text("script", &script).finish());
        }
        out.text(&script)
    }
}
