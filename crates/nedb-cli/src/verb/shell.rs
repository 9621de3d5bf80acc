//! `nedb shell`: questions one after the other.

use std::io::{self, IsTerminal};

use clap::Args;
use nedb::AsOf;
use nedb_types::Result;

use crate::{
    output::Output,
    rows::RowFormat,
    shell::{self, Presence, Source, Start, Switch},
    subject::Subject,
};

/// Asks questions in NQL at a prompt, or runs a script of them
#[derive(Debug, Args)]
#[command(after_help = "\
A statement ends at `;` or at an empty line; `.help` lists the dot commands.
Tab completes, Ctrl-C ends an answer, Ctrl-D the shell. The database is opened
read-only, so that the shell runs beside a writer; `.refresh` looks again.

When stdin is no terminal it is run as a script, up to the first error.

Lines are kept in $XDG_STATE_HOME/nedb/shell_history, or in
~/.local/state/nedb/shell_history, for their owner only; a line that begins
with a space is not kept.

Examples:
  nedb shell shop
  nedb shell shop --as-of 2026-03-01
  nedb shell shop -c 'FROM orders GROUP BY state COUNT' --format csv
  nedb shell shop < questions.nql")]
pub struct Shell {
    #[command(flatten)]
    subject: Subject,
    /// Runs these statements and commands instead of asking for some
    #[arg(short = 'c', long = "command", value_name = "STATEMENTS")]
    command: Option<String>,
    /// The moment to ask as of: straight after this operation (-1: before the first), or a time in ISO 8601 [default: now]
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
    /// How rows are printed at first [default: table]
    #[arg(long, value_enum)]
    format: Option<RowFormat>,
    /// Keeps no lines for the next time
    #[arg(long)]
    no_history: bool,
    /// Colours nothing; so does the variable `NO_COLOR`
    #[arg(long)]
    no_color: bool,
}

impl Shell {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let is_typed = self.command.is_none() && io::stdin().is_terminal();
        let presence = if is_typed { Presence::Person } else { Presence::Script };
        let is_plain = self.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let source = match self.command {
            Some(text) => Source::Given(text),
            None if is_typed => Source::Terminal(if self.no_history { Switch::Off } else { Switch::On }),
            None => Source::Stdin,
        };
        let start = Start {
            subject: self.subject,
            moment: self.as_of.unwrap_or_default(),
            format: self.format.unwrap_or(if out.is_json() { RowFormat::Ndjson } else { RowFormat::Table }),
            presence,
            colors: if is_plain || !io::stderr().is_terminal() { Switch::Off } else { Switch::On },
        };
        shell::run(start, source, out.form())
    }
}
