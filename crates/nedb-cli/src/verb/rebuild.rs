//! `nedb rebuild`: indexes and checkpoints made of the log again.

use std::path::PathBuf;

use clap::Args;
use nedb::{Options, rebuild};
use nedb_types::{Result, Seq};

use crate::{
    output::{Output, Progress, duration, plural},
    subject,
};

/// Makes all indexes and checkpoints of the log again and throws away what was stored of them
#[derive(Debug, Args)]
#[command(after_help = "\
The log is the only truth and is not changed. This is the repair for what
`nedb verify --deep` reports about files in index/; opening alone gets on
without files that do not check. Damage in the log itself is refused.

Example: nedb rebuild shop")]
pub struct Rebuild {
    /// The database directory
    path: PathBuf,
}

impl Rebuild {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let path = subject::directory(&self.path, "rebuild", "end the nedbd and rebuild its directory")?;
        let progress = Progress::waiting(out, "rebuilding from the log");
        let report = rebuild(path, Options::new().sweep_interval_us(0))?;
        drop(progress);
        if out.is_json() {
            return out.line(report.to_json()?);
        }
        out.line(format_args!(
            "rebuilt up to seq {} in {}: {}, {}",
            Seq::number_of(report.head.seq()),
            duration(report.duration_us),
            plural(report.documents, "document", "documents"),
            plural(report.indexes.len() as u64, "index", "indexes"),
        ))
    }
}
