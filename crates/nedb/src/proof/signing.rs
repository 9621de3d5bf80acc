//! Signing the durable head, and finding the key that signs.
//!
//! Promises: what is signed is durable and HEAD names it before the signature exists; only the key that the log's
//! catalogue names signs. Leaves to others: wrapping the key file, and keys held outside.

use nedb_crypto::{Note, TreeHead, VerifierKey, note::SignatureKind};
use nedb_log::{Address, CATALOGUE_SIGNER, LogStore};
use nedb_types::{Digest, Error, ErrorCode, Result};

use super::nodes::provable_head;
use crate::{engine::Engine, options::Access};

/// A head and the note that signs it.
pub(crate) struct SignedHead {
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) note: Note,
}

impl Engine {
    /// Signs the durable head.
    pub(crate) fn sign_head(&self) -> Result<SignedHead> {
        self.check_open()?;
        if self.access == Access::ReadOnly {
            let message = "a handle for reading cannot sign: what is signed must first be written to HEAD";
            return Err(Error::new(ErrorCode::ReadOnly, message));
        }
        let Some(signer) = &self.signer else {
            return Err(Error::new(ErrorCode::NotFound, "keys/signing.key is not there, so nothing can be signed"));
        };
        let named = self.key_of_log()?;
        if named != signer.verifier_key() {
            let message = format!("keys/signing.key is the key {}, the log names {named}", signer.verifier_key());
            return Err(Error::new(ErrorCode::BadSignature, message));
        }
        let (size, root) = provable_head(self);
        // HEAD names at least this size from here on: a log that loses what is signed below is refused as rolled back.
        self.log.write_head()?;
        let note = TreeHead::new(signer.key().name(), size, root)?.sign(signer.key())?;
        Ok(SignedHead { size, root, note })
    }

    /// The public half of the signing key, from the key file or else from the log.
    pub(crate) fn public_key(&self) -> Result<VerifierKey> {
        match &self.signer {
            Some(signer) => Ok(signer.verifier_key()),
            None => self.key_of_log(),
        }
    }

    /// The verifier key that the newest signer record of the catalogue names.
    pub(crate) fn key_of_log(&self) -> Result<VerifierKey> {
        let mut remaining = self.log.durable().catalogue.number;
        let mut frames = self.log.tail(Address::ZERO)?;
        let mut newest = None;
        while remaining > 0 {
            let Some(frame) = frames.next()? else { break };
            for record in frame.catalogue_records()? {
                remaining = remaining.saturating_sub(1);
                if record.kind == CATALOGUE_SIGNER {
                    newest = Some(record.body);
                }
            }
        }
        let body = newest.ok_or_else(|| Error::corrupt("the catalogue of the log names no key for checkpoints"))?;
        let text = String::from_utf8(body)
            .map_err(|error| Error::corrupt("the catalogue's signer record is not UTF-8").with_source(error))?;
        text.parse().map_err(|error: Error| {
            Error::corrupt(format!("the catalogue's signer record is no verifier key: {}", error.message()))
        })
    }
}

/// Checks that one of the keys has signed the checkpoint in the name of its origin; returns the head and that key.
///
/// A signature by a key of another name proves nothing about this log: `bad_signature`.
pub(crate) fn check_origin(note: &Note, keys: &[VerifierKey]) -> Result<(TreeHead, VerifierKey)> {
    let head = TreeHead::verified(note, keys)?;
    let signers = note.verify(keys)?;
    let own = signers.into_iter().find(|key| key.kind() == SignatureKind::Note && key.name() == head.origin());
    if let Some(key) = own {
        return Ok((head, key.clone()));
    }
    let message = format!("the checkpoint of {:?} is signed by a key of another name", head.origin());
    Err(Error::new(ErrorCode::BadSignature, message))
}
