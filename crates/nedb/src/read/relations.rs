//! Neighbours of a node along a relation, both ways, at any moment.

use nedb_index::KeyRange;
use nedb_log::Scratch;
use nedb_types::{NodeRef, Relation, Result, Seq, key};

use super::snapshot::Snapshot;

/// Which end of the edges the asked node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Edges that start at the node.
    #[default]
    Outbound,
    /// Edges that end at the node.
    Inbound,
}

/// A node at the other end of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbor {
    /// The node.
    pub node: NodeRef,
    /// The operation that made the edge.
    pub seq: Seq,
}

impl Snapshot {
    /// The nodes that edges of this relation lead to (or come from), in the order in which the edges were made.
    ///
    /// ```
    /// use nedb::{Database, Direction};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.link("packages:bash", "depends", "packages:libc6")?;
    /// let names: Vec<_> = db
    ///     .snapshot()
    ///     .neighbors("packages:libc6", "depends", Direction::Inbound)?
    ///     .into_iter()
    ///     .map(|neighbor| neighbor.node.to_string())
    ///     .collect();
    /// assert_eq!(names, ["packages:bash"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn neighbors(&self, node: &str, relation: &str, direction: Direction) -> Result<Vec<Neighbor>> {
        let (node, relation) = (NodeRef::parse(node)?, Relation::new(relation)?);
        let mut neighbors = Vec::new();
        self.each_neighbor(&node, &relation, direction, |neighbor| {
            neighbors.push(neighbor);
            Ok(())
        })?;
        neighbors.sort_by_key(|neighbor| neighbor.seq);
        Ok(neighbors)
    }

    /// Visits the neighbours of a node in the order of their names.
    pub(crate) fn each_neighbor(
        &self,
        node: &NodeRef,
        relation: &Relation,
        direction: Direction,
        mut visit: impl FnMut(Neighbor) -> Result<()>,
    ) -> Result<()> {
        let prefix = match direction {
            Direction::Outbound => key::edge_prefix(node, relation),
            Direction::Inbound => key::reverse_edge_prefix(node, relation),
        };
        let mut keys = self.engine().keys.scan(&KeyRange::prefix(&prefix))?;
        let mut scratch = Scratch::new();
        while let Some(entry) = keys.next()? {
            let record = self.reader().record(entry.address, &mut scratch)?;
            let seq = self.with_version(&record, |version| Ok(self.is_live(version)?.then_some(version.seq)))?;
            let Some(seq) = seq else { continue };
            let node = match direction {
                Direction::Outbound => key::split_edge_key(entry.key)?.to,
                Direction::Inbound => key::split_reverse_edge_key(entry.key)?.from,
            };
            visit(Neighbor { node, seq })?;
        }
        Ok(())
    }
}
