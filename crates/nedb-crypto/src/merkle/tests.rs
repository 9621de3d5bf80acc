//! Roots and proofs against the recursive definitions of RFC 6962, and against its published test tree.
#![expect(clippy::cast_possible_truncation, reason = "the trees of these tests have at most 130 leaves")]

use super::*;
use crate::digest::{leaf_hash, node_hash, sha256};
use nedb_types::{Digest, ErrorCode};

/// The greatest tree of the exhaustive tests: past two powers of two on both sides.
const SIZE_MAX: u64 = 130;

fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|number| leaf_hash(&[&number.to_le_bytes()])).collect()
}

/// The largest power of two below `count`, found by trying.
fn split(count: usize) -> usize {
    let mut left = 1;
    while left * 2 < count {
        left *= 2;
    }
    left
}

/// `MTH` of RFC 6962, section 2.1, word by word.
fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// `PATH` of RFC 6962, section 2.1.1.
fn naive_path(seq: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if seq < left.len() {
        (naive_path(seq, left), naive_root(right))
    } else {
        (naive_path(seq - left.len(), right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// `SUBPROOF` of RFC 6962, section 2.1.2.
fn naive_subproof(from: usize, leaves: &[Digest], is_whole: bool) -> Vec<Digest> {
    if from == leaves.len() {
        return if is_whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, hash) = if from <= left.len() {
        (naive_subproof(from, left, is_whole), naive_root(right))
    } else {
        (naive_subproof(from - left.len(), right, false), naive_root(left))
    };
    proof.push(hash);
    proof
}

/// The eight inputs and roots that Certificate Transparency implementations publish as their test tree.
const PUBLISHED: [(&[u8], &str); 8] = [
    (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    (b"\x00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (b"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    (b"\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (b"\x30\x31", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    (b"\x40\x41\x42\x43", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    (b"\x50\x51\x52\x53\x54\x55\x56\x57", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
];

#[test]
fn the_published_test_tree_has_its_published_roots() {
    let mut tree = Frontier::new();
    for (input, root) in PUBLISHED {
        tree.push(leaf_hash(&[input]));
        assert_eq!(tree.root().to_string(), root);
    }
}

#[test]
fn the_published_proofs_come_out() {
    let leaves: Vec<_> = PUBLISHED.iter().map(|(input, _)| leaf_hash(&[input])).collect();
    let text = |proof: Vec<Digest>| proof.iter().map(Digest::to_string).collect::<Vec<_>>();
    assert_eq!(
        text(inclusion_proof(&Leaves(&leaves), 0, 8).unwrap()),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        text(consistency_proof(&Leaves(&leaves), 6, 8).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn every_root_equals_the_recursive_definition() {
    let leaves = leaves(SIZE_MAX);
    for size in 0..=leaves.len() {
        assert_eq!(subtree_root(&leaves[..size]), naive_root(&leaves[..size]));
    }
}

#[test]
fn every_inclusion_proof_equals_the_recursive_definition_and_verifies() {
    let leaves = leaves(SIZE_MAX);
    for size in 1..=SIZE_MAX {
        let part = &leaves[..size as usize];
        let root = naive_root(part);
        for seq in 0..size {
            let proof = inclusion_proof(&Leaves(&leaves), seq, size).unwrap();
            assert_eq!(proof, naive_path(seq as usize, part), "seq {seq} of {size}");
            verify_inclusion(&part[seq as usize], seq, size, &proof, &root).unwrap();
        }
    }
}

#[test]
fn every_consistency_proof_equals_the_recursive_definition_and_verifies() {
    let leaves = leaves(SIZE_MAX);
    let roots: Vec<_> = (0..=leaves.len()).map(|size| naive_root(&leaves[..size])).collect();
    for to in 0..=SIZE_MAX {
        for from in 0..=to {
            let proof = consistency_proof(&Leaves(&leaves), from, to).unwrap();
            if from > 0 {
                assert_eq!(proof, naive_subproof(from as usize, &leaves[..to as usize], true), "{from} to {to}");
            }
            verify_consistency(from, &roots[from as usize], to, &roots[to as usize], &proof).unwrap();
        }
    }
}

#[test]
fn a_leaf_verifies_at_its_own_seq_size_and_root_only() {
    let leaves = leaves(40);
    let roots: Vec<_> = (0..=leaves.len()).map(|size| naive_root(&leaves[..size])).collect();
    for size in [1_u64, 2, 3, 5, 8, 13, 16, 31, 33] {
        for seq in 0..size {
            let leaf = &leaves[seq as usize];
            let proof = inclusion_proof(&Leaves(&leaves), seq, size).unwrap();
            for (other_size, root) in (0..).zip(&roots) {
                for other_seq in 0..41 {
                    let is_own = (other_seq, other_size) == (seq, size);
                    let verdict = verify_inclusion(leaf, other_seq, other_size, &proof, root);
                    assert_eq!(verdict.is_ok(), is_own, "proof of {seq} in {size} as {other_seq} in {other_size}");
                }
            }
        }
    }
}

/// A claim with one bit changed, one hash taken away or one added must not verify.
fn wrong_proofs(proof: &[Digest]) -> Vec<Vec<Digest>> {
    let mut wrong = Vec::new();
    for at in 0..proof.len() {
        for bit in 0..256 {
            let mut flipped = proof.to_vec();
            flipped[at] = flip(&flipped[at], bit);
            wrong.push(flipped);
        }
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        wrong.push(shorter);
    }
    for at in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(at, Digest::ZERO);
        wrong.push(longer);
    }
    wrong
}

fn flip(digest: &Digest, bit: usize) -> Digest {
    let mut bytes = digest.to_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

#[test]
fn every_wrong_bit_of_an_inclusion_claim_fails() {
    let leaves = leaves(21);
    for size in [1_u64, 2, 7, 8, 21] {
        let root = naive_root(&leaves[..size as usize]);
        for seq in [0, size / 2, size - 1] {
            let leaf = leaves[seq as usize];
            let proof = inclusion_proof(&Leaves(&leaves), seq, size).unwrap();
            for wrong in wrong_proofs(&proof) {
                let error = verify_inclusion(&leaf, seq, size, &wrong, &root).unwrap_err();
                assert_eq!(error.code(), ErrorCode::BadProof);
            }
            for bit in 0..256 {
                assert!(verify_inclusion(&flip(&leaf, bit), seq, size, &proof, &root).is_err());
                assert!(verify_inclusion(&leaf, seq, size, &proof, &flip(&root, bit)).is_err());
            }
        }
    }
}

#[test]
fn every_wrong_bit_of_a_consistency_claim_fails() {
    let leaves = leaves(21);
    let roots: Vec<_> = (0..=leaves.len()).map(|size| naive_root(&leaves[..size])).collect();
    for (from, to) in [(0, 0), (0, 5), (1, 2), (3, 7), (4, 8), (6, 8), (8, 8), (20, 21), (1, 21), (16, 21)] {
        let (old, new) = (roots[from as usize], roots[to as usize]);
        let proof = consistency_proof(&Leaves(&leaves), from, to).unwrap();
        for wrong in wrong_proofs(&proof) {
            let error = verify_consistency(from, &old, to, &new, &wrong).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadProof);
        }
        for bit in 0..256 {
            assert!(verify_consistency(from, &flip(&old, bit), to, &new, &proof).is_err());
            // Any later tree continues the empty one.
            let is_bound = !(from == 0 && to > 0);
            assert_eq!(verify_consistency(from, &old, to, &flip(&new, bit), &proof).is_err(), is_bound);
        }
    }
}

#[test]
fn a_consistency_proof_holds_for_its_own_sizes_only() {
    let leaves = leaves(24);
    let roots: Vec<_> = (0..=leaves.len()).map(|size| naive_root(&leaves[..size])).collect();
    for (from, to) in [(1_u64, 9_u64), (3, 7), (5, 24), (8, 16), (12, 20)] {
        let proof = consistency_proof(&Leaves(&leaves), from, to).unwrap();
        for (other_to, new) in (0..).zip(&roots) {
            for (other_from, old) in (1..).zip(&roots[1..]) {
                let is_own = (other_from, other_to) == (from, to);
                let verdict = verify_consistency(other_from, old, other_to, new, &proof);
                assert_eq!(verdict.is_ok(), is_own, "{from}..{to} as {other_from}..{other_to}");
            }
        }
    }
}

#[test]
fn sizes_at_the_end_of_the_number_range_are_refused_without_a_panic() {
    let root = Digest::ZERO;
    for size in [0, 1, 1 << 63, u64::MAX - 1, u64::MAX] {
        for seq in [0, 1, 1 << 63, u64::MAX] {
            for length in [0, 1, 63, 64, 65, 200] {
                let proof = vec![Digest::ZERO; length];
                assert!(verify_inclusion(&leaf_hash(&[]), seq, size, &proof, &root).is_err());
                assert!(verify_consistency(seq, &root, size, &leaf_hash(&[]), &proof).is_err() || seq == size);
            }
            // A tree of one leaf needs no node for its proof.
            assert!(inclusion_proof(&Leaves(&[]), seq, size).is_err() || (seq, size) == (0, 1));
        }
    }
}

#[test]
fn a_seq_outside_the_tree_and_a_shrinking_tree_are_named() {
    let leaves = leaves(5);
    let error = inclusion_proof(&Leaves(&leaves), 5, 5).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnknownProofSeq);
    let error = consistency_proof(&Leaves(&leaves), 4, 3).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
}
