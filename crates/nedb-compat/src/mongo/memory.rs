//! How much a call may keep in memory: what the engine allows one query.

use nedb::QUERY_MEMORY_BYTES_MAX;
use nedb_types::{Error, ErrorCode, Object, Result};

/// Accounts for what sorts, groups and look-ups of one call keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    held: u64,
    max: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(QUERY_MEMORY_BYTES_MAX)
    }
}

impl Budget {
    /// Allows so many bytes.
    pub(super) const fn new(max: u64) -> Self {
        Self { held: 0, max }
    }

    /// Accounts for bytes that are about to be kept.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
        self.held = self.held.saturating_add(bytes as u64);
        if self.held <= self.max {
            return Ok(());
        }
        let (max, held) = (self.max, self.held);
        Err(Error::over_limit(
            ErrorCode::QueryMemoryExceeded,
            "memory of the query",
            "QUERY_MEMORY_BYTES_MAX",
            max,
            held,
        ))
    }

    /// Takes bytes off the account.
    pub(super) fn shrink(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes as u64);
    }
}

/// What a document takes in memory, about.
pub(super) fn document_bytes(document: &Object) -> usize {
    document.iter().map(|(name, value)| size_of::<String>() + name.len() + value.memory_bytes()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exceeds_the_budget_is_refused_and_what_is_given_back_counts_no_more() {
        let mut budget = Budget::new(100);
        budget.grow(80).unwrap();
        budget.shrink(50);
        budget.grow(70).unwrap();
        assert_eq!(budget.grow(1).unwrap_err().code(), ErrorCode::QueryMemoryExceeded);
    }
}
