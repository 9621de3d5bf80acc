//! SHA-256 of one message, with the domain tag that keeps hashes of different things apart.
//!
//! Promises: every hash that NEDB stores or signs begins with one tag byte (but the empty tree, which RFC 6962
//! fixes), so no content can be passed off as another kind of content. Leaves to others: what an entry, a
//! payload or a frame consists of, and hashing many messages at once (see [`sha256_many`](crate::sha256_many)).

use aws_lc_rs::digest::{Context, SHA256};
use nedb_types::Digest;

/// Names what a digest stands for; its tag is the first byte that is hashed.
///
/// The numbers are part of the format and of every published proof. Leaf and node are those of RFC 6962.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Domain {
    /// A log entry, which is a leaf of the tree.
    Leaf = 0x00,
    /// An inner node of the tree.
    Node = 0x01,
    /// The salted commitment of an entry to its payload.
    Commitment = 0x02,
    /// A frame of the log, linked to the frame before it.
    Frame = 0x03,
    /// The cumulative digest of the catalogue.
    Catalogue = 0x04,
    /// An idempotency key, of which only the digest stands in the entry.
    IdempotencyKey = 0x05,
    /// A whole request, by which a repeated idempotency key is compared.
    Request = 0x06,
    /// A chunk of a file.
    Chunk = 0x07,
    /// The list of chunks of a file.
    File = 0x08,
}

impl Domain {
    /// Returns the tag as the slice that goes in front of the hashed bytes.
    pub const fn tag(self) -> &'static [u8] {
        match self {
            Self::Leaf => &[0x00],
            Self::Node => &[0x01],
            Self::Commitment => &[0x02],
            Self::Frame => &[0x03],
            Self::Catalogue => &[0x04],
            Self::IdempotencyKey => &[0x05],
            Self::Request => &[0x06],
            Self::Chunk => &[0x07],
            Self::File => &[0x08],
        }
    }
}

/// Computes SHA-256 step by step, for content that is not in memory as a whole.
///
/// ```
/// use nedb_crypto::{Domain, Sha256, sha256};
///
/// let mut hash = Sha256::tagged(Domain::File);
/// hash.update(b"first ");
/// hash.update(b"second");
/// assert_eq!(hash.finish(), sha256(&[Domain::File.tag(), b"first second"]));
/// ```
#[derive(Clone)]
pub struct Sha256 {
    context: Context,
}

impl Sha256 {
    /// Starts a hash without a domain tag, as foreign formats want it.
    pub fn new() -> Self {
        Self { context: Context::new(&SHA256) }
    }

    /// Starts a hash whose first byte is the domain's tag.
    pub fn tagged(domain: Domain) -> Self {
        let mut hash = Self::new();
        hash.update(domain.tag());
        hash
    }

    /// Adds bytes to the message.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// Ends the message and returns its digest.
    pub fn finish(self) -> Digest {
        to_digest(&self.context.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Sha256 {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Sha256").finish_non_exhaustive()
    }
}

/// Hashes the concatenation of `parts`, without a domain tag.
///
/// ```
/// use nedb_crypto::sha256;
///
/// assert_eq!(sha256(&[b"a", b"bc"]), sha256(&[b"abc"]));
/// ```
pub fn sha256(parts: &[&[u8]]) -> Digest {
    hash(&[], parts)
}

/// Hashes a log entry, given in parts, as a leaf of the tree (RFC 6962, section 2.1).
pub fn leaf_hash(entry_parts: &[&[u8]]) -> Digest {
    hash(Domain::Leaf.tag(), entry_parts)
}

/// Hashes two children to their parent in the tree (RFC 6962, section 2.1).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    // Most hashes of a small commit are of nodes. Their length is known, so that they are joined without a loop.
    let mut message = [Domain::Node as u8; 65];
    message[1..33].copy_from_slice(left.as_bytes());
    message[33..].copy_from_slice(right.as_bytes());
    to_digest(&aws_lc_rs::digest::digest(&SHA256, &message))
}

/// Commits to content that may be erased later: without the salt nobody can guess it from the commitment.
pub fn commitment(salt: &[u8; 16], content: &[u8]) -> Digest {
    hash(Domain::Commitment.tag(), &[salt, content])
}

/// The longest message that is joined on the stack: for short ones, starting and feeding a context costs more
/// than the copy (a tree node: 75 ns of 530).
const JOINED_BYTES_MAX: usize = 256;

fn hash(tag: &[u8], parts: &[&[u8]]) -> Digest {
    let mut buffer = [0; JOINED_BYTES_MAX];
    if let Some(message) = join(tag, parts, &mut buffer) {
        return to_digest(&aws_lc_rs::digest::digest(&SHA256, message));
    }
    let mut hash = Sha256::new();
    hash.update(tag);
    for part in parts {
        hash.update(part);
    }
    hash.finish()
}

/// Copies the parts side by side, if there is room for all.
fn join<'b>(tag: &[u8], parts: &[&[u8]], buffer: &'b mut [u8; JOINED_BYTES_MAX]) -> Option<&'b [u8]> {
    let mut end = 0;
    for part in core::iter::once(&tag).chain(parts) {
        let next = end + part.len();
        buffer.get_mut(end..next)?.copy_from_slice(part);
        end = next;
    }
    buffer.get(..end)
}

fn to_digest(digest: &aws_lc_rs::digest::Digest) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    Digest::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAINS: [Domain; 9] = [
        Domain::Leaf,
        Domain::Node,
        Domain::Commitment,
        Domain::Frame,
        Domain::Catalogue,
        Domain::IdempotencyKey,
        Domain::Request,
        Domain::Chunk,
        Domain::File,
    ];

    #[test]
    fn the_standard_vector_of_the_empty_message_holds() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(&[]).to_string(), expected);
        assert_eq!(Sha256::default().finish().to_string(), expected);
    }

    #[test]
    fn every_tag_is_its_number_and_no_two_agree() {
        for (number, domain) in (0..).zip(DOMAINS) {
            assert_eq!(domain.tag(), [number]);
            assert_eq!(domain as u8, number);
        }
    }

    #[test]
    fn the_same_bytes_in_another_domain_have_another_digest() {
        let digests: std::collections::BTreeSet<_> =
            DOMAINS.iter().map(|domain| sha256(&[domain.tag(), b"same"])).collect();
        assert_eq!(digests.len(), DOMAINS.len());
    }

    #[test]
    fn the_rfc_leaf_and_node_come_out() {
        let empty = leaf_hash(&[]);
        assert_eq!(empty.to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        let pair = node_hash(&empty, &leaf_hash(&[&[0x00]]));
        assert_eq!(pair.to_string(), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }

    #[test]
    fn joined_and_streamed_messages_hash_alike_at_every_length() {
        let body: Vec<u8> = (0..=255).cycle().take(2 * JOINED_BYTES_MAX).collect();
        for length in 0..body.len() {
            let mut streamed = Sha256::tagged(Domain::Leaf);
            for byte in &body[..length] {
                streamed.update(&[*byte]);
            }
            let (left, right) = body[..length].split_at(length / 3);
            assert_eq!(leaf_hash(&[left, right, b""]), streamed.finish());
        }
    }

    #[test]
    fn salt_and_content_both_change_the_commitment() {
        let one = commitment(&[1; 16], b"text");
        assert_ne!(one, commitment(&[2; 16], b"text"));
        assert_ne!(one, commitment(&[1; 16], b"next"));
    }
}
