//! The bounds of a question that several queries answer: one deadline, one cancellation.
//!
//! A join, a pipeline of stages and their kin run one query after the other and work between them. Leaves to others: the
//! memory, which each query and each step that keeps rows counts for itself.

use nedb_types::Result;

use super::{guard::Guard, options::QueryOptions};
use crate::{
    memory_pool::{MemoryPool, MemoryShare},
    read::Snapshot,
};

/// Keeps a question within the deadline and the cancellation that it was given, however many queries answer it.
///
/// ```
/// use nedb::{CancelToken, Database, ErrorCode, QueryBounds, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let token = CancelToken::new();
/// let bounds = QueryBounds::begin(&db.snapshot(), &QueryOptions::new().cancel(token.clone()));
/// bounds.check()?;
/// token.cancel();
/// assert_eq!(bounds.check().unwrap_err().code(), ErrorCode::Cancelled);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct QueryBounds {
    guard: Guard,
    options: QueryOptions,
}

impl QueryBounds {
    /// Begins a question over a snapshot; its time runs from now on.
    pub fn begin(snapshot: &Snapshot, options: &QueryOptions) -> Self {
        Self { guard: Guard::new(&snapshot.engine().io.clock, options), options: options.clone() }
    }

    /// Refuses to go on with `cancelled` or `query_timeout`.
    pub fn check(&self) -> Result<()> {
        self.guard.check()
    }

    /// The options for a query that begins now: what is left of the time.
    pub fn remaining(&self) -> QueryOptions {
        let mut rest = self.options.clone();
        rest.deadline_us = rest.deadline_us.map(|deadline_us| deadline_us.saturating_sub(self.guard.elapsed_us()));
        rest
    }

    /// How many bytes a step that keeps rows may hold.
    pub fn memory_bytes_max(&self) -> u64 {
        self.options.memory_bytes_max
    }

    /// A share of the memory that questions have together, for a step that keeps rows; none when they share none.
    pub fn memory_share(&self) -> Option<MemoryShare> {
        self.options.memory_pool.as_ref().map(MemoryPool::share)
    }

    pub(crate) const fn guard(&self) -> &Guard {
        &self.guard
    }
}
