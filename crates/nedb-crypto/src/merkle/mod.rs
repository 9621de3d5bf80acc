//! The Merkle tree of RFC 6962 over the log's leaves.
//!
//! A node is named by its level and its index in that level; only perfect subtrees have a name.
//!
//! ```text
//!   level 2              0                     tree of 7 leaves: the perfect subtrees on its right
//!   level 1        0           1        2      edge, called peaks, are (2,0), (1,2) and (0,6);
//!   level 0     0     1     2     3   4   5   6    the root is hash(4 leaves, hash(2 leaves, leaf))
//! ```
//!
//! Promises: roots and proofs equal those of any other RFC 6962 and RFC 9162 implementation.
//! Leaves to others: hashing an entry to its leaf, storing nodes, signing the root.

mod consistency;
mod frontier;
mod inclusion;
mod source;
mod subtree;

pub use consistency::{consistency_proof, verify_consistency};
pub use frontier::Frontier;
pub use inclusion::{inclusion_proof, verify_inclusion};
pub use source::{Leaves, NodeSource};
pub use subtree::subtree_root;

/// The greatest number of hashes in an inclusion proof: one for each level under the root.
pub const PROOF_HASHES_MAX: usize = 64;

#[cfg(test)]
mod tests;
