//! Changes of one index, gathered before they are applied in one go.

use std::ops::Range;

use nedb_index::{TemporalChange, TextChange, TextVersion};
use nedb_types::Seq;

/// The key that stands for the words of a document: never empty, which would be no document.
pub(super) fn text_key(words: &[u8], key: &mut Vec<u8>) {
    key.push(1);
    key.extend_from_slice(words);
}

/// Changes in the order of the log; their bytes lie in one buffer.
#[derive(Debug, Default)]
pub(super) struct ChangeList {
    bytes: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    key: Range<usize>,
    id: Range<usize>,
    added: Seq,
    removed: Option<Seq>,
}

impl ChangeList {
    /// From `added` on the document has the value.
    pub(super) fn add(&mut self, key: &[u8], id: &[u8], added: Seq) {
        self.push(key, id, added, None);
    }

    /// The document had the value since `added` and has it no more.
    pub(super) fn remove(&mut self, key: &[u8], id: &[u8], added: Seq, removed: Seq) {
        self.push(key, id, added, Some(removed));
    }

    /// What the keys and ids take.
    pub(super) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes as the index takes them.
    pub(super) fn to_changes(&self) -> Vec<TemporalChange<'_>> {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let change = |change: &Change| {
            let (key, id, added) = (bytes(&change.key), bytes(&change.id), change.added);
            match change.removed {
                None => TemporalChange::Added { key, id, added, payload: &[] },
                Some(removed) => TemporalChange::Removed { key, id, added, removed },
            }
        };
        self.changes.iter().map(change).collect()
    }

    /// The changes as a full-text index takes them, where keys are those of [`text_key`]: one for each operation.
    pub(super) fn to_text_changes(&self) -> Vec<TextChange<'_>> {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let mut changes: Vec<TextChange<'_>> = Vec::with_capacity(self.changes.len());
        for change in &self.changes {
            let (id, words) = (bytes(&change.id), bytes(&change.key).get(1..).unwrap_or_default());
            let seq = change.removed.unwrap_or(change.added);
            if changes.last().is_none_or(|last| last.seq != seq) {
                changes.push(TextChange { id, seq, before: None, after: None });
            }
            let Some(last) = changes.last_mut() else { continue };
            match change.removed {
                Some(_) => last.before = Some(TextVersion { added: change.added, words }),
                None => last.after = Some(words),
            }
        }
        changes
    }

    fn push(&mut self, key: &[u8], id: &[u8], added: Seq, removed: Option<Seq>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(id);
        self.changes.push(Change { key: start..middle, id: middle..self.bytes.len(), added, removed });
    }
}
