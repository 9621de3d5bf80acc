//! The public key of a log or a witness, and its one-line text form (C2SP signed-note, "vkey").
//!
//! ```text
//!   example.com/log+1a2b3c4d+ATEyMzQ1...      name + key id in hex + base64(kind byte, 32-byte public key)
//!   key id = first 4 bytes of SHA-256(name, newline, kind byte, public key)
//! ```
//!
//! Promises: a key whose id does not fit its bytes is never accepted. Leaves to others: whom to trust.

use super::text::{check_key_name, decode_base64, encode_base64, malformed};
use crate::digest::sha256;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use core::fmt;
use core::str::FromStr;
use nedb_types::{Error, Result};

/// The bytes of an Ed25519 signature.
const SIGNATURE_BYTES: usize = 64;

/// Tells what a key's signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SignatureKind {
    /// The log's own Ed25519 signature of the text.
    Note = 0x01,
    /// A witness saw this checkpoint, consistent with all before it, at the time in the signature
    /// (C2SP tlog-cosignature).
    Cosignature = 0x04,
}

/// Verifies the signatures of one named key.
///
/// ```
/// use nedb_crypto::note::{SecretSeed, SigningKey, VerifierKey};
///
/// let key = SigningKey::new("example.com/log", &SecretSeed::new([7; 32]))?.verifier_key();
/// let text = key.to_string();
/// assert!(text.starts_with("example.com/log+"));
/// assert_eq!(text.parse::<VerifierKey>()?, key);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    kind: SignatureKind,
    public: [u8; 32],
}

impl VerifierKey {
    /// Makes a key of its parts; a bad name is `invalid_argument`.
    pub fn new(name: &str, kind: SignatureKind, public: [u8; 32]) -> Result<Self> {
        check_key_name(name)?;
        let hash = sha256(&[name.as_bytes(), b"\n", &[kind as u8], &public]).to_bytes();
        let [first, second, third, fourth, ..] = hash;
        Ok(Self { name: name.to_owned(), id: [first, second, third, fourth], kind, public })
    }

    /// Returns the name that the key's signature lines carry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the four bytes that tell keys of one name apart.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Returns what the key's signatures say.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// Tells whether `signature`, without its key id, is this key's for `text`.
    pub(super) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        match self.kind {
            SignatureKind::Note => self.is_valid(text.as_bytes(), signature),
            SignatureKind::Cosignature => {
                signature.split_first_chunk().is_some_and(|(time_s, signature)| {
                    // The specification's largest time; the message shows it as seconds since 1970.
                    let time_s = u64::from_be_bytes(*time_s);
                    let message = format!("cosignature/v1\ntime {time_s}\n{text}");
                    i64::try_from(time_s).is_ok() && self.is_valid(message.as_bytes(), signature)
                })
            }
        }
    }

    fn is_valid(&self, message: &[u8], signature: &[u8]) -> bool {
        signature.len() == SIGNATURE_BYTES
            && UnparsedPublicKey::new(&ED25519, self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind as u8];
        bytes.extend_from_slice(&self.public);
        write!(out, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), encode_base64(bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(bytes)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed(format!("verifier key {text:?} is not name+id+key")));
        };
        let bytes = decode_base64(bytes, "verifier key")?;
        let kind = match bytes.first() {
            Some(0x01) => SignatureKind::Note,
            Some(0x04) => SignatureKind::Cosignature,
            _ => {
                return Err(malformed(format!("verifier key {text:?} is of an unknown kind")));
            }
        };
        let public = bytes.get(1..).map(<[u8; 32]>::try_from);
        let Some(Ok(public)) = public else {
            return Err(malformed(format!("verifier key {text:?} has {} bytes, not 33", bytes.len())));
        };
        let key = Self::new(name, kind, public)?;
        if key.to_string() != text {
            return Err(malformed(format!("verifier key {text:?} has an id that is not that of its name and key")));
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::ErrorCode;

    /// The key of the Go checksum database, as the `go` command carries it.
    const PUBLISHED: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

    #[test]
    fn a_published_key_reads_and_prints() {
        let key: VerifierKey = PUBLISHED.parse().unwrap();
        assert_eq!(key.name(), "sum.golang.org");
        assert_eq!(key.id(), [0x03, 0x3d, 0xe0, 0xae]);
        assert_eq!(key.kind(), SignatureKind::Note);
        assert_eq!(key.to_string(), PUBLISHED);
    }

    #[test]
    fn every_truncated_or_changed_key_is_refused() {
        for start in (0..PUBLISHED.len()).filter_map(|end| PUBLISHED.get(..end)) {
            let error = start.parse::<VerifierKey>().unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidArgument);
        }
        for at in 0..PUBLISHED.len() {
            for bit in 0..7 {
                let mut bytes = PUBLISHED.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                assert!(String::from_utf8(bytes).unwrap().parse::<VerifierKey>().is_err(), "byte {at} bit {bit}");
            }
        }
    }
}
