//! The number of an operation.

use std::fmt;

/// Numbers an operation: dense, from 0, and the operation's leaf index in the tree.
///
/// # Examples
///
/// ```
/// use nedb_types::Seq;
///
/// let seq = Seq::new(41);
/// assert_eq!(seq.next(), Some(Seq::new(42)));
/// assert_eq!(seq.to_string(), "41");
/// assert_eq!((Seq::number_of(Some(seq)), Seq::number_of(None)), (41, -1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(u64);

impl Seq {
    /// Numbers the first operation of a database.
    pub const FIRST: Self = Self(0);

    /// Makes a seq from its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the seq that follows, or `None` after the last 64-bit number.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the seq before, or `None` for the first.
    pub const fn previous(self) -> Option<Self> {
        match self.0.checked_sub(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the number as every face shows it where there may be no operation: -1 then.
    pub fn number_of(seq: Option<Self>) -> i64 {
        seq.map_or(-1, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
