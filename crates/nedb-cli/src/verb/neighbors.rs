//! `nedb neighbors`: where edges lead, and where they come from.

use std::path::PathBuf;

use clap::Args;
use nedb::{AsOf, Direction};
use nedb_types::Result;

use crate::{
    open,
    output::{JsonObject, Output},
    show,
};

/// Prints the nodes that edges of a relation lead to, in the order in which the edges were made
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nedb neighbors debian packages:bash depends
  nedb neighbors debian packages:libc6 depends --inbound --as-of 1200")]
pub struct Neighbors {
    /// The database directory
    path: PathBuf,
    /// The node, written COLLECTION:ID
    node: String,
    /// The relation
    relation: String,
    /// Prints the nodes that edges come from instead
    #[arg(long)]
    inbound: bool,
    /// The moment: straight after this operation (-1: before the first), or a time in ISO 8601 [default: now]
    #[arg(long, value_name = "SEQ|TIME", allow_hyphen_values = true)]
    as_of: Option<AsOf>,
}

impl Neighbors {
    pub fn run(self, out: &mut Output) -> Result<()> {
        let db = open::to_read(&self.path, out)?;
        let direction = if self.inbound { Direction::Inbound } else { Direction::Outbound };
        let snapshot = db.snapshot_at(self.as_of.unwrap_or_default())?;
        for neighbor in snapshot.neighbors(&self.node, &self.relation, direction)? {
            let node = neighbor.node;
            out.either(&node, || {
                JsonObject::new()
                    .text("node", &node.to_string())
                    .text("coll", node.collection().as_str())
                    .raw("id", &show::id_json(node.id()))
                    .number("seq", neighbor.seq)
                    .finish()
            })?;
        }
        Ok(())
    }
}
