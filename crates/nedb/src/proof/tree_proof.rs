//! Inclusion and consistency proofs as values: what they say, checking them, and their JSON.
//!
//! Promises: `verify` needs nothing but the value. Leaves to others: whether the root is to be trusted, which is what
//! signed checkpoints are for.

use nedb_crypto::{verify_consistency, verify_inclusion};
use nedb_types::{Digest, Result, Seq};

use super::json::JsonFields;

/// Shows that one operation is in the tree of a size (RFC 9162, section 2.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The operation.
    pub seq: Seq,
    /// The number of operations in the tree.
    pub size: u64,
    /// The hash of the operation's entry.
    pub leaf: Digest,
    /// The root of the tree.
    pub root: Digest,
    /// The siblings on the way to the root, the leaf's own first.
    pub hashes: Vec<Digest>,
}

impl InclusionProof {
    /// Checks that the hashes lead from the leaf to the root; `bad_proof` otherwise.
    pub fn verify(&self) -> Result<()> {
        verify_inclusion(&self.leaf, self.seq.get(), self.size, &self.hashes, &self.root)
    }

    /// The proof as one JSON object; digests in hex.
    pub fn to_json(&self) -> Result<String> {
        JsonFields::new()
            .number("seq", self.seq.get())
            .number("size", self.size)
            .text("leaf", self.leaf)
            .text("root", self.root)
            .texts("hashes", &self.hashes)
            .finish()
    }
}

/// Shows that a tree continues an earlier one (RFC 9162, section 2.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The number of operations in the earlier tree.
    pub from_size: u64,
    /// Its root.
    pub from_root: Digest,
    /// The number of operations in the later tree.
    pub to_size: u64,
    /// Its root.
    pub to_root: Digest,
    /// The hashes that lead to both roots.
    pub hashes: Vec<Digest>,
}

impl ConsistencyProof {
    /// Checks that the hashes lead to both roots; `bad_proof` otherwise.
    pub fn verify(&self) -> Result<()> {
        verify_consistency(self.from_size, &self.from_root, self.to_size, &self.to_root, &self.hashes)
    }

    /// The proof as one JSON object; digests in hex.
    pub fn to_json(&self) -> Result<String> {
        JsonFields::new()
            .number("from_size", self.from_size)
            .text("from_root", self.from_root)
            .number("to_size", self.to_size)
            .text("to_root", self.to_root)
            .texts("hashes", &self.hashes)
            .finish()
    }
}
