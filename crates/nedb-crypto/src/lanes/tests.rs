//! Lanes against the single hash: every length, every batch size, every instruction set of this machine.
#![expect(clippy::cast_possible_truncation, reason = "test bytes may wrap")]

use super::*;
use crate::digest::Domain;
use proptest::prelude::*;

/// Bytes that differ for each message and position.
fn body(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (seed * 131 + at * 7 + (at >> 5)) as u8).collect()
}

fn check_all_instruction_sets(bodies: &[Vec<u8>]) {
    let messages: Vec<_> = bodies.iter().map(|body| Message::plain(body)).collect();
    let expected: Vec<_> = bodies.iter().map(|body| sha256(&[body])).collect();
    let mut got = vec![Digest::ZERO; bodies.len()];
    sha256_many(&messages, &mut got);
    assert_eq!(got, expected, "as dispatched");

    let mut got = vec![Digest::ZERO; bodies.len()];
    hash_in_lanes(Arch::new(), messages.iter().zip(&mut got));
    assert_eq!(got, expected, "widest lanes");

    let mut got = vec![Digest::ZERO; bodies.len()];
    pulp::Scalar::new().vectorize(batch::Batch::new(messages.iter().map(Message::blocks).zip(&mut got)));
    assert_eq!(got, expected, "one lane");

    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        let mut got = vec![Digest::ZERO; bodies.len()];
        Simd::vectorize(avx2, batch::Batch::new(messages.iter().map(Message::blocks).zip(&mut got)));
        assert_eq!(got, expected, "eight lanes");
    }
}

#[test]
fn standard_vectors_come_out_of_every_lane() {
    let vectors: [(&[u8], &str); 3] = [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];
    for (text, hex) in vectors {
        let mut got = vec![Digest::ZERO; 16];
        hash_in_lanes(Arch::new(), [Message::plain(text); 16].iter().zip(&mut got));
        assert!(got.iter().all(|digest| digest.to_string() == hex), "{got:?}");
    }
}

#[test]
fn every_length_equals_the_single_hash() {
    let bodies: Vec<_> = (0..400).map(|length| body(length, length)).collect();
    check_all_instruction_sets(&bodies);
}

#[test]
fn every_batch_size_equals_the_single_hash() {
    for count in 0..50 {
        let bodies: Vec<_> = (0..count).map(|seed| body(seed, 100 + (seed * 37) % 90)).collect();
        check_all_instruction_sets(&bodies);
    }
}

#[test]
fn one_long_message_among_short_ones_equals_the_single_hash() {
    let mut bodies: Vec<_> = (0..20).map(|seed| body(seed, 60)).collect();
    bodies[9] = body(9, 100_000);
    check_all_instruction_sets(&bodies);
}

#[test]
fn parts_hash_like_their_concatenation() {
    let whole = body(3, 200);
    for first in [0, 1, 54, 55, 56, 62, 63, 64, 65, 127, 128, 199, 200] {
        for second in [first, first + (200 - first) / 2, 200] {
            let parts = [&whole[..first], &whole[first..second], &whole[second..]];
            let message = Message::tagged(Domain::Leaf, parts);
            let mut got = [Digest::ZERO; 5];
            hash_in_lanes(Arch::new(), [message; 5].iter().zip(&mut got));
            assert_eq!(got, [crate::leaf_hash(&[&whole]); 5]);
        }
    }
}

#[test]
fn pairs_hash_to_their_parents_and_an_odd_child_stays() {
    for count in 0..40 {
        let children: Vec<_> = (0..count).map(|seed| sha256(&[&body(seed, 9)])).collect();
        let mut parents = vec![Digest::ZERO; count / 2];
        node_hash_many(&children, &mut parents);
        let expected: Vec<_> = children.chunks_exact(2).map(|pair| crate::node_hash(&pair[0], &pair[1])).collect();
        assert_eq!(parents, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_batches_equal_the_single_hash(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..40)) {
        check_all_instruction_sets(&bodies);
    }
}
