//! How many bytes of requests wait in memory, over all connections of both protocols.
//!
//! Promises: what would go beyond the limit is refused with `busy` before it is kept; an account gives back all it took when it goes.
//! Leaves to others: what answers, indexes and questions take (each question has a limit of its own).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nedb::{Error, ErrorCode, Result};

/// So many bytes of each account are not counted: small requests go on where others hold all there is.
///
/// All connections together have 32 MiB of them at most.
const FREE_BYTES: usize = 8 << 10;

/// The memory that requests share.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    held: AtomicUsize,
    bytes_max: usize,
}

/// What one request, or one connection, holds.
#[derive(Debug)]
pub(crate) struct Account {
    memory: Memory,
    bytes: usize,
}

impl Memory {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Counts { held: AtomicUsize::new(0), bytes_max }))
    }

    /// Bytes that are held, and how many may be.
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.0.held.load(Ordering::Relaxed), self.0.bytes_max)
    }

    /// An account that holds nothing yet.
    pub(crate) fn account(&self) -> Account {
        Account { memory: self.clone(), bytes: 0 }
    }
}

impl Account {
    /// Holds so many bytes in all from now on.
    ///
    /// Errors: `busy` when the others leave no room; then it holds what it held.
    pub(crate) fn set(&mut self, bytes: usize) -> Result<()> {
        let Counts { held, bytes_max } = &*self.memory.0;
        let bytes = bytes.saturating_sub(FREE_BYTES);
        if bytes <= self.bytes {
            held.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
            self.bytes = bytes;
            return Ok(());
        }
        let more = bytes - self.bytes;
        let grow = |held: usize| held.checked_add(more).filter(|held| held <= bytes_max);
        if held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).is_err() {
            let message = format!("requests hold all of the {bytes_max} bytes that they may (--memory-mb)");
            return Err(Error::new(ErrorCode::Busy, message));
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.memory.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_hold_is_not_there_until_they_go() {
        let memory = Memory::new(100);
        let (mut one, mut other) = (memory.account(), memory.account());
        one.set(FREE_BYTES + 70).unwrap();
        assert_eq!(other.set(FREE_BYTES + 31).unwrap_err().code(), ErrorCode::Busy);
        other.set(FREE_BYTES + 30).unwrap();
        assert_eq!(one.set(FREE_BYTES + 71).unwrap_err().code(), ErrorCode::Busy);
        memory.account().set(FREE_BYTES).unwrap();
        one.set(FREE_BYTES + 10).unwrap();
        other.set(FREE_BYTES + 90).unwrap();
        drop(one);
        assert_eq!(memory.held(), (90, 100));
        drop(other);
        assert_eq!(memory.held(), (0, 100));
    }
}
