//! Inclusion proofs: that one leaf stands at one place of a tree (RFC 9162, sections 2.1.3.1 and 2.1.3.2).
//!
//! Promises: a proof that verifies binds leaf, position, size and root; every other combination fails.
//! Leaves to others: trusting the root.

use super::source::{NodeSource, left_size, range_root};
use crate::digest::node_hash;
use nedb_types::{Digest, Error, ErrorCode, Result};

/// Makes the proof that the leaf at `seq` is in the tree of the first `size` leaves, the leaf's sibling first.
///
/// A `seq` outside the tree is `unknown_proof_seq`; an error of the source is passed on.
pub fn inclusion_proof(source: &impl NodeSource, seq: u64, size: u64) -> Result<Vec<Digest>> {
    if seq >= size {
        let message = format!("no proof for seq {seq} in a tree of {size} entries");
        return Err(Error::new(ErrorCode::UnknownProofSeq, message));
    }
    let mut siblings = Vec::new();
    let (mut start, mut count) = (0, size);
    while count > 1 {
        let left = left_size(count);
        if seq - start < left {
            siblings.push(range_root(source, start + left, count - left)?);
            count = left;
        } else {
            siblings.push(range_root(source, start, left)?);
            start += left;
            count -= left;
        }
    }
    siblings.reverse();
    Ok(siblings)
}

/// Checks that `leaf` stands at `seq` in the tree of `size` leaves with this root.
///
/// Anything wrong is `bad_proof`.
///
/// ```
/// use nedb_crypto::{leaf_hash, node_hash, verify_inclusion};
///
/// let (a, b) = (leaf_hash(&[b"a"]), leaf_hash(&[b"b"]));
/// let root = node_hash(&a, &b);
/// assert!(verify_inclusion(&b, 1, 2, &[a], &root).is_ok());
/// assert!(verify_inclusion(&b, 0, 2, &[a], &root).is_err());
/// ```
pub fn verify_inclusion(leaf: &Digest, seq: u64, size: u64, proof: &[Digest], root: &Digest) -> Result<()> {
    let computed = root_above(leaf, seq, size, proof);
    if computed.as_ref() == Some(root) {
        return Ok(());
    }
    let reason = if computed.is_none() { "has the wrong number of hashes" } else { "leads to another root" };
    let message = format!("inclusion proof of seq {seq} in a tree of {size} entries {reason}");
    Err(Error::new(ErrorCode::BadProof, message))
}

/// The root that the proof leads to, or none when the position lies outside or the length does not fit.
fn root_above(leaf: &Digest, seq: u64, size: u64, proof: &[Digest]) -> Option<Digest> {
    // `node` is the place of the current subtree in its level, `last` that of the level's last subtree.
    let (mut node, mut last) = (seq, size.checked_sub(1)?);
    if node > last {
        return None;
    }
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A last node without a right sibling rises unchanged until it is a right child.
            let levels_alone = node.trailing_zeros().min(63);
            node >>= levels_alone;
            last >>= levels_alone;
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}
