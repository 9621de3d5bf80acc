//! A 32-byte digest, as every hash in the database.

use crate::hex::{parse_hex, write_hex};
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::str::FromStr;

/// Is a 32-byte digest; its text is 64 hexadecimal digits.
///
/// # Examples
///
/// ```
/// use nedb_types::Digest;
///
/// let digest = Digest::from_bytes([0xab; 32]);
/// assert_eq!(digest.to_string(), "ab".repeat(32));
/// assert_eq!(digest.to_string().parse::<Digest>()?, digest);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Is the digest of 32 zero bytes, which stands for "none".
    pub const ZERO: Self = Self([0; 32]);

    /// Makes a digest from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the bytes by value.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse_hex(text).map(Self).ok_or_else(|| {
            Error::new(ErrorCode::InvalidArgument, format!("{text:?} is not a digest of 64 hexadecimal digits"))
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}
