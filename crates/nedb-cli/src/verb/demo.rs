//! `nedb demo`: what the database can do, shown on real data.

use std::path::PathBuf;

use clap::Args;
use nedb_types::Result;

use crate::{demo, output::Output};

/// Shows on real data what the database can do: import, time travel, graph, diff, verify, proof
#[derive(Debug, Args)]
#[command(after_help = "\
The bundled data are a part of the package indexes of two Debian releases.
With --data the whole indexes are read from debian-bookworm.ndjson.zst and
debian-trixie.ndjson.zst in that directory.

Examples:
  nedb demo
  nedb demo --path ./demo --package nginx
  nedb demo --data ./data --json")]
pub struct Demo {
    /// A directory with the whole indexes
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the files go; an earlier demo there is replaced [default: nedb-demo in the temporary directory]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Keeps the database of an earlier run and goes on with it
    #[arg(long)]
    keep: bool,
    /// The package that is looked at
    #[arg(long, value_name = "NAME", default_value = "openssh-server")]
    package: String,
}

impl Demo {
    pub fn run(self, out: &mut Output) -> Result<()> {
        demo::Demo { data: self.data, path: self.path, keeps: self.keep, package: self.package }.run(out)
    }
}
