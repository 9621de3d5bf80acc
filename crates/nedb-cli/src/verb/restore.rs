//! `nedb restore`: an earlier version again, as a new one.

use clap::Args;
use nedb::Op;
use nedb_types::{Result, Seq};

use super::origin::Origin;
use crate::{output::Output, show, subject::Subject};

/// Writes an earlier version of a document again, as a new version
#[derive(Debug, Args)]
#[command(after_help = "\
The seqs of a document's versions are in `nedb history`.

Example: nedb restore shop products 17 1200")]
pub struct Restore {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// The document's id
    id: String,
    /// The seq of the version whose content comes back
    seq: u64,
    #[command(flatten)]
    origin: Origin,
}

impl Restore {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let op = Op::restore(self.collection, self.id, Seq::new(self.seq));
        let receipt = db.write_once(self.origin.batch(op))?;
        db.close()?;
        show::receipt(out, &receipt, "restored", "unchanged")
    }
}
