//! The text of a checkpoint: which log, how many entries, which root (C2SP tlog-checkpoint).
//!
//! ```text
//!   example.com/log                                   origin
//!   20852163                                          size
//!   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=      root
//!   any further lines                                 extensions, opaque
//! ```
//!
//! Promises: one spelling for each tree head. Leaves to others: signing only heads that are durable and follow
//! from every head signed before.

use super::signed::{Note, sign_note};
use super::signing::SigningKey;
use super::text::{decode_digest, encode_base64, malformed, parse_decimal};
use super::verifier::{SignatureKind, VerifierKey};
use core::fmt;
use core::str::FromStr;
use nedb_types::{Digest, Error, ErrorCode, Result};

/// Names one state of one log.
///
/// ```
/// use nedb_crypto::note::{SecretSeed, SigningKey, TreeHead};
/// use nedb_crypto::{Frontier, leaf_hash};
///
/// let mut tree = Frontier::new();
/// tree.push(leaf_hash(&[b"entry"]));
/// let head = TreeHead::new("example.com/log", tree.size(), tree.root())?;
///
/// let key = SigningKey::new("example.com/log", &SecretSeed::new([7; 32]))?;
/// let checkpoint = head.sign(&key)?;
/// assert_eq!(TreeHead::verified(&checkpoint, &[key.verifier_key()])?, head);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    origin: String,
    size: u64,
    root: Digest,
    extensions: Vec<String>,
}

impl TreeHead {
    /// Makes a head; an origin that is empty or has a control character is `invalid_argument`.
    pub fn new(origin: &str, size: u64, root: Digest) -> Result<Self> {
        check_line(origin, "origin")?;
        Ok(Self { origin: origin.to_owned(), size, root, extensions: Vec::new() })
    }

    /// Adds an opaque line after the root; auditors do not look at it.
    pub fn with_extension(mut self, line: &str) -> Result<Self> {
        check_line(line, "extension")?;
        self.extensions.push(line.to_owned());
        Ok(self)
    }

    /// Returns the name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root over these entries.
    pub fn root(&self) -> &Digest {
        &self.root
    }

    /// Returns the opaque lines after the root.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Signs the head, which makes it a checkpoint.
    pub fn sign(&self, key: &SigningKey) -> Result<Note> {
        sign_note(&self.to_string(), key)
    }

    /// Reads the head from a checkpoint that a key of the log itself has signed.
    ///
    /// Witnesses' cosignatures are checked too, but alone they do not make a checkpoint: `bad_signature`.
    pub fn verified(checkpoint: &Note, keys: &[VerifierKey]) -> Result<Self> {
        let signers = checkpoint.verify(keys)?;
        if !signers.iter().any(|key| key.kind() == SignatureKind::Note) {
            return Err(Error::new(ErrorCode::BadSignature, "only witnesses have signed the checkpoint"));
        }
        checkpoint.text().parse()
    }
}

impl fmt::Display for TreeHead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n{}\n{}", self.origin, self.size, encode_base64(self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl FromStr for TreeHead {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some(body) = text.strip_suffix('\n') else {
            return Err(malformed("checkpoint text does not end in a newline"));
        };
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed("checkpoint text has fewer than three lines"));
        };
        let size = parse_decimal(size).ok_or_else(|| malformed(format!("checkpoint size {size:?} is no number")))?;
        let head = Self::new(origin, size, decode_digest(root, "checkpoint root")?)?;
        lines.try_fold(head, Self::with_extension)
    }
}

fn check_line(line: &str, what: &str) -> Result<()> {
    if !line.is_empty() && !line.chars().any(char::is_control) {
        return Ok(());
    }
    Err(malformed(format!("{what} line {line:?} is empty or has a control character")))
}

#[cfg(test)]
mod tests;
