//! Signed texts that other verifiers can read: notes, checkpoints and proof files.
//!
//! | file | C2SP specification |
//! |---|---|
//! | `signed`, `signing`, `verifier` | signed-note (and the Ed25519 cosignatures of tlog-cosignature) |
//! | `checkpoint` | tlog-checkpoint |
//! | `proof_file` | tlog-proof |
//!
//! Promises: what is read back is byte for byte what was parsed (one spelling for each meaning); a text with a
//! wrong signature of a known key is refused as a whole. Malformed text is `invalid_argument`, a signature that
//! does not hold is `bad_signature`. Leaves to others: keeping keys, and trusting them.

mod checkpoint;
mod proof_file;
mod signed;
mod signing;
mod text;
mod verifier;

pub use checkpoint::TreeHead;
pub use proof_file::ProofFile;
pub use signed::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, sign_note};
pub use signing::{SecretSeed, SigningKey};
pub use verifier::{SignatureKind, VerifierKey};

pub(crate) use text::parse_decimal;
