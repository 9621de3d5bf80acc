//! `nedb link`: an edge between two nodes.

use clap::Args;
use nedb::Op;
use nedb_types::Result;

use super::edge::Edge;
use crate::output::Output;

/// Adds an edge from one node to another
#[derive(Debug, Args)]
#[command(after_help = "\
Nodes are written COLLECTION:ID; they need not exist as documents. An edge
that exists is no error; nothing is logged then.

Example: nedb link shop products:17 made_by makers:ada")]
pub struct Link {
    #[command(flatten)]
    edge: Edge,
}

impl Link {
    pub fn run(self, out: &mut Output) -> Result<()> {
        self.edge.write(out, Op::link, ["linked", "linked already"])
    }
}
