//! A full-text index at one moment: its statistics, and the way to its matches.
//!
//! Promises: all figures are integers of the moment. Leaves to others: walking the postings.

use nedb_types::Result;

use super::matches::TextMatches;
use super::posting::token_key;
use super::query::TextQuery;
use super::totals::TextTotals;
use crate::{KeyRange, TemporalSnapshot};

/// Is told of bytes that a search is about to hold, and with none of them now and then; what it refuses ends the search.
pub type TextGuard<'g> = dyn FnMut(usize) -> Result<()> + 'g;

/// A full-text index as of one seq; cheap to clone. See [`TextIndex`](crate::TextIndex).
#[derive(Clone, Debug)]
pub struct TextSnapshot {
    snapshot: TemporalSnapshot,
}

impl TextSnapshot {
    pub(crate) const fn new(snapshot: TemporalSnapshot) -> Self {
        Self { snapshot }
    }

    /// Returns the number of texts and of their tokens.
    pub fn totals(&self) -> Result<TextTotals> {
        TextTotals::last(&self.snapshot)
    }

    /// Counts the texts that have a token.
    pub fn document_frequency(&self, token: &str) -> Result<u64> {
        self.snapshot.count(&KeyRange::prefix(&token_key(token)))
    }

    /// Begins to find the texts that a query asks for.
    ///
    /// A phrase ranks by its words, a beginning as one word that stands for all with it. A beginning takes memory for
    /// each text that has it, of which the guard is told.
    pub fn matches(&self, query: &TextQuery, guard: &mut TextGuard<'_>) -> Result<TextMatches> {
        TextMatches::open(&self.snapshot, self.totals()?, query, guard)
    }
}
