//! Proof files: round trip, and refusal of everything that was changed.

use super::super::{SecretSeed, SigningKey};
use super::*;
use crate::{Leaves, inclusion_proof, leaf_hash, subtree_root};
use nedb_types::ErrorCode;

const SIZE: u64 = 11;

fn key() -> SigningKey {
    SigningKey::new("example.com/log", &SecretSeed::new([5; 32])).unwrap()
}

fn leaves() -> Vec<Digest> {
    (0..SIZE).map(|number| leaf_hash(&[&number.to_le_bytes()])).collect()
}

fn proof_of(index: u64) -> ProofFile {
    let leaves = leaves();
    let head = TreeHead::new("example.com/log", SIZE, subtree_root(&leaves)).unwrap();
    let hashes = inclusion_proof(&Leaves(&leaves), index, SIZE).unwrap();
    ProofFile::new(index, hashes, head.sign(&key()).unwrap())
}

#[test]
fn the_lines_are_those_of_the_specification() {
    let proof = proof_of(10).with_extra(b"extra".to_vec());
    let text = proof.to_string();
    let hashes = proof.hashes().iter().map(|hash| encode_base64(hash) + "\n").collect::<String>();
    let expected = format!("c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 10\n{hashes}\n{}", proof.checkpoint());
    assert_eq!(text, expected);
    assert_eq!(text.parse::<ProofFile>().unwrap(), proof);
}

#[test]
fn every_entry_s_proof_verifies_after_a_round_trip_for_its_own_leaf_only() {
    let leaves = leaves();
    for (index, own) in (0..).zip(&leaves) {
        let proof: ProofFile = proof_of(index).to_string().parse().unwrap();
        assert_eq!((proof.index(), proof.extra()), (index, None));
        for leaf in &leaves {
            let verdict = proof.verify(leaf, &[key().verifier_key()]);
            assert_eq!(verdict.is_ok(), leaf == own);
            if let Err(error) = verdict {
                assert_eq!(error.code(), ErrorCode::BadProof);
            }
        }
    }
}

#[test]
fn a_tree_of_one_entry_needs_no_hashes() {
    let leaf = leaf_hash(&[b"only"]);
    let checkpoint = TreeHead::new("example.com/log", 1, leaf).unwrap().sign(&key()).unwrap();
    let text = ProofFile::new(0, Vec::new(), checkpoint).to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nexample.com/log\n"));
    text.parse::<ProofFile>().unwrap().verify(&leaf, &[key().verifier_key()]).unwrap();
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let leaf = leaves()[4];
    let text = proof_of(4).to_string();
    let is_accepted =
        |text: &str| text.parse::<ProofFile>().and_then(|proof| proof.verify(&leaf, &[key().verifier_key()])).is_ok();
    assert!(is_accepted(&text));
    for start in (0..text.len()).filter_map(|end| text.get(..end)) {
        assert!(!is_accepted(start), "first {} bytes", start.len());
    }
    for bit in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = String::from_utf8(bytes) {
            assert!(!is_accepted(&changed), "bit {bit}");
        }
    }
}

#[test]
fn malformed_files_are_refused() {
    let good = proof_of(4).to_string();
    let hash = encode_base64(Digest::ZERO) + "\n";
    let cases = [
        good.replace("@v1", "@v2"),
        good.replace("index 4", "index 04"),
        good.replace("index 4\n", ""),
        good.replace("index 4\n", "index 4\nextra AAAA\n"),
        good.replace("index 4\n", "extra AAA\nindex 4\n"),
        good.replace("index 4\n", "extra AAAA\nextra AAAA\nindex 4\n"),
        good.replace("index 4\n", "index 4\nAAAA\n"),
        good.replace("index 4\n", &format!("index 4\n{}", hash.repeat(61))),
        "x".repeat(PROOF_FILE_BYTES_MAX + 1),
    ];
    for case in cases {
        let start: String = case.chars().take(80).collect();
        assert_eq!(case.parse::<ProofFile>().unwrap_err().code(), ErrorCode::InvalidArgument, "{start:?}");
    }
}
