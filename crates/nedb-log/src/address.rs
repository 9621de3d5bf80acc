//! Where a byte of the log lies.
//!
//! Addresses are logical: they count bytes from the start of the first segment and never change.

use std::fmt;

/// Locates a byte of the log; addresses are never reused and never change.
///
/// # Examples
///
/// ```
/// use nedb_log::Address;
///
/// let frame = Address::new(4096);
/// assert_eq!(frame.plus(64).get(), 4160);
/// assert_eq!(frame.to_string(), "4096");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u64);

impl Address {
    /// Is the first byte of the first segment, where no frame can begin; it stands for "none".
    pub const ZERO: Self = Self(0);

    /// Makes an address from its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the address this many bytes later.
    pub const fn plus(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }

    /// Returns how many bytes this address lies behind `start`, or 0 when it lies before it.
    pub const fn bytes_after(self, start: Self) -> u64 {
        self.0.saturating_sub(start.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
