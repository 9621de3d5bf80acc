//! The Ed25519 key with which a database signs its checkpoints.
//!
//! Promises: the secret has no `Debug` and no `Display`; copies that this file makes are overwritten when dropped.
//! Leaves to others: drawing the 32 random bytes, and wrapping them before they reach a disk.

use super::text::{check_key_name, malformed};
use super::verifier::{SignatureKind, VerifierKey};
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::encoding::Curve25519SeedBin;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use nedb_types::{Error, ErrorCode, Result};

/// Holds the 32 secret bytes of a signing key and overwrites them when dropped.
pub struct SecretSeed([u8; 32]);

impl SecretSeed {
    /// Takes 32 bytes, which must come from a source of randomness fit for keys.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Shows the secret, for wrapping it.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for SecretSeed {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a reader the compiler may drop the overwriting as useless.
        std::hint::black_box(&self.0);
    }
}

/// Signs notes under a name.
///
/// ```
/// use nedb_crypto::note::{SecretSeed, SigningKey, sign_note};
///
/// let key = SigningKey::new("example.com/log", &SecretSeed::new([7; 32]))?;
/// let note = sign_note("a text\n", &key)?;
/// note.verify(&[key.verifier_key()])?;
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifierKey,
}

impl SigningKey {
    /// Makes the key that a name and 32 secret bytes define; the same input gives the same key.
    ///
    /// A name that is empty or has a space, a plus or a control character is `invalid_argument`.
    pub fn new(name: &str, seed: &SecretSeed) -> Result<Self> {
        check_key_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose());
        let pair = pair.map_err(|cause| malformed("the seed is no signing key").with_source(cause))?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref());
        let public = public.map_err(|cause| malformed("the public key has not 32 bytes").with_source(cause))?;
        let public = VerifierKey::new(name, SignatureKind::Note, public)?;
        Ok(Self { pair, public })
    }

    /// Returns the secret bytes, from which [`new`](Self::new) makes the key again.
    pub fn to_seed(&self) -> Result<SecretSeed> {
        let unreadable = || Error::new(ErrorCode::Unsupported, "the signing key does not give out its seed");
        let seed = self.pair.seed().map_err(|cause| unreadable().with_source(cause))?;
        let bytes: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|cause| unreadable().with_source(cause))?;
        let bytes = <[u8; 32]>::try_from(bytes.as_ref()).map_err(|cause| unreadable().with_source(cause))?;
        Ok(SecretSeed::new(bytes))
    }

    /// Returns the name that signatures carry.
    pub fn name(&self) -> &str {
        self.public.name()
    }

    /// Returns the public half, which verifiers need.
    pub fn verifier_key(&self) -> VerifierKey {
        self.public.clone()
    }

    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }
}
