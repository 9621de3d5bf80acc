//! The full-text index: changes of texts become changes of postings.
//!
//! Promises: those of the temporal index below. Leaves to others: freezing, writing and installing, which are done on
//! the temporal index itself.

use nedb_io::Mutex;
use nedb_types::{Result, Seq};

use super::posting::Postings;
use super::snapshot::TextSnapshot;
use super::totals::{TextTotals, key};
use crate::{TemporalChange, TemporalIndex, TemporalRunSet};

/// The words that a document had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextVersion<'a> {
    /// The operation that gave them to the document.
    pub added: Seq,
    /// The words, in the form of [`TextWords`](crate::TextWords).
    pub words: &'a [u8],
}

/// One change: a document gets words, loses them, or gets others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextChange<'a> {
    /// The document.
    pub id: &'a [u8],
    /// The operation.
    pub seq: Seq,
    /// What the document had.
    pub before: Option<TextVersion<'a>>,
    /// The words that it has now, in the form of [`TextWords`](crate::TextWords).
    pub after: Option<&'a [u8]>,
}

/// Maps words to the documents that have them, as of any moment.
///
/// # Examples
///
/// ```
/// use nedb_index::{TextChange, TextIndex, TextQuery, TextTerm, TextWords};
/// use nedb_types::Seq;
///
/// let index = TextIndex::new();
/// for (seq, id, words) in [(0, b"1", ["red", "wine"]), (1, b"2", ["red", "tea"])] {
///     let words = TextWords::of(words);
///     index.apply(&[TextChange { id, seq: Seq::new(seq), before: None, after: Some(words.as_bytes()) }]);
/// }
/// let query = TextQuery { required: vec![TextTerm::Word("red".into())], excluded: Vec::new() };
/// let best = |seq| index.snapshot(Seq::new(seq)).matches(&query, &mut |_| Ok(()))?.best(10, &mut |_| Ok(()));
/// assert_eq!(best(1)?.iter().map(|hit| hit.id.as_slice()).collect::<Vec<_>>(), [b"1", b"2"]);
/// assert_eq!(best(0)?.len(), 1);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct TextIndex {
    index: TemporalIndex,
    totals: Mutex<TextTotals>,
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
        let totals = TextTotals::last(&index.snapshot(Seq::new(u64::MAX)))?;
        Ok(Self { index, totals: Mutex::new(totals) })
    }

    /// Returns the temporal index below, to freeze it, to install what was written, and for its figures.
    pub const fn temporal(&self) -> &TemporalIndex {
        &self.index
    }

    /// Takes changes in the order of their seqs; for one thread at a time. At most one change for each seq.
    ///
    /// # Panics
    ///
    /// As [`TemporalIndex::apply`].
    pub fn apply(&self, changes: &[TextChange<'_>]) {
        let mut totals = self.totals.lock();
        for change in changes {
            let id = change.id;
            if let Some(TextVersion { added, words }) = change.before {
                let (postings, removed) = (Postings::of(words), change.seq);
                totals.change(-1, postings.length);
                let ended = postings.iter().map(|(key, _)| TemporalChange::Removed { key, id, added, removed });
                self.index.apply(&ended.collect::<Vec<_>>());
            }
            if let Some(words) = change.after {
                let (postings, added) = (Postings::of(words), change.seq);
                totals.change(1, postings.length);
                let begun = postings.iter().map(|(key, payload)| TemporalChange::Added { key, id, added, payload });
                self.index.apply(&begun.collect::<Vec<_>>());
            }
            let (key, payload) = (key(change.seq), totals.payload());
            self.index.apply(&[TemporalChange::Added { key: &key, id: &[], added: change.seq, payload: &payload }]);
        }
    }

    /// Pins the index as it was at a seq, for which everything was applied.
    pub fn snapshot(&self, seq: Seq) -> TextSnapshot {
        TextSnapshot::new(self.index.snapshot(seq))
    }
}
