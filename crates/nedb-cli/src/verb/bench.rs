//! `nedb bench`: measures this build on this machine.
//!
//! What is measured and how is `nedb-bench`'s; peers beside it need the separate program in `bench-peers/`.

use std::path::PathBuf;

use clap::Args;
use nedb_bench::{Command, GROUPS, Step, text_row};
use nedb_types::Result;

use crate::output::{Output, Progress};

/// Measures this build on this machine
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub struct Bench {
    /// How much: quick, standard or long; and which groups [default: standard, all]
    #[arg(value_name = "SCALE|GROUP")]
    words: Vec<String>,
    /// How often each measurement is taken [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Where the files of the run go; they are deleted at its end [default: the temporary directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A directory with debian-bookworm.ndjson.zst and debian-trixie.ndjson.zst, for the group packages
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn after_help() -> String {
    format!(
        "\
Groups: {}

Each row comes to standard error as it is measured, the table to standard output.
Durable writes depend on the disk: name one with --dir.

Example: nedb bench quick reads past --dir /var/tmp/bench",
        GROUPS.join(" ")
    )
}

impl Bench {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let command = Command::parse(self.words(out.is_json()))?.after(["bench"]);
        let (mut group, mut progress) = ("", None::<Progress>);
        let text = command.run(&[], &mut |step| {
            // The bar is away while a row is printed, and comes back when the next one takes its time.
            drop(progress.take());
            match step {
                Step::Group(name) => group = name,
                Step::Row(row) => out.note(text_row(row)),
            }
            progress = Some(Progress::waiting(out, format!("measuring {group}")));
        })?;
        drop(progress);
        out.line(text)
    }

    /// The words that the measuring program takes.
    fn words(self, as_json: bool) -> Vec<String> {
        let mut words = self.words;
        let rounds = self.rounds.map(|rounds| rounds.to_string());
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let options = [("--rounds", rounds), ("--dir", self.dir.map(path)), ("--data", self.data.map(path))];
        for (name, value) in options {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        }
        words.extend(as_json.then(|| "--json".to_owned()));
        words
    }
}
