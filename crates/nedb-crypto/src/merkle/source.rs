//! Where a proof gets its nodes from, and the hash of a part of the tree that is not perfect.
//!
//! Promises: a proof asks only for perfect subtrees that lie inside the tree of the asked size.
//! Leaves to others: whether a node is read from disk, cached or computed from leaves.

use super::subtree::subtree_root;
use crate::digest::{node_hash, sha256};
use nedb_types::{Digest, Error, ErrorCode, Result};

/// Hands out the hashes of perfect subtrees.
pub trait NodeSource {
    /// Returns the hash of the subtree over the leaves `index << level .. (index + 1) << level`.
    ///
    /// A node that the source should have and cannot read is an error, never a made-up hash.
    fn node(&self, level: u8, index: u64) -> Result<Digest>;
}

/// Computes nodes from leaves in memory: for small trees, and for the low levels that are not stored.
///
/// ```
/// use nedb_crypto::{Leaves, inclusion_proof, leaf_hash, subtree_root, verify_inclusion};
///
/// let leaves: Vec<_> = (0..10u8).map(|i| leaf_hash(&[&[i]])).collect();
/// let proof = inclusion_proof(&Leaves(&leaves), 3, 10)?;
/// verify_inclusion(&leaves[3], 3, 10, &proof, &subtree_root(&leaves))?;
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Leaves<'a>(
    /// The leaves from the first one on.
    pub &'a [Digest],
);

impl NodeSource for Leaves<'_> {
    fn node(&self, level: u8, index: u64) -> Result<Digest> {
        let range = || {
            let width = 1_usize.checked_shl(u32::from(level))?;
            let start = usize::try_from(index).ok()?.checked_mul(width)?;
            self.0.get(start..start.checked_add(width)?)
        };
        let leaves = range().ok_or_else(|| {
            let message = format!("tree node {index} of level {level} needs more than the {} leaves", self.0.len());
            Error::new(ErrorCode::InvalidArgument, message)
        })?;
        Ok(subtree_root(leaves))
    }
}

/// The hash over `count` leaves from `start` on, where `start` is a multiple of a power of two >= `count`.
///
/// It is joined from the perfect subtrees that the set bits of `count` name, the largest one first.
pub(super) fn range_root(source: &impl NodeSource, start: u64, count: u64) -> Result<Digest> {
    let mut peaks = Vec::new();
    let mut position = start;
    for level in (0..64_u8).rev().filter(|level| count >> level & 1 == 1) {
        peaks.push(source.node(level, position >> level)?);
        position += 1 << level;
    }
    Ok(peaks.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(|| sha256(&[])))
}

/// The size of the left subtree of a tree of `size` > 1 leaves: the largest power of two below it.
pub(super) fn left_size(size: u64) -> u64 {
    1 << (u64::BITS - 1 - size.saturating_sub(1).leading_zeros().min(63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_left_subtree_is_the_largest_power_of_two_below() {
        let expected = [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (u64::MAX, 1 << 63)];
        for (size, left) in expected {
            assert_eq!(left_size(size), left);
        }
    }

    #[test]
    fn a_node_outside_the_leaves_is_an_error() {
        let leaves = [Digest::ZERO; 5];
        for (level, index) in [(0, 5), (1, 2), (3, 0), (63, 1), (64, 0), (255, u64::MAX), (0, u64::MAX)] {
            assert_eq!(Leaves(&leaves).node(level, index).unwrap_err().code(), ErrorCode::InvalidArgument);
        }
    }
}
