//! A range of keys.

use std::ops::Bound;

/// Bounds of a scan in byte order of keys.
///
/// # Examples
///
/// ```
/// use std::ops::Bound;
/// use nedb_index::KeyRange;
///
/// let range = KeyRange::prefix(b"ab");
/// assert_eq!(range.start, Bound::Included(b"ab".to_vec()));
/// assert_eq!(range.end, Bound::Excluded(b"ac".to_vec()));
/// assert_eq!(KeyRange::all().start, Bound::Unbounded);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The bound on the smallest key.
    pub start: Bound<Vec<u8>>,
    /// The bound on the greatest key.
    pub end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Returns the range of all keys.
    pub const fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// Returns the range of all keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let end = nedb_types::key::prefix_successor(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Self { start: Bound::Included(prefix.to_vec()), end }
    }

    /// Returns whether no key can lie in the range.
    pub(crate) fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
                start >= end
            }
            _ => false,
        }
    }
}

/// The way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Reverse,
}
