//! The part of an index that a scan covers.

use std::ops::Bound;

use nedb_types::key::prefix_successor;

use crate::KeyRange;

impl KeyRange {
    /// Returns the range of the entries of a temporal index whose keys lie between two keys.
    ///
    /// No key of the index may be the beginning of another one, as those of
    /// [`value_key`](nedb_types::key::value_key) never are.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::Bound;
    /// use nedb_index::KeyRange;
    ///
    /// let range = KeyRange::of_keys(Bound::Excluded(b"a\x01"), Bound::Included(b"b\x01"));
    /// assert_eq!(range.start, Bound::Included(b"a\x02".to_vec()));
    /// assert_eq!(range.end, Bound::Excluded(b"b\x02".to_vec()));
    /// ```
    pub fn of_keys(start: Bound<&[u8]>, end: Bound<&[u8]>) -> Self {
        let behind = |key: &[u8]| prefix_successor(key);
        let start = match start {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(key) => Bound::Included(key.to_vec()),
            // Nothing lies behind a key of 0xff bytes only: an empty range.
            Bound::Excluded(key) => behind(key).map_or_else(|| Bound::Excluded(vec![0xff; key.len()]), Bound::Included),
        };
        let end = match end {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(key) => behind(key).map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Excluded(key) => Bound::Excluded(key.to_vec()),
        };
        Self { start, end }
    }
}

/// A range in the one form that cursors know: from `start` on, and before `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) start: Vec<u8>,
    pub(crate) end: Option<Vec<u8>>,
}

impl Bounds {
    pub(crate) const fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    pub(crate) fn of(range: &KeyRange) -> Self {
        // The least string above another one has a zero byte more.
        let above = |bound: &Vec<u8>| [bound.as_slice(), &[0]].concat();
        let start = match &range.start {
            Bound::Unbounded => Vec::new(),
            Bound::Included(bound) => bound.clone(),
            Bound::Excluded(bound) => above(bound),
        };
        let end = match &range.end {
            Bound::Unbounded => None,
            Bound::Included(bound) => Some(above(bound)),
            Bound::Excluded(bound) => Some(bound.clone()),
        };
        Self { start, end }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    #[inline]
    pub(crate) fn is_behind(&self, composite: &[u8]) -> bool {
        self.end.as_ref().is_some_and(|end| composite >= end.as_slice())
    }

    /// Returns whether everything from `from` on and before `until` lies inside.
    pub(crate) fn has_all(&self, from: &[u8], until: Option<&[u8]>) -> bool {
        from >= self.start.as_slice()
            && match (until, &self.end) {
                (_, None) => true,
                (Some(until), Some(end)) => until < end.as_slice(),
                (None, Some(_)) => false,
            }
    }
}
