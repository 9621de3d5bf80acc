//! How much each part of a call may keep in memory: what the engine allows one query.

use nedb_types::{Error, ErrorCode, Object, Result};

/// Accounts for what one part of a call keeps, such as a `$sort`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    /// What keeps it; an error names it.
    holder: &'static str,
    held: u64,
    max: u64,
}

impl Budget {
    /// Allows so many bytes.
    pub(super) const fn new(holder: &'static str, max: u64) -> Self {
        Self { holder, held: 0, max }
    }

    /// Accounts for bytes that are about to be kept.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
        self.held = self.held.saturating_add(bytes as u64);
        if self.held <= self.max {
            return Ok(());
        }
        let what = format!("memory of {}", self.holder);
        Err(Error::over_limit(ErrorCode::QueryMemoryExceeded, &what, "memory_bytes_max", self.max, self.held))
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
        let mut budget = Budget::new("$sort", 100);
        budget.grow(80).unwrap();
        budget.shrink(50);
        budget.grow(70).unwrap();
        let error = budget.grow(1).unwrap_err();
        assert_eq!(error.code(), ErrorCode::QueryMemoryExceeded);
        assert!(error.to_string().contains("memory of $sort"), "{error}");
    }
}
