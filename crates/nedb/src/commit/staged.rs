//! What one record changes in the derived state, so that commit and replay apply records by the same code.
//!
//! Ten thousand of them wait while a frame is logged, so a commit lends the names of its request instead of copying them.

use std::borrow::Cow;

use nedb_index::KeyHash;
use nedb_log::Address;
use nedb_types::{Collection, Digest, Timestamp, key};

use super::{request::AdmittedOp, version::Presence};
use crate::keys::Key;

/// One record and the change of its key that it stands for.
#[derive(Debug)]
pub(crate) struct Staged<'a> {
    pub(crate) address: Address,
    /// `None` for a record that is a version of nothing.
    pub(crate) key: Option<StagedKey<'a>>,
    pub(crate) before: Option<Presence>,
    /// `None` for a no-op, which changes no key.
    pub(crate) after: Option<Presence>,
    pub(crate) idempotency: Option<Digest>,
}

/// The key of a record, as the indexes know it.
#[derive(Debug)]
pub(crate) struct StagedKey<'a> {
    pub(crate) collection: Cow<'a, Collection>,
    /// Whether it is a document, which its collection counts.
    pub(crate) is_document: bool,
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) hash: KeyHash,
    /// The second key of an edge.
    pub(crate) reverse: Option<Vec<u8>>,
}

impl<'a> Staged<'a> {
    pub(crate) fn new(address: Address, op: &'a AdmittedOp, before: Option<Presence>) -> Self {
        let key = StagedKey {
            collection: Cow::Borrowed(op.key.collection()),
            is_document: matches!(op.key, Key::Document { .. }),
            bytes: Cow::Borrowed(&op.index_key),
            hash: op.hash,
            reverse: op.key.reverse_index_key(),
        };
        Self { address, key: Some(key), before, after: None, idempotency: None }
    }

    /// A version of a key that was read in the log.
    pub(crate) fn of_key(address: Address, key: &Key, bytes: Vec<u8>, hash: KeyHash, before: Option<Presence>) -> Self {
        let key = StagedKey {
            collection: Cow::Owned(key.collection().clone()),
            is_document: matches!(key, Key::Document { .. }),
            bytes: Cow::Owned(bytes),
            hash,
            reverse: key.reverse_index_key(),
        };
        Self { address, key: Some(key), before, after: None, idempotency: None }
    }

    /// A record that is a version of nothing.
    pub(crate) fn noop(address: Address, idempotency: Option<Digest>) -> Self {
        Self { address, key: None, before: None, after: None, idempotency }
    }

    /// The collection and the change of the number of its live documents.
    pub(crate) fn live_change(&self) -> Option<(&Collection, i64)> {
        let key = self.key.as_ref().filter(|key| key.is_document)?;
        let was_live = self.before.is_some_and(|before| before.is_live);
        Some((&key.collection, i64::from(self.after?.is_live) - i64::from(was_live)))
    }

    /// Whether the version has a lifetime, so that the sweeper will have to look for it.
    pub(crate) fn has_expiry(&self) -> bool {
        self.after.is_some_and(|after| after.expiry_us.is_some())
    }

    /// The expiry key that ends and the one that begins with this record.
    pub(crate) fn expiry_keys(&self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let Some(key) = self.key.as_ref().filter(|key| key.is_document) else { return (None, None) };
        let key_of = |state: Option<Presence>| {
            let expiry_us = state.filter(|state| state.is_live)?.expiry_us?;
            Some(key::expiry_key(Timestamp::from_micros(expiry_us), &key.bytes))
        };
        if self.after.is_none() {
            return (None, None);
        }
        let (ends, begins) = (key_of(self.before), key_of(self.after));
        (ends.filter(|ends| begins.as_ref() != Some(ends)), begins)
    }
}
