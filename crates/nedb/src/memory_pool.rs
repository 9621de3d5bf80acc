//! Memory that many share: how many bytes all of them together hold.
//!
//! Promises: what would go beyond the limit is refused with `busy` before it is kept; a share gives back all it took when it goes.
//! Leaves to others: what is counted, and how much one of them may hold alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nedb_types::{Error, ErrorCode, Result};

/// So many bytes of each share are not counted: small ones go on where others hold all there is.
const FREE_BYTES: usize = 8 << 10;

/// A bound on the memory that queries, and whatever else takes shares, hold together.
///
/// ```
/// use nedb::{Body, Database, ErrorCode, MemoryPool, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// for n in 0..100 {
///     db.put("logs", n.to_string(), Body::json(format!(r#"{{"text": "{}"}}"#, "x".repeat(1_000))))?;
/// }
/// let pool = MemoryPool::new(64 << 10);
/// let options = QueryOptions::new().memory_pool(pool.clone());
/// let refused = db.query_with("FROM logs ORDER BY text", &options);
/// assert_eq!(refused.unwrap_err().code(), ErrorCode::Busy);
/// assert_eq!(pool.held_bytes(), 0, "it ended and holds nothing");
/// assert_eq!(db.query_with("FROM logs LIMIT 3", &options)?.count(), 3, "which keeps no rows");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryPool(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    held: AtomicUsize,
    bytes_max: usize,
}

impl MemoryPool {
    /// Lets all shares together hold so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Counts { held: AtomicUsize::new(0), bytes_max }))
    }

    /// Bytes that are held now, but for the first 8 KiB of each share.
    pub fn held_bytes(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// How many there may be.
    pub fn bytes_max(&self) -> usize {
        self.0.bytes_max
    }

    /// A share that holds nothing yet.
    ///
    /// ```
    /// let pool = nedb::MemoryPool::new(100);
    /// let mut share = pool.share();
    /// share.set((8 << 10) + 70)?;
    /// assert!(pool.share().set((8 << 10) + 31).is_err());
    /// drop(share);
    /// pool.share().set((8 << 10) + 31)?;
    /// # Ok::<(), nedb::Error>(())
    /// ```
    pub fn share(&self) -> MemoryShare {
        MemoryShare { pool: self.clone(), bytes: 0 }
    }
}

/// What one query, request or answer holds of a [`MemoryPool`].
#[derive(Debug)]
pub struct MemoryShare {
    pool: MemoryPool,
    bytes: usize,
}

impl MemoryShare {
    /// Holds so many bytes in all from now on.
    ///
    /// Errors: `busy` when the others leave no room; then it holds what it held.
    pub fn set(&mut self, bytes: usize) -> Result<()> {
        let Counts { held, bytes_max } = &*self.pool.0;
        let bytes = bytes.saturating_sub(FREE_BYTES);
        if bytes == self.bytes {
            return Ok(());
        }
        if bytes < self.bytes {
            held.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
            self.bytes = bytes;
            return Ok(());
        }
        let more = bytes - self.bytes;
        let grow = |held: usize| held.checked_add(more).filter(|held| held <= bytes_max);
        if held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).is_err() {
            let message = format!("requests, questions and answers hold all of the {bytes_max} bytes that they share");
            return Err(Error::new(ErrorCode::Busy, message));
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        self.pool.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_hold_is_not_there_until_they_go() {
        let pool = MemoryPool::new(100);
        let (mut one, mut other) = (pool.share(), pool.share());
        one.set(FREE_BYTES + 70).unwrap();
        assert_eq!(other.set(FREE_BYTES + 31).unwrap_err().code(), ErrorCode::Busy);
        other.set(FREE_BYTES + 30).unwrap();
        assert_eq!(one.set(FREE_BYTES + 71).unwrap_err().code(), ErrorCode::Busy);
        pool.share().set(FREE_BYTES).unwrap();
        one.set(FREE_BYTES + 10).unwrap();
        other.set(FREE_BYTES + 90).unwrap();
        drop(one);
        assert_eq!(pool.held_bytes(), 90);
        drop(other);
        assert_eq!(pool.held_bytes(), 0);
    }
}
