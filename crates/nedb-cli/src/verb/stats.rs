//! `nedb stats`: how large everything is.

use clap::Args;
use nedb_types::Result;

use crate::{
    output::{Output, facts},
    subject::Subject,
};

/// Prints how large the database and its parts are
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb stats shop --json")]
pub struct Stats {
    #[command(flatten)]
    subject: Subject,
}

impl Stats {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_read(out)?;
        let json = db.stats_json()?;
        if out.is_json() { out.line(json) } else { facts(&json)?.iter().try_for_each(|line| out.line(line)) }
    }
}
