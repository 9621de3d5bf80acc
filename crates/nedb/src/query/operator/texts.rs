//! Documents that an index of words finds, by id or by rank.
//!
//! The scores come from postings alone; a document is looked up only when its row is asked for. Which of them have expired
//! is found out then, and so is what a filter thinks of them: so the ranks are given in rounds, each with more than the one
//! before, for as long as somebody asks.

use std::collections::VecDeque;

use nedb_index::{TextHit, TextMatches, TextQuery};
use nedb_types::{Collection, DocId, Result};

use super::{
    Source, Visit,
    keys::{BATCH_WIDTH, KeyBatch},
};
use crate::{query::guard::Guard, read::Snapshot, secondary::TextReader};

/// How many ranks the first round has at least, and by how much each round is greater than the one before.
const RANKS_MIN: usize = 16;
const RANKS_GROWTH: usize = 8;

/// A search that an index answers.
#[derive(Clone)]
pub(crate) struct IndexedSearch {
    pub(crate) reader: TextReader,
    pub(crate) query: TextQuery,
}

impl IndexedSearch {
    /// Begins to read postings; memory and time are those of the query.
    pub(crate) fn matches(&self, guard: &Guard) -> Result<TextMatches> {
        self.reader.matches(&self.query, &mut |bytes| spend(guard, bytes))
    }
}

/// Accounts for what a search holds, and looks whether it may go on.
fn spend(guard: &Guard, bytes: usize) -> Result<()> {
    if bytes > 0 { guard.grow(bytes) } else { guard.check() }
}

/// Shows the documents found by id.
pub(crate) struct TextsById {
    search: IndexedSearch,
    matches: TextMatches,
    collection: Collection,
    batch: KeyBatch,
}

impl TextsById {
    pub(crate) fn new(
        snapshot: &Snapshot,
        collection: &Collection,
        search: IndexedSearch,
        matches: TextMatches,
    ) -> Self {
        Self { search, matches, collection: collection.clone(), batch: KeyBatch::new(snapshot) }
    }
}

impl Source for TextsById {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let Self { search, matches, collection, batch } = self;
        let (mut left, mut has_more) = (candidates, true);
        while left > 0 && has_more {
            while batch.len() < left.min(BATCH_WIDTH) {
                let next = search.reader.checked(matches.next(&mut |bytes| spend(guard, bytes)))?;
                let Some(found) = next else {
                    has_more = false;
                    break;
                };
                batch.push_scored(collection, found.id, Some(found.score))?;
            }
            left -= batch.len();
            batch.run(guard, visit)?;
        }
        Ok(has_more)
    }
}

/// Shows the documents found by rank, the best first; equal ranks by id.
pub(crate) struct TextsByRank {
    search: IndexedSearch,
    /// What the first round walks over.
    first: Option<TextMatches>,
    collection: Collection,
    batch: KeyBatch,
    /// The ranks of the round that were not shown yet.
    ready: VecDeque<TextHit>,
    /// How many ranks the last round had, and whether there are no others.
    ranks: usize,
    has_all: bool,
    /// Bytes of the round that are on the account of the query.
    held: usize,
}

impl TextsByRank {
    /// Begins with so many ranks, which are enough when all of them become rows.
    pub(crate) fn new(
        snapshot: &Snapshot,
        collection: &Collection,
        (search, matches): (IndexedSearch, TextMatches),
        rows: u64,
    ) -> Self {
        let ranks = usize::try_from(rows).unwrap_or(usize::MAX).max(RANKS_MIN) / RANKS_GROWTH;
        let (batch, ready) = (KeyBatch::new(snapshot), VecDeque::new());
        let first = Some(matches);
        Self { search, first, collection: collection.clone(), batch, ready, ranks, has_all: false, held: 0 }
    }

    /// Makes the ranks behind those that were shown ready.
    fn rank(&mut self, guard: &Guard) -> Result<()> {
        let before = if self.first.is_some() { 0 } else { self.ranks };
        self.ranks = self.ranks.saturating_mul(RANKS_GROWTH).saturating_add(RANKS_GROWTH);
        guard.shrink(std::mem::take(&mut self.held));
        let mut walked = 0;
        let matches = match self.first.take() {
            Some(matches) => matches,
            None => self.search.reader.matches(&self.search.query, &mut |bytes| {
                walked += bytes;
                spend(guard, bytes)
            })?,
        };
        let best = matches.best(self.ranks, &mut |bytes| {
            self.held += bytes;
            spend(guard, bytes)
        });
        let hits = self.search.reader.checked(best)?;
        // The walk has ended; the next round begins with a walk of its own.
        guard.shrink(walked);
        self.has_all = hits.len() < self.ranks;
        self.ready.extend(hits.into_iter().skip(before));
        Ok(())
    }
}

impl Source for TextsByRank {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let mut left = candidates;
        while left > 0 {
            if self.ready.is_empty() {
                if self.has_all {
                    return Ok(false);
                }
                self.rank(guard)?;
            }
            let width = left.min(BATCH_WIDTH).min(self.ready.len());
            for hit in self.ready.drain(..width) {
                self.batch.push_scored(&self.collection, &hit.id, Some(hit.score))?;
            }
            left = left.saturating_sub(width.max(1));
            self.batch.run(guard, visit)?;
        }
        Ok(!self.ready.is_empty() || !self.has_all)
    }
}

/// Shows those of some documents, given by ascending id, that the search finds.
pub(crate) struct TextsAmong {
    search: IndexedSearch,
    matches: TextMatches,
    collection: Collection,
    ids: std::vec::IntoIter<DocId>,
    batch: KeyBatch,
}

impl TextsAmong {
    pub(crate) fn new(
        snapshot: &Snapshot,
        collection: &Collection,
        (search, matches): (IndexedSearch, TextMatches),
        ids: Vec<DocId>,
    ) -> Self {
        let batch = KeyBatch::new(snapshot);
        Self { search, matches, collection: collection.clone(), ids: ids.into_iter(), batch }
    }
}

impl Source for TextsAmong {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let Self { search, matches, collection, ids, batch } = self;
        let mut has_more = true;
        for _ in 0..candidates {
            let Some(id) = ids.next() else {
                has_more = false;
                break;
            };
            if let Some(score) = search.reader.checked(matches.score_of(id.as_bytes()))? {
                batch.push_scored(collection, id.as_bytes(), Some(score))?;
            }
            if batch.len() == BATCH_WIDTH {
                batch.run(guard, visit)?;
            }
        }
        batch.run(guard, visit)?;
        guard.check()?;
        Ok(has_more)
    }
}
