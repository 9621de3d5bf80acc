//! The operators of a query, one small file each.
//!
//! ```text
//! source (scan, keys, range, found)  ->  filter  ->  search  ->  traverse | trace  ->  filter
//!                                                        ->  group | sort  ->  offset, limit, projection
//! ```
//! A [`Source`] shows documents in place, a batch at a time; an operator that needs all of them drains it. What flows
//! between two draining operators is [`Found`](super::view::Found): where a version lies, not what it holds.

pub(crate) mod collect;
pub(crate) mod filter;
pub(crate) mod found;
pub(crate) mod group;
pub(crate) mod group_rows;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod keys;
pub(crate) mod merge;
pub(crate) mod project;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod sift;
pub(crate) mod sort;
pub(crate) mod texts;
pub(crate) mod trace;
pub(crate) mod traverse;

use nedb_types::Result;

use super::{guard::Guard, view::DocumentView};

/// Takes one document; what it borrows ends with the call.
pub(crate) type Visit<'v> = dyn FnMut(&DocumentView<'_>) -> Result<()> + 'v;

/// Takes documents from several threads; the number is that of the thread.
pub(crate) type SplitVisit<'v> = dyn Fn(usize, &DocumentView<'_>) -> Result<()> + Sync + 'v;

/// Judges documents from several threads.
pub(crate) type Judge<'v> = dyn Fn(&DocumentView<'_>) -> Result<bool> + Sync + 'v;

/// Shows the documents of one access path.
pub(crate) trait Source: Send {
    /// Looks at about `candidates` entries and visits the documents among them; false when there are no more entries.
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool>;

    /// As [`advance`](Self::advance) for those documents that `is_kept` keeps, in the same order, where the source has a quicker way
    /// than to show each of them; otherwise `None`, and nothing is done.
    fn sift(
        &mut self,
        _guard: &Guard,
        _candidates: usize,
        _is_kept: &Judge<'_>,
        _visit: &mut Visit<'_>,
    ) -> Result<Option<bool>> {
        Ok(None)
    }

    /// Visits all documents from several threads in any order; false, and nothing is done, where that is not worth it.
    fn split(&mut self, _guard: &Guard, _threads: usize, _visit: &SplitVisit<'_>) -> Result<bool> {
        Ok(false)
    }
}

/// How many candidates a draining operator asks for at once: enough that the call does not count.
const DRAIN_CANDIDATES: usize = 4096;

/// Visits every document of a source.
pub(crate) fn drain(source: &mut dyn Source, guard: &Guard, visit: &mut Visit<'_>) -> Result<()> {
    guard.check()?;
    while source.advance(guard, DRAIN_CANDIDATES, visit)? {}
    Ok(())
}
