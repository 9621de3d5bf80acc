//! The id of a document within its collection.

use crate::Value;
use crate::limits::ID_BYTES_MAX;
use crate::{Error, ErrorCode, Result};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Identifies a document within its collection: a byte string of 1 to 1024 bytes, usually UTF-8 text.
///
/// Ids are ordered by their bytes. `Display` prints text as it is; bytes that are not UTF-8 print as `\xNN`, and a
/// backslash of such an id is doubled, so that different byte ids never print alike.
///
/// # Examples
///
/// ```
/// use nedb_types::DocId;
///
/// let id = DocId::new("ada")?;
/// assert_eq!(id.as_str(), Some("ada"));
/// assert_eq!(DocId::new([b'a', 0xff])?.to_string(), "a\\xff");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocId(Arc<[u8]>);

impl DocId {
    /// Checks the length of an id.
    ///
    /// # Errors
    ///
    /// `invalid_id` when it is empty, `id_too_long` when it is too long.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self> {
        let id = id.as_ref();
        Self::check(id)?;
        Ok(Self(id.into()))
    }

    /// Checks an id that is shared already and goes on sharing it.
    ///
    /// # Errors
    ///
    /// Those of [`DocId::new`].
    pub fn from_shared(id: Arc<[u8]>) -> Result<Self> {
        Self::check(&id)?;
        Ok(Self(id))
    }

    /// Checks bytes as [`new`](Self::new) does, without making an id of them.
    pub fn check(id: &[u8]) -> Result<()> {
        if id.is_empty() {
            return Err(Error::new(ErrorCode::InvalidId, "document id is empty"));
        }
        if id.len() > ID_BYTES_MAX {
            let (max, actual) = (ID_BYTES_MAX as u64, id.len() as u64);
            let what = "length of the document id";
            return Err(Error::over_limit(ErrorCode::IdTooLong, what, "ID_BYTES_MAX", max, actual));
        }
        Ok(())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the id as text, or `None` if it is not UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Returns the id as a field shows it: text, or bytes where it is none.
    pub fn to_value(&self) -> Value {
        match self.as_str() {
            Some(text) => Value::String(text.to_owned()),
            None => Value::Bytes(self.0.to_vec()),
        }
    }
}

impl FromStr for DocId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl AsRef<[u8]> for DocId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::borrow::Borrow<[u8]> for DocId {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.as_str() {
            return f.pad(text);
        }
        for chunk in self.0.utf8_chunks() {
            f.write_str(&chunk.valid().replace('\\', "\\\\"))?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocId(\"{}\")", self.0.escape_ascii())
    }
}
