//! The inner nodes of the Merkle tree that are kept: levels 8 and up, a quarter of a byte per operation.
//!
//! Lower nodes are computed again from at most 256 entries when a proof needs them.

use nedb_types::{Digest, Error, Result};

/// The lowest level that is kept; its nodes stand over 256 leaves.
pub(crate) const STORED_LEVEL_MIN: u8 = 8;

/// Nodes of perfect subtrees by level and index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TreeNodes {
    levels: Vec<Vec<Digest>>,
}

impl TreeNodes {
    pub(crate) fn from_levels(levels: Vec<Vec<Digest>>) -> Self {
        Self { levels }
    }

    /// Adds completed nodes, lower levels first and each level in order.
    pub(crate) fn extend(&mut self, nodes: &[(u8, u64, Digest)]) {
        for (level, index, node) in nodes {
            let level = usize::from(*level - STORED_LEVEL_MIN);
            if self.levels.len() <= level {
                self.levels.resize_with(level + 1, Vec::new);
            }
            let Some(row) = self.levels.get_mut(level) else { continue };
            assert_eq!(row.len() as u64, *index, "tree nodes of a level are completed in order");
            row.push(*node);
        }
    }

    pub(crate) fn node(&self, level: u8, index: u64) -> Result<Digest> {
        let row = self.levels.get(usize::from(level.saturating_sub(STORED_LEVEL_MIN)));
        let index_in_row = usize::try_from(index).unwrap_or(usize::MAX);
        row.and_then(|row| row.get(index_in_row))
            .copied()
            .ok_or_else(|| Error::corrupt(format!("tree node {index} of level {level} is missing")))
    }

    pub(crate) fn levels(&self) -> &[Vec<Digest>] {
        &self.levels
    }
}
