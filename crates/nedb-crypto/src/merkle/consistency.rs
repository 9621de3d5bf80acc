//! Consistency proofs: that a later tree only appended to an earlier one (RFC 9162, sections 2.1.4.1 and 2.1.4.2).
//!
//! Promises: a proof that verifies shows that both roots agree on every leaf of the smaller tree.
//! Leaves to others: trusting either root.

use super::source::{NodeSource, left_size, range_root};
use crate::digest::{node_hash, sha256};
use nedb_types::{Digest, Error, ErrorCode, Result};

/// Makes the proof that the tree of `to_size` leaves continues that of `from_size`.
///
/// It is empty when the sizes are equal or the smaller tree is. Sizes in the wrong order are
/// `invalid_argument`; an error of the source is passed on.
pub fn consistency_proof(source: &impl NodeSource, from_size: u64, to_size: u64) -> Result<Vec<Digest>> {
    if from_size > to_size {
        let message = format!("a tree of {to_size} entries cannot continue one of {from_size}");
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    let mut hashes = Vec::new();
    if from_size == 0 || from_size == to_size {
        return Ok(hashes);
    }
    // The subtree under study, and how many of its leaves the smaller tree has.
    let (mut start, mut count, mut shared) = (0, to_size, from_size);
    while shared != count {
        let left = left_size(count);
        if shared <= left {
            hashes.push(range_root(source, start + left, count - left)?);
            count = left;
        } else {
            hashes.push(range_root(source, start, left)?);
            start += left;
            count -= left;
            shared -= left;
        }
    }
    // From leaf 0 on, this last subtree is the smaller tree itself, whose root the verifier has.
    if start != 0 {
        hashes.push(range_root(source, start, count)?);
    }
    hashes.reverse();
    Ok(hashes)
}

/// Checks that the tree `(to_size, to_root)` continues the tree `(from_size, from_root)`.
///
/// Anything wrong is `bad_proof`. Every tree continues the empty one, whose root must be right all the same.
///
/// ```
/// use nedb_crypto::{Leaves, consistency_proof, leaf_hash, subtree_root, verify_consistency};
///
/// let leaves: Vec<_> = (0..10u8).map(|i| leaf_hash(&[&[i]])).collect();
/// let (old, new) = (subtree_root(&leaves[..6]), subtree_root(&leaves));
/// let proof = consistency_proof(&Leaves(&leaves), 6, 10)?;
/// verify_consistency(6, &old, 10, &new, &proof)?;
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn verify_consistency(
    from_size: u64,
    from_root: &Digest,
    to_size: u64,
    to_root: &Digest,
    proof: &[Digest],
) -> Result<()> {
    let roots = if from_size == 0 {
        // Both trees are bound where they can be: the empty root is known, and so is that of an empty later tree.
        let later = if to_size == 0 { sha256(&[]) } else { *to_root };
        proof.is_empty().then(|| (sha256(&[]), later))
    } else if from_size == to_size {
        proof.is_empty().then_some((*to_root, *to_root))
    } else {
        roots_above(from_size, from_root, to_size, proof)
    };
    if roots == Some((*from_root, *to_root)) {
        return Ok(());
    }
    let reason = if roots.is_none() { "has the wrong number of hashes" } else { "leads to other roots" };
    let message = format!("consistency proof from {from_size} to {to_size} entries {reason}");
    Err(Error::new(ErrorCode::BadProof, message))
}

/// The roots of the smaller and the larger tree that the proof leads to, for `0 < from_size < to_size`.
fn roots_above(from_size: u64, from_root: &Digest, to_size: u64, proof: &[Digest]) -> Option<(Digest, Digest)> {
    if from_size > to_size {
        return None;
    }
    // `node` and `last` are the places of the smaller and the larger tree's last subtree in the current level.
    let (mut node, mut last) = (from_size.checked_sub(1)?, to_size.checked_sub(1)?);
    let levels_shared = node.trailing_ones().min(63);
    node >>= levels_shared;
    last >>= levels_shared;

    // A smaller tree that is one perfect subtree is itself the first hash.
    let mut rest = proof.iter();
    let first = if from_size.is_power_of_two() { *from_root } else { *rest.next()? };
    let (mut smaller, mut larger) = (first, first);
    for hash in rest {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            smaller = node_hash(hash, &smaller);
            larger = node_hash(hash, &larger);
            let levels_alone = node.trailing_zeros().min(63);
            node >>= levels_alone;
            last >>= levels_alone;
        } else {
            larger = node_hash(&larger, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((smaller, larger))
}
