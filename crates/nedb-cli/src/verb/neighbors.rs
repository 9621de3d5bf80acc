//! `nedb neighbors`: where edges lead, and where they come from.

use clap::Args;
use nedb::{AsOf, Direction};
use nedb_types::Result;

use crate::{
    output::{JsonObject, Output},
    show,
    subject::Subject,
};

/// Prints the nodes that edges of a relation lead to, in the order in which the edges were made
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nedb neighbors debian packages:bash depends
  nedb neighbors debian packages:libc6 depends --inbound --as-of 1200")]
pub struct Neighbors {
    #[command(flatten)]
    subject: Subject,
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
        let db = self.subject.to_read(out)?;
        let direction = if self.inbound { Direction::Inbound } else { Direction::Outbound };
        for neighbor in db.neighbors(&self.node, &self.relation, direction, self.as_of.unwrap_or_default())? {
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
