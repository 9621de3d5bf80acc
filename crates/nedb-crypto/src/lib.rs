//! Digests, the Merkle tree, its proofs, and signed notes: everything that makes the log's history provable.
//!
//! | module | what it answers |
//! |---|---|
//! | [`digest`] | which bytes are hashed, and with which domain tag |
//! | [`lanes`] | how many messages are hashed at once |
//! | [`merkle`] | what the tree's root is, and that an entry or an older tree is in it |
//! | [`note`] | who signed that root, in the formats that other verifiers read |
//! | [`tiles`] | how the tree and its entries look as static files |
//!
//! Promises: no input or output, no clock and no randomness; bytes from outside never panic, they give
//! `bad_proof`, `bad_signature`, `invalid_argument` or `corrupt`. The tree is that of RFC 6962, the texts are those
//! of the C2SP specifications, so a proof can be checked by programs that know nothing of NEDB.
//! Leaves to others: what an entry consists of, where nodes are stored, and when a root may be signed.

pub mod digest;
pub mod lanes;
pub mod merkle;
pub mod note;
pub mod tiles;

pub use digest::{Domain, Sha256, commitment, leaf_hash, node_hash, sha256};
pub use lanes::{MESSAGE_PARTS_MAX, Message, sha256_many};
pub use merkle::{
    Frontier, Leaves, NodeSource, consistency_proof, inclusion_proof, subtree_root, verify_consistency,
    verify_inclusion,
};
pub use nedb_types::Digest;
pub use note::{Note, ProofFile, SecretSeed, SigningKey, TreeHead, VerifierKey, sign_note};
