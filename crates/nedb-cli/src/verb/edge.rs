//! What `nedb link` and `nedb unlink` share: the three parts of an edge, and the write of one operation on it.

use clap::Args;
use nedb::Op;
use nedb_types::Result;

use super::origin::Origin;
use crate::{output::Output, show, subject::Subject};

/// An edge of a database.
#[derive(Debug, Args)]
pub struct Edge {
    #[command(flatten)]
    subject: Subject,
    /// Where the edge starts
    from: String,
    /// The relation
    relation: String,
    /// Where the edge leads
    to: String,
    #[command(flatten)]
    origin: Origin,
}

impl Edge {
    /// Writes the operation that `op` makes of the edge, and says whether it did something.
    pub fn write(self, out: &mut Output, op: fn(String, String, String) -> Op, words: [&str; 2]) -> Result<()> {
        let db = self.subject.to_write(out)?;
        let receipt = db.write(self.origin.batch(op(self.from, self.relation, self.to)))?;
        db.close()?;
        let [done, unchanged] = words;
        show::receipt(out, &receipt, done, unchanged)
    }
}
