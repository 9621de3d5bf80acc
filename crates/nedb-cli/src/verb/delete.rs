//! `nedb delete`: the end of a document; its history stays.

use clap::Args;
use nedb::Op;
use nedb_types::Result;

use super::origin::Origin;
use crate::{output::Output, show, subject::Subject};

/// Deletes a document; its earlier versions stay readable
#[derive(Debug, Args)]
#[command(after_help = "\
A document that does not exist is no error; nothing is logged then.

Example: nedb delete shop products 17 --if-seq 12")]
pub struct Delete {
    #[command(flatten)]
    subject: Subject,
    /// The collection
    collection: String,
    /// The document's id
    id: String,
    #[command(flatten)]
    origin: Origin,
}

impl Delete {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let receipt = db.write(self.origin.batch(Op::delete(self.collection, self.id)))?;
        db.close()?;
        show::receipt(out, &receipt, "deleted", "nothing to delete")
    }
}
