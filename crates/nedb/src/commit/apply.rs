//! *Apply*: derived state follows the log.
//!
//! It cannot fail: everything that could go wrong was decided before the frame was logged. Replay applies records through
//! the same functions, so that state is a function of the log alone.

use nedb_index::{KeyEntry, KeyHash, KeyIndex, KeyState, SlotEntry, SlotIndex};
use nedb_types::Digest;

use super::staged::Staged;
use crate::engine::Engine;

/// Brings the key index and the idempotency index up to date with these records.
pub(crate) fn apply_keys(keys: &KeyIndex, idempotency: &SlotIndex, staged: &[Staged<'_>]) {
    for record in staged {
        if let Some(digest) = &record.idempotency {
            let hash = slot_hash(keys, digest);
            idempotency.apply([SlotEntry { hash, address: record.address, replaces: None, number: 0 }]);
        }
    }
    match staged {
        [record] => keys.apply(entry(record).as_slice()),
        _ => keys.apply(&staged.iter().filter_map(entry).collect::<Vec<_>>()),
    }
    for record in staged {
        apply_second_keys(keys, record);
    }
}

/// What the key index learns of a record's own key.
fn entry<'a>(record: &'a Staged<'_>) -> Option<KeyEntry<'a>> {
    let (key, after) = (record.key.as_ref()?, record.after?);
    Some(KeyEntry { key: &key.bytes, hash: key.hash, address: record.address, state: state_of(after.is_live) })
}

fn state_of(is_live: bool) -> KeyState {
    if is_live { KeyState::Live } else { KeyState::Tombstone }
}

/// Reverse edges and expiries: keys of a record besides its own.
fn apply_second_keys(keys: &KeyIndex, record: &Staged<'_>) {
    let (Some(key), Some(after)) = (&record.key, record.after) else { return };
    let apply = |key: &[u8], state| {
        keys.apply(&[KeyEntry { key, hash: keys.hash(key), address: record.address, state }]);
    };
    if let Some(reverse) = &key.reverse {
        apply(reverse, state_of(after.is_live));
    }
    let (ends, begins) = record.expiry_keys();
    if let Some(ends) = ends {
        apply(&ends, KeyState::Tombstone);
    }
    if let Some(begins) = begins {
        apply(&begins, KeyState::Live);
    }
}

/// Under which hash a digest stands in the idempotency index.
pub(crate) fn slot_hash(keys: &KeyIndex, digest: &Digest) -> KeyHash {
    keys.hash(digest.as_bytes())
}

impl Engine {
    /// Brings all derived state up to date with these records.
    pub(crate) fn apply_staged(&self, staged: &[Staged<'_>]) {
        apply_keys(&self.keys, &self.idempotency, staged);
        self.collections.write().add(staged);
        if staged.iter().any(Staged::has_expiry) {
            self.maintenance.note_expiry();
        }
    }

    /// Applies second keys again, in the order of the log, once the versions before are known.
    pub(crate) fn apply_expiries(&self, record: &Staged<'_>) {
        apply_second_keys(&self.keys, record);
    }
}
