//! How much each part of a call may keep in memory: what the engine allows one query.

use nedb::{MemoryShare, QueryBounds};
use nedb_types::{Error, ErrorCode, Object, Result};

/// Accounts for what one part of a call keeps, such as a `$sort`.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// What keeps it; an error names it.
    holder: &'static str,
    held: u64,
    max: u64,
    /// What it holds of the memory that it shares with others.
    share: Option<MemoryShare>,
}

impl Budget {
    /// Allows so many bytes.
    #[cfg(test)]
    pub(super) const fn new(holder: &'static str, max: u64) -> Self {
        Self { holder, held: 0, max, share: None }
    }

    /// Allows what a call may hold alone, and what others leave of the memory that they share.
    pub(super) fn within(holder: &'static str, bounds: &QueryBounds) -> Self {
        Self { holder, held: 0, max: bounds.memory_bytes_max(), share: bounds.memory_share() }
    }

    /// As much once more for what is kept while one document is worked on, and given back with it: nobody else counts that.
    pub(super) const fn passing(&self) -> Self {
        Self { holder: self.holder, held: self.held, max: self.max, share: None }
    }

    /// Accounts for bytes that are about to be kept.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
        self.held = self.held.saturating_add(bytes as u64);
        if self.held <= self.max {
            return self.share();
        }
        let what = format!("memory of {}", self.holder);
        Err(Error::over_limit(ErrorCode::QueryMemoryExceeded, &what, "memory_bytes_max", self.max, self.held))
    }

    /// Takes bytes off the account.
    pub(super) fn shrink(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes as u64);
        // Only a call that was refused already, and so is ending, may hold less than it asked for.
        let _refused_before = self.share();
    }

    fn share(&mut self) -> Result<()> {
        let held = usize::try_from(self.held).unwrap_or(usize::MAX);
        self.share.as_mut().map_or(Ok(()), |share| share.set(held))
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
