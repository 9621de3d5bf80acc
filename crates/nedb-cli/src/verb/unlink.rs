//! `nedb unlink`: the end of an edge; its history stays.

use clap::Args;
use nedb::Op;
use nedb_types::Result;

use super::edge::Edge;
use crate::output::Output;

/// Removes an edge from one node to another
#[derive(Debug, Args)]
#[command(after_help = "\
Nodes are written COLLECTION:ID; they need not exist as documents. An edge
that does not exist is no error; nothing is logged then.

Example: nedb unlink shop products:17 made_by makers:ada")]
pub struct Unlink {
    #[command(flatten)]
    edge: Edge,
}

impl Unlink {
    pub fn run(self, out: &mut Output) -> Result<()> {
        self.edge.write(out, Op::unlink, ["unlinked", "nothing to unlink"])
    }
}
