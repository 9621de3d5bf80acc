//! An integer too large for 64 bits.

use num_bigint::BigInt;
use std::fmt;

/// Is an integer outside the range of `i64`; one inside it is always a plain `i64`, so that each has one form.
///
/// # Examples
///
/// ```
/// use nedb_types::{BigInt, WideInteger};
///
/// assert!(WideInteger::new(BigInt::from(7)).is_none());
/// let wide = WideInteger::new(BigInt::from(u64::MAX)).expect("beyond i64");
/// assert_eq!(wide.to_string(), "18446744073709551615");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WideInteger(BigInt);

impl WideInteger {
    /// Takes an integer, or returns `None` if it fits in an `i64`.
    pub fn new(integer: BigInt) -> Option<Self> {
        if i64::try_from(&integer).is_ok() { None } else { Some(Self(integer)) }
    }

    /// Returns the integer.
    pub const fn get(&self) -> &BigInt {
        &self.0
    }

    /// Returns the integer by value.
    pub fn into_inner(self) -> BigInt {
        self.0
    }
}

impl fmt::Display for WideInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
