//! `nedb unlink`: the end of an edge; its history stays.

use std::path::PathBuf;

use clap::Args;
use nedb::Op;
use nedb_types::Result;

use super::origin::Origin;
use crate::{open, output::Output, show};

/// Removes an edge from one node to another
#[derive(Debug, Args)]
#[command(after_help = "\
Nodes are written COLLECTION:ID; they need not exist as documents. An edge
that does not exist is no error; nothing is logged then.

Example: nedb unlink shop products:17 made_by makers:ada")]
pub struct Unlink {
    /// The database directory
    path: PathBuf,
    /// Where the edge starts
    from: String,
    /// The relation
    relation: String,
    /// Where the edge leads
    to: String,
    #[command(flatten)]
    origin: Origin,
}

impl Unlink {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_write(&self.path, out)?;
        let receipt = db.write(self.origin.batch(Op::unlink(self.from, self.relation, self.to)))?;
        db.close()?;
        show::receipt(out, &receipt, "unlinked", "nothing to unlink")
    }
}
