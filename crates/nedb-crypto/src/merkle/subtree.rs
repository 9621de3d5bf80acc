//! The root of a list of leaves, computed level by level so that every level fills the hash lanes.
//!
//! Promises: equals the recursive definition of RFC 6962, section 2.1, for any number of leaves.
//! Leaves to others: growing a tree step by step (see [`Frontier`](super::Frontier)).

use crate::digest::sha256;
use crate::lanes::node_hash_many;
use nedb_types::Digest;

/// Returns the root of the tree over `leaves`; that of no leaves is the SHA-256 of nothing.
///
/// ```
/// use nedb_crypto::{leaf_hash, node_hash, subtree_root};
///
/// let leaves = [leaf_hash(&[b"a"]), leaf_hash(&[b"b"]), leaf_hash(&[b"c"])];
/// assert_eq!(subtree_root(&leaves), node_hash(&node_hash(&leaves[0], &leaves[1]), &leaves[2]));
/// ```
pub fn subtree_root(leaves: &[Digest]) -> Digest {
    let mut level = parents(leaves);
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied().unwrap_or_else(|| sha256(&[]))
}

/// The next level up; a last node without a sibling rises unchanged.
fn parents(children: &[Digest]) -> Vec<Digest> {
    let mut parents = vec![Digest::ZERO; children.len() / 2];
    node_hash_many(children, &mut parents);
    let (_, alone) = children.as_chunks::<2>();
    parents.extend_from_slice(alone);
    parents
}
