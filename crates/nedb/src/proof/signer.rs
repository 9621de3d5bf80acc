//! The key that signs checkpoints of one database.
//!
//! The seed lies in `keys/signing.key`, readable by its owner only. The verifier key is in the log's catalogue, so that a
//! change of it is part of the history.

use std::path::Path;

use nedb_crypto::{SecretSeed, SigningKey, VerifierKey};
use nedb_io::{Access, Io};
use nedb_types::{Digest, Error, Place, Result};

const KEY_FILE: &str = "keys/signing.key";

/// The most bytes that a key file can have: an origin, a seed in hex and two line ends.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// Signs the checkpoints of a database.
pub(crate) struct Signer {
    key: SigningKey,
}

impl Signer {
    /// Draws a key and writes it down.
    pub(crate) fn create(io: &Io, dir: &Path, origin: &str) -> Result<Self> {
        let mut seed = [0; 32];
        io.random.fill(&mut seed);
        let key = SigningKey::new(origin, &SecretSeed::new(seed))?;
        let text = format!("{origin}\n{}\n", Digest::from_bytes(seed));
        let file = io.disk.create_new(&dir.join(KEY_FILE))?;
        file.write_all_at(text.as_bytes(), 0)?;
        file.sync_all()?;
        Ok(Self { key })
    }

    /// Reads the key; `None` when the file is not there, as in a copy for verifiers.
    pub(crate) fn load(io: &Io, dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(KEY_FILE);
        if io.disk.kind(&path)?.is_none() {
            return Ok(None);
        }
        let file = io.disk.open(&path, Access::Read)?;
        let length = file.len_bytes()?.min(KEY_FILE_BYTES_MAX);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        file.read_exact_at(&mut bytes, 0)?;
        let text = String::from_utf8_lossy(&bytes);
        let damaged = || {
            Error::corrupt("the signing key file is not an origin line and a seed line").at(Place::in_file(KEY_FILE))
        };
        let (origin, seed) = text.trim_end().split_once('\n').ok_or_else(damaged)?;
        let seed: Digest = seed.parse()?;
        Ok(Some(Self { key: SigningKey::new(origin, &SecretSeed::new(seed.to_bytes()))? }))
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    pub(crate) fn verifier_key(&self) -> VerifierKey {
        self.key.verifier_key()
    }
}
