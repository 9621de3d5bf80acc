//! The identity of a database.

use crate::hex::{parse_hex, write_hex};
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::str::FromStr;

/// Identifies a database for ever: 16 random bytes, drawn when it is created; its text is 32 hexadecimal digits.
///
/// # Examples
///
/// ```
/// use nedb_types::DatabaseId;
///
/// let id = DatabaseId::from_bytes([0x0f; 16]);
/// assert_eq!(id.to_string(), "0f".repeat(16));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseId([u8; 16]);

impl DatabaseId {
    /// Makes an id from its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for DatabaseId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse_hex(text).map(Self).ok_or_else(|| {
            Error::new(ErrorCode::InvalidArgument, format!("{text:?} is not a database id of 32 hexadecimal digits"))
        })
    }
}

impl fmt::Display for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseId({self})")
    }
}
