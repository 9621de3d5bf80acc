//! Documents by their ids, in batches whose look-ups overlap.

use nedb_index::KeyHash;
use nedb_log::{Address, Scratch};
use nedb_types::{Collection, NodeRef, Result, key};

use super::{Source, Visit};
use crate::{
    keys::is_document_of,
    query::{
        guard::{Guard, Pace},
        view::visit_scored,
    },
    read::Snapshot,
};

/// How many look-ups are under way at once: enough to hide a memory access behind the others.
pub(crate) const BATCH_WIDTH: usize = 16;

/// A batch of look-ups.
pub(crate) struct KeyBatch {
    snapshot: Snapshot,
    wanted: Vec<Wanted>,
    hashes: Vec<KeyHash>,
    candidates: Vec<Option<Address>>,
    /// The ids of the batch, one behind the other.
    ids: Vec<u8>,
    key: Vec<u8>,
    scratch: Scratch,
    pace: Pace,
}

/// One look-up of a batch.
struct Wanted {
    collection: Collection,
    id_start: usize,
    id_end: usize,
    score: Option<f64>,
}

impl KeyBatch {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        Self {
            snapshot: snapshot.clone(),
            wanted: Vec::with_capacity(BATCH_WIDTH),
            hashes: Vec::with_capacity(BATCH_WIDTH),
            candidates: Vec::with_capacity(BATCH_WIDTH),
            ids: Vec::new(),
            key: Vec::new(),
            scratch: Scratch::new(),
            pace: Pace::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.wanted.len()
    }

    /// Adds a look-up.
    pub(crate) fn push(&mut self, collection: &Collection, id: &[u8]) -> Result<()> {
        self.push_scored(collection, id, None)
    }

    /// Adds the look-up of a document to which a search gave a score.
    pub(crate) fn push_scored(&mut self, collection: &Collection, id: &[u8], score: Option<f64>) -> Result<()> {
        self.key.clear();
        key::checked_document_key_into(&mut self.key, collection.as_str(), id)?;
        self.hashes.push(self.snapshot.engine().keys.hash(&self.key));
        let id_start = self.ids.len();
        self.ids.extend_from_slice(id);
        self.wanted.push(Wanted { collection: collection.clone(), id_start, id_end: self.ids.len(), score });
        Ok(())
    }

    /// Visits the documents in the order of the look-ups, leaves out those that are not there, and empties the batch.
    pub(crate) fn run(&mut self, guard: &Guard, visit: &mut Visit<'_>) -> Result<()> {
        let Self { snapshot, wanted, hashes, candidates, ids, scratch, pace, .. } = self;
        let keys = &snapshot.engine().keys;
        // Rounds over the batch, each loading what the next one reads: index slots, then records.
        candidates.clear();
        keys.candidates(hashes, |candidate| {
            if let Some(address) = candidate {
                snapshot.reader().prefetch(address);
            }
            candidates.push(candidate);
        })?;
        for ((one, hash), candidate) in wanted.iter().zip(hashes.iter()).zip(candidates.iter()) {
            pace.row(guard)?;
            let Some(address) = *candidate else { continue };
            let id = ids.get(one.id_start..one.id_end).unwrap_or_default();
            let key = (one.collection.as_str(), id, one.score);
            let is_found = visit_key(snapshot, address, key, scratch, visit)?;
            if !is_found {
                // Another key has the same tag.
                keys.newest(*hash, |address| visit_key(snapshot, address, key, scratch, visit))?;
            }
        }
        wanted.clear();
        hashes.clear();
        ids.clear();
        Ok(())
    }
}

/// Visits the document whose newest version lies at an address, if it is that of the key; false when it is another one's.
fn visit_key(
    snapshot: &Snapshot,
    address: Address,
    (collection, id, score): (&str, &[u8], Option<f64>),
    scratch: &mut Scratch,
    visit: &mut Visit<'_>,
) -> Result<bool> {
    let record = snapshot.reader().record(address, scratch)?;
    let is_match = is_document_of(&record, collection, id);
    if is_match {
        visit_scored(snapshot, &record, score, visit)?;
    }
    Ok(is_match)
}

/// Shows the documents of a list of nodes in its order; a node without a document is left out.
pub(crate) struct KeyLookup {
    nodes: Vec<NodeRef>,
    next: usize,
    batch: KeyBatch,
}

impl KeyLookup {
    pub(crate) fn new(snapshot: &Snapshot, nodes: Vec<NodeRef>) -> Self {
        Self { nodes, next: 0, batch: KeyBatch::new(snapshot) }
    }
}

impl Source for KeyLookup {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let end = self.next.saturating_add(candidates).min(self.nodes.len());
        while self.next < end {
            let batch_end = end.min(self.next + BATCH_WIDTH);
            for node in self.nodes.get(self.next..batch_end).unwrap_or_default() {
                self.batch.push(node.collection(), node.id().as_bytes())?;
            }
            self.next = batch_end;
            self.batch.run(guard, visit)?;
        }
        Ok(self.next < self.nodes.len())
    }
}
