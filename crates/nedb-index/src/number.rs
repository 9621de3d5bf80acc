//! The conversions between memory lengths and stored numbers.
//!
//! Promises: no length is cut in silence. Leaves to others: the limits that make the conversions succeed.

/// Converts a length whose limit lies far below 4 Gi.
#[inline]
pub(crate) fn u32_from(length: usize) -> u32 {
    u32::try_from(length).expect("lengths inside one delta, block or file are limited below 2^32")
}

/// Converts a length whose limit lies below 64 Ki.
#[inline]
pub(crate) fn u16_from(length: usize) -> u16 {
    u16::try_from(length).expect("lengths inside one block are limited below 2^16")
}
