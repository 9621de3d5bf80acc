//! `nedb sweep`: deletes what has expired.

use std::path::PathBuf;

use clap::Args;
use nedb_types::Result;

use crate::{
    open,
    output::{JsonObject, Output, Progress, plural},
};

/// Deletes the documents whose lifetime has ended; reads do not see them either way
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb sweep shop")]
pub struct Sweep {
    /// The database directory
    path: PathBuf,
}

impl Sweep {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_write(&self.path, out)?;
        let progress = Progress::waiting(out, "sweeping");
        let swept = db.sweep()?;
        drop(progress);
        db.close()?;
        out.either(format_args!("deleted {}", plural(swept, "expired document", "expired documents")), || {
            JsonObject::new().number("swept", swept).finish()
        })
    }
}
