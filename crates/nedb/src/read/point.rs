//! Reads of single documents by key, alone and in batches.

use nedb_index::KeyHash;
use nedb_log::{Record, Scratch};
use nedb_types::{Collection, Result, key};

use super::{
    row::{Row, RowBatch},
    snapshot::Snapshot,
};
use crate::keys::is_document_of;

/// How many look-ups of a batch are under way at once: enough to hide a memory access behind the others.
const BATCH_WIDTH: usize = 16;

impl Snapshot {
    pub(crate) fn point(&self, collection: &str, id: &[u8]) -> Result<Option<Row>> {
        let hash = self.engine().keys.hash_parts(&key::checked_document_key_parts(collection, id)?);
        self.lookup(hash, collection, id, &mut Scratch::new())
    }

    pub(crate) fn points<I: AsRef<[u8]>>(&self, collection: &str, ids: &[I]) -> Result<Vec<Option<Row>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = &self.engine().keys;
        let (mut rows, mut scratch) = (Vec::with_capacity(ids.len()), Scratch::new());
        let mut key = key::document_prefix(&Collection::new(collection)?);
        let prefix_bytes = key.len();
        let mut drafts = RowBatch::with_capacity(BATCH_WIDTH.min(ids.len()));
        let (mut hashes, mut candidates) = (Vec::with_capacity(BATCH_WIDTH), Vec::with_capacity(BATCH_WIDTH));
        // Rounds over a batch, each loading what the next one reads: index slots, then records.
        for batch in ids.chunks(BATCH_WIDTH) {
            hashes.clear();
            candidates.clear();
            for id in batch {
                key.truncate(prefix_bytes);
                key::push_checked_id(&mut key, id.as_ref())?;
                hashes.push(keys.hash(&key));
            }
            keys.candidates(&hashes, |candidate| {
                if let Some(address) = candidate {
                    self.reader().prefetch(address);
                }
                candidates.push(candidate);
            })?;
            for ((id, hash), candidate) in batch.iter().zip(&hashes).zip(&candidates) {
                let Some(address) = *candidate else {
                    drafts.push_done(None);
                    continue;
                };
                let record = self.reader().record(address, &mut scratch)?;
                if !is_document_of(&record, collection, id.as_ref()) {
                    // Another key has the same tag.
                    drafts.push_done(self.lookup(*hash, collection, id.as_ref(), &mut scratch)?);
                    continue;
                }
                let push =
                    |version: &Record<'_>| self.visible(version, |version, content| drafts.push(version, content));
                if self.with_version(&record, push)?.is_none() {
                    drafts.push_done(None);
                }
            }
            drafts.finish_into(&mut rows);
        }
        Ok(rows)
    }

    /// Has the processor load what later reads of these documents look at first: index slots, then records.
    pub(crate) fn prefetch_points<I: AsRef<[u8]>>(&self, collection: &str, ids: &[I]) -> Result<()> {
        let keys = &self.engine().keys;
        let mut hashes = Vec::with_capacity(ids.len());
        for id in ids {
            hashes.push(keys.hash_parts(&key::checked_document_key_parts(collection, id.as_ref())?));
        }
        keys.candidates(&hashes, |candidate| {
            if let Some(address) = candidate {
                self.reader().prefetch(address);
            }
        })
    }

    fn lookup(&self, hash: KeyHash, collection: &str, id: &[u8], scratch: &mut Scratch) -> Result<Option<Row>> {
        let mut row = None;
        self.engine().keys.newest(hash, |address| {
            self.reader().prefetch(address);
            let record = self.reader().record(address, scratch)?;
            if !is_document_of(&record, collection, id) {
                return Ok(false);
            }
            row = self.with_version(&record, |version| self.row_of(version))?;
            Ok(true)
        })?;
        Ok(row)
    }
}
