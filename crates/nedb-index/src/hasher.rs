//! The keyed hash of index keys.
//!
//! Promises: without the secret nobody can choose keys that collide, and the same secret gives the same hash on every
//! machine, because positions in run files follow from it. Leaves to others: keeping the secret (it stands in the
//! checkpoint) and deciding whether two keys with one hash are the same key.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// Length of the secret in bytes: the key length of `SipHash`.
pub const HASH_SECRET_BYTES: usize = 16;

/// Hashes keys under a secret of this database.
///
/// # Examples
///
/// ```
/// use nedb_index::KeyHasher;
///
/// let hasher = KeyHasher::new([7; 16]);
/// assert_eq!(hasher.hash(b"a"), hasher.hash(b"a"));
/// assert_ne!(hasher.hash(b"a"), KeyHasher::new([8; 16]).hash(b"a"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHasher {
    secret: [u8; HASH_SECRET_BYTES],
}

impl KeyHasher {
    /// Creates the hasher of a secret, which should be random and never change for one database.
    pub const fn new(secret: [u8; HASH_SECRET_BYTES]) -> Self {
        Self { secret }
    }

    /// Hashes a key.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        let mut state = SipHasher13::new_with_key(&self.secret);
        state.write(key);
        KeyHash(state.finish())
    }

    /// Hashes the key that these parts are, one behind the other.
    ///
    /// ```
    /// let hasher = nedb_index::KeyHasher::new([7; 16]);
    /// assert_eq!(hasher.hash_parts(&[b"a", b"", b"bc"]), hasher.hash(b"abc"));
    /// ```
    #[inline]
    pub fn hash_parts(&self, parts: &[&[u8]]) -> KeyHash {
        let mut state = SipHasher13::new_with_key(&self.secret);
        for part in parts {
            state.write(part);
        }
        KeyHash(state.finish())
    }

    /// Returns the secret, to be stored in the checkpoint.
    pub const fn secret(&self) -> &[u8; HASH_SECRET_BYTES] {
        &self.secret
    }

    /// Returns a number by which a run file recognises that it was hashed with this secret.
    pub(crate) fn secret_check(&self) -> u64 {
        self.hash(b"nedb hash secret check").get()
    }
}

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyHasher").finish_non_exhaustive()
    }
}

/// The keyed hash of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(u64);

impl KeyHash {
    /// Takes a number that is already a keyed hash, such as the first bytes of a digest.
    pub const fn new(hash: u64) -> Self {
        Self(hash)
    }

    /// Returns the hash as a number.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }
}
