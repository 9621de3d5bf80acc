//! A proof that stands alone: an entry's place, its inclusion proof and a checkpoint (C2SP tlog-proof).
//!
//! ```text
//!   c2sp.org/tlog-proof@v1
//!   extra base64                 only when there is extra data, which nothing authenticates
//!   index 73894
//!   base64 of a hash             one line each, the leaf's sibling first
//!
//!   the checkpoint, word for word
//! ```
//!
//! Promises: whoever has the entry's leaf hash and the log's key can check it without the database.
//! Leaves to others: how an entry becomes a leaf hash.

use super::checkpoint::TreeHead;
use super::signed::{NOTE_BYTES_MAX, Note};
use super::text::{decode_base64, decode_digest, encode_base64, malformed, parse_decimal};
use super::verifier::VerifierKey;
use crate::merkle::{PROOF_HASHES_MAX, verify_inclusion};
use core::fmt;
use core::str::FromStr;
use nedb_types::{Digest, Error, Result};

/// The first line, which names the format and its version.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The greatest length of a proof file: a note, and as much again for extra data and hashes.
const PROOF_FILE_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX;

/// Proves offline that an entry is in a signed log; files of this form end in `.tlog-proof`.
///
/// ```
/// use nedb_crypto::note::{ProofFile, SecretSeed, SigningKey, TreeHead};
/// use nedb_crypto::{Leaves, inclusion_proof, leaf_hash, subtree_root};
///
/// let leaves = [leaf_hash(&[b"a"]), leaf_hash(&[b"b"]), leaf_hash(&[b"c"])];
/// let key = SigningKey::new("example.com/log", &SecretSeed::new([7; 32]))?;
/// let checkpoint = TreeHead::new("example.com/log", 3, subtree_root(&leaves))?.sign(&key)?;
/// let text = ProofFile::new(1, inclusion_proof(&Leaves(&leaves), 1, 3)?, checkpoint).to_string();
///
/// let proof: ProofFile = text.parse()?;
/// let head = proof.verify(&leaves[1], &[key.verifier_key()])?;
/// assert_eq!((head.origin(), head.size()), ("example.com/log", 3));
/// assert!(proof.verify(&leaves[2], &[key.verifier_key()]).is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: Note,
}

impl ProofFile {
    /// Joins the parts; nothing is verified.
    pub fn new(index: u64, hashes: Vec<Digest>, checkpoint: Note) -> Self {
        Self { extra: None, index, hashes, checkpoint }
    }

    /// Adds data for the reader's own use. Nothing authenticates it.
    pub fn with_extra(mut self, extra: Vec<u8>) -> Self {
        self.extra = Some(extra);
        self
    }

    /// Returns the data that nothing authenticates.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Returns the entry's place in the log, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns the inclusion proof, the leaf's sibling first.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// Returns the signed checkpoint.
    pub fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// Checks the checkpoint's signatures and the inclusion of `leaf`, and returns the signed head.
    ///
    /// A signature that fails or misses is `bad_signature`, a leaf that is not there `bad_proof`.
    pub fn verify(&self, leaf: &Digest, keys: &[VerifierKey]) -> Result<TreeHead> {
        let head = TreeHead::verified(&self.checkpoint, keys)?;
        verify_inclusion(leaf, self.index, head.size(), &self.hashes, head.root())?;
        Ok(head)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(out, "extra {}", encode_base64(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(out, "{}", encode_base64(hash))?;
        }
        write!(out, "\n{}", self.checkpoint)
    }
}

impl FromStr for ProofFile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.len() > PROOF_FILE_BYTES_MAX {
            return Err(malformed(format!("proof file of {} bytes is over {PROOF_FILE_BYTES_MAX}", text.len())));
        }
        let Some((proof, checkpoint)) = text.split_once("\n\n") else {
            return Err(malformed("proof file has no empty line before its checkpoint"));
        };
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed(format!("proof file does not begin with {HEADER:?}")));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|extra| decode_base64(extra, "proof file's extra line")).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal);
        let index = index.ok_or_else(|| malformed("proof file has no index line"))?;
        // One line more than permitted is enough to refuse, whatever the rest of the file holds.
        let hashes = lines.take(PROOF_HASHES_MAX + 1).map(|line| decode_digest(line, "proof file's hash"));
        let hashes = hashes.collect::<Result<Vec<_>>>()?;
        if hashes.len() > PROOF_HASHES_MAX {
            return Err(malformed(format!("proof file has more than {PROOF_HASHES_MAX} hashes")));
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.parse()? })
    }
}

#[cfg(test)]
mod tests;
