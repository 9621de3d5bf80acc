//! The key by which a client marks a request that it may send again.

use crate::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use crate::{Error, ErrorCode, Result};
use std::sync::Arc;

/// Marks a request, so that a repetition gives the first result: 1 to 256 bytes, scoped to the client.
///
/// # Examples
///
/// ```
/// use nedb_types::IdempotencyKey;
///
/// assert_eq!(IdempotencyKey::new("order-17")?.as_bytes(), b"order-17");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(Arc<[u8]>);

impl IdempotencyKey {
    /// Checks the length of a key.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when it is empty, `idempotency_key_too_long` when it is too long.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self> {
        let key = key.as_ref();
        if key.is_empty() {
            return Err(Error::new(ErrorCode::InvalidArgument, "idempotency key is empty"));
        }
        if key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
            let (max, actual) = (IDEMPOTENCY_KEY_BYTES_MAX as u64, key.len() as u64);
            let what = "length of the idempotency key";
            let code = ErrorCode::IdempotencyKeyTooLong;
            return Err(Error::over_limit(code, what, "IDEMPOTENCY_KEY_BYTES_MAX", max, actual));
        }
        Ok(Self(key.into()))
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
