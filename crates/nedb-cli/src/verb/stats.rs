//! `nedb stats`: how large everything is.

use std::path::PathBuf;

use clap::Args;
use nedb_types::Result;

use crate::{
    open,
    output::{Output, facts},
};

/// Prints how large the database and its parts are
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb stats shop --json")]
pub struct Stats {
    /// The database directory
    path: PathBuf,
}

impl Stats {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_read(&self.path, out)?;
        let json = db.stats()?.to_json()?;
        if out.is_json() { out.line(json) } else { facts(&json)?.iter().try_for_each(|line| out.line(line)) }
    }
}
