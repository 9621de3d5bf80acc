//! SHA-256 of many independent messages at once, one message per SIMD lane.
//!
//! A single SHA-256 is one long chain of dependent steps, so on a processor without SHA instructions it leaves
//! most of the machine idle. A commit, however, hashes dozens of unrelated leaves, commitments and tree nodes.
//! Here they run side by side: lane `i` of every vector register belongs to message `i`.
//!
//! ```text
//!   register a:  | a of msg 0 | a of msg 1 | ... | a of msg 15 |     one compression advances
//!   register b:  | b of msg 0 | b of msg 1 | ... | b of msg 15 |     sixteen messages by one block
//! ```
//!
//! Promises: the result equals [`sha256`] bit for bit, whatever the processor, the number of
//! messages and their lengths. Leaves to others: which bytes are hashed, and threads (this is one core's work).

mod batch;
mod compress;
mod message;

pub use message::{MESSAGE_PARTS_MAX, Message};

use crate::digest::{node_hash, sha256};
use nedb_types::Digest;
use pulp::{Arch, Simd, WithSimd};

/// The least number of messages that is worth filling lanes for.
///
/// A pass over all lanes costs about as much as four single compressions, whether every lane has a message or not.
const LANE_MESSAGES_MIN: usize = 5;

/// The least number of 32-bit lanes that beats the scalar assembly of the cryptographic library.
const LANES_MIN: usize = 8;

/// Hashes every message and writes the digest of `messages[i]` to `out[i]`.
///
/// Large batches are the fast ones: sixteen or more messages of similar length cost about a quarter of hashing
/// them one by one on a processor with AVX-512 and no SHA instructions.
///
/// # Panics
/// When the two slices differ in length, which is an error of the caller's logic.
///
/// ```
/// use nedb_crypto::{Digest, Domain, Message, leaf_hash, sha256_many};
///
/// let entries: Vec<Vec<u8>> = (0..20u8).map(|i| vec![i; 100]).collect();
/// let messages: Vec<Message<'_>> =
///     entries.iter().map(|entry| Message::tagged(Domain::Leaf, [entry.as_slice()])).collect();
/// let mut digests = vec![Digest::ZERO; messages.len()];
/// sha256_many(&messages, &mut digests);
/// assert_eq!(digests[7], leaf_hash(&[&entries[7]]));
/// ```
pub fn sha256_many(messages: &[Message<'_>], out: &mut [Digest]) {
    assert_eq!(messages.len(), out.len(), "one digest per message");
    let Some(arch) = lanes_of_this_processor().filter(|_| messages.len() >= LANE_MESSAGES_MIN) else {
        return hash_singly(messages.iter().zip(out));
    };
    // A message with more than a quarter of all blocks would mostly run with the other lanes empty.
    let blocks_all: u64 = messages.iter().map(Message::block_count).sum();
    let is_long = |message: &Message<'_>| message.block_count() > blocks_all / 4;
    if messages.iter().any(is_long) {
        let (long, even): (Vec<_>, Vec<_>) = messages.iter().zip(out).partition(|(message, _)| is_long(message));
        hash_singly(long.into_iter());
        hash_in_lanes(arch, even.into_iter());
    } else {
        hash_in_lanes(arch, messages.iter().zip(out));
    }
}

/// Hashes each pair of children into its parent: `parents[i] = node(children[2i], children[2i + 1])`.
///
/// A last child without a sibling is left alone. The caller gives one parent per whole pair.
pub(crate) fn node_hash_many(children: &[Digest], parents: &mut [Digest]) {
    let (pairs, _) = children.as_chunks::<2>();
    let arch = lanes_of_this_processor().filter(|_| pairs.len() >= LANE_MESSAGES_MIN);
    if let Some(arch) = arch {
        return hash_in_lanes(arch, pairs.iter().map(|[left, right]| Message::node(left, right)).zip(parents));
    }
    for ([left, right], parent) in pairs.iter().zip(parents) {
        *parent = node_hash(left, right);
    }
}

/// The vector instructions to use, or none where one message at a time is at least as fast.
fn lanes_of_this_processor() -> Option<Arch> {
    if has_sha_instructions() { None } else { Some(Arch::new()).filter(|arch| has_wide_vectors(*arch)) }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_sha_instructions() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(target_arch = "aarch64")]
fn has_sha_instructions() -> bool {
    std::arch::is_aarch64_feature_detected!("sha2")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_sha_instructions() -> bool {
    false
}

fn has_wide_vectors(arch: Arch) -> bool {
    struct LaneCount;
    impl WithSimd for LaneCount {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::U32_LANES
        }
    }
    arch.dispatch(LaneCount) >= LANES_MIN
}

fn hash_singly<'m, 'o, M: AsRef<Message<'m>>>(jobs: impl Iterator<Item = (M, &'o mut Digest)>) {
    for (message, out) in jobs {
        *out = sha256(message.as_ref().parts());
    }
}

fn hash_in_lanes<'m, 'o, M: AsRef<Message<'m>>>(arch: Arch, jobs: impl Iterator<Item = (M, &'o mut Digest)>) {
    arch.dispatch(batch::Batch::new(jobs.map(|(message, out)| (message.as_ref().blocks(), out))));
}

#[cfg(test)]
mod tests;
