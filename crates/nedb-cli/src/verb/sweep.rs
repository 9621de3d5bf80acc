//! `nedb sweep`: deletes what has expired.

use clap::Args;
use nedb_types::Result;

use crate::{
    output::{JsonObject, Output, Progress, plural},
    subject::Subject,
};

/// Deletes the documents whose lifetime has ended; reads do not see them either way
#[derive(Debug, Args)]
#[command(after_help = "Example: nedb sweep shop")]
pub struct Sweep {
    #[command(flatten)]
    subject: Subject,
}

impl Sweep {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let progress = Progress::waiting(out, "sweeping");
        let swept = db.sweep()?;
        drop(progress);
        db.close()?;
        out.either(format_args!("deleted {}", plural(swept, "expired document", "expired documents")), || {
            JsonObject::new().number("swept", swept).finish()
        })
    }
}
