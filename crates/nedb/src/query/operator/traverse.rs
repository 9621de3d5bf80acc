//! TRAVERSE: the documents that a walk along one relation leads to.
//!
//! A walk of k hops follows k edges; the result is every node that some walk of min to max hops from a start ends at, once.
//! A start belongs to it when a walk leads back. Edges are facts of their own: a walk goes on through a node whose document
//! is absent, which then gives no row. Cycles end nothing early and repeat nothing: once the least number of hops is done, a
//! node is expanded only the first time it is met.

use std::collections::BTreeSet;

use nedb_types::{NodeRef, Relation, Result};

use crate::{
    query::guard::{Guard, Pace},
    read::{Direction, Snapshot},
};

/// What a node costs beside its names: two shared pointers and its place in a set.
const NODE_BYTES: usize = 96;

/// Which walks count.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) relation: Relation,
    pub(crate) direction: Direction,
    pub(crate) hops_min: u32,
    pub(crate) hops_max: u32,
}

impl Walk {
    /// The walk in words.
    pub(crate) fn text(&self) -> String {
        let reverse = if self.direction == Direction::Inbound { " reverse" } else { "" };
        format!("{} *{}..{}{reverse}", self.relation, self.hops_min, self.hops_max)
    }
}

/// The nodes that walks end at, by id, then by collection.
pub(crate) fn traverse(
    snapshot: &Snapshot,
    guard: &Guard,
    starts: BTreeSet<NodeRef>,
    walk: &Walk,
) -> Result<Vec<NodeRef>> {
    // Up to the least number of hops every level counts by itself: a node may be on many.
    let mut level = starts;
    for _ in 0..walk.hops_min {
        level = step(snapshot, guard, &level, walk, &BTreeSet::new())?;
    }
    // From there on a node that was met needs no second visit: all it leads to is found from the first one.
    let mut met = level.clone();
    for _ in walk.hops_min..walk.hops_max {
        level = step(snapshot, guard, &level, walk, &met)?;
        if level.is_empty() {
            break;
        }
        met.extend(level.iter().cloned());
    }
    let mut nodes: Vec<NodeRef> = met.into_iter().collect();
    nodes.sort_by(|a, b| a.id().cmp(b.id()).then_with(|| a.collection().cmp(b.collection())));
    Ok(nodes)
}

/// The nodes one hop behind a level that were not met before.
fn step(
    snapshot: &Snapshot,
    guard: &Guard,
    level: &BTreeSet<NodeRef>,
    walk: &Walk,
    met: &BTreeSet<NodeRef>,
) -> Result<BTreeSet<NodeRef>> {
    let (mut next, mut pace) = (BTreeSet::new(), Pace::default());
    for node in level {
        guard.check()?;
        snapshot.each_neighbor(node, &walk.relation, walk.direction, |neighbor| {
            pace.row(guard)?;
            if !met.contains(&neighbor.node) && !next.contains(&neighbor.node) {
                guard.grow(NODE_BYTES + neighbor.node.id().as_bytes().len())?;
                next.insert(neighbor.node);
            }
            Ok(())
        })?;
    }
    Ok(next)
}
