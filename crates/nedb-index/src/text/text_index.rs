//! The full-text index: changes of texts become changes of postings.
//!
//! Promises: those of the temporal index below. Leaves to others: freezing, writing and installing, which are done on
//! the temporal index itself.

use nedb_types::{Result, Seq};
use parking_lot::Mutex;

use super::posting::postings;
use super::search::TextSnapshot;
use super::totals::{SPACE_OWN, TextTotals, key};
use crate::{TemporalChange, TemporalIndex, TemporalRunSet};

/// A text that a document had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextVersion<'a> {
    /// The operation that gave it to the document.
    pub added: Seq,
    /// Its tokens, in order.
    pub tokens: &'a [String],
}

/// One change: a document gets a text, loses it, or gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextChange<'a> {
    /// The document.
    pub id: &'a [u8],
    /// The operation.
    pub seq: Seq,
    /// What the document had.
    pub before: Option<TextVersion<'a>>,
    /// The tokens that it has now.
    pub after: Option<&'a [String]>,
}

/// Maps words to the documents that have them, as of any moment.
///
/// # Examples
///
/// ```
/// use nedb_index::{TextChange, TextIndex, TextQuery, TextTerm};
/// use nedb_types::Seq;
///
/// let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
/// let index = TextIndex::new();
/// index.apply(&[TextChange { id: b"1", seq: Seq::new(0), before: None, after: Some(&words("red red wine")) }]);
/// index.apply(&[TextChange { id: b"2", seq: Seq::new(1), before: None, after: Some(&words("red tea")) }]);
///
/// let query = TextQuery { required: vec![TextTerm::Word("red".into())], excluded: Vec::new() };
/// let hits = index.snapshot(Seq::new(1)).search(&query, 10)?;
/// assert_eq!(hits.iter().map(|hit| hit.id.as_slice()).collect::<Vec<_>>(), [b"1", b"2"]);
/// assert_eq!(index.snapshot(Seq::new(0)).search(&query, 10)?.len(), 1);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct TextIndex {
    index: TemporalIndex,
    own: Mutex<TextTotals>,
}

impl TextIndex {
    /// Creates an empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an index over the runs of a checkpoint.
    ///
    /// Errors: `corrupt` when the page with the last totals is damaged.
    pub fn open(runs: TemporalRunSet) -> Result<Self> {
        let index = TemporalIndex::open(runs);
        let own = TextTotals::last(&index.snapshot(Seq::new(u64::MAX)), SPACE_OWN)?;
        Ok(Self { index, own: Mutex::new(own) })
    }

    /// Returns the temporal index below, to freeze it, to install what was written, and for its figures.
    pub const fn temporal(&self) -> &TemporalIndex {
        &self.index
    }

    /// Takes changes in the order of their seqs; for the committer only. At most one change for each seq.
    ///
    /// # Panics
    ///
    /// As [`TemporalIndex::apply`].
    pub fn apply(&self, changes: &[TextChange<'_>]) {
        let mut own = self.own.lock();
        for change in changes {
            if let Some(before) = change.before {
                own.change(-1, before.tokens.len().try_into().unwrap_or(i64::MAX));
                let postings = postings(before.tokens);
                let (id, added, removed) = (change.id, before.added, change.seq);
                let changes: Vec<_> =
                    postings.iter().map(|(key, _)| TemporalChange::Removed { key, id, added, removed }).collect();
                self.index.apply(&changes);
            }
            if let Some(tokens) = change.after {
                own.change(1, tokens.len().try_into().unwrap_or(i64::MAX));
                let postings = postings(tokens);
                let (id, added) = (change.id, change.seq);
                let changes: Vec<_> =
                    postings.iter().map(|(key, payload)| TemporalChange::Added { key, id, added, payload }).collect();
                self.index.apply(&changes);
            }
            let (key, payload) = (key(SPACE_OWN, change.seq), own.payload());
            self.index.apply(&[TemporalChange::Added { key: &key, id: &[], added: change.seq, payload: &payload }]);
        }
    }

    /// Pins the index as it was at a seq, for which everything was applied.
    pub fn snapshot(&self, seq: Seq) -> TextSnapshot {
        TextSnapshot::new(self.index.snapshot(seq))
    }
}
