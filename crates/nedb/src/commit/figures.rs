//! How many commits there were, and how long the disk took for them.

use std::sync::atomic::{AtomicU64, Ordering};

use nedb_io::CacheCounts;
use nedb_log::LogStore;
use nedb_types::Result;

use crate::engine::Engine;

/// What this handle committed since it was opened.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let commits = db.stats()?.commits;
/// assert_eq!((commits.groups, commits.requests), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitFigures {
    /// Groups of requests that were committed together.
    pub groups: u64,
    /// Requests in them.
    pub requests: u64,
    /// Times that the log was asked to be durable.
    pub syncs: u64,
    /// Microseconds that this took in all; none in memory.
    pub sync_us: u64,
}

/// The counters behind them.
#[derive(Debug, Default)]
pub(crate) struct CommitCounts {
    groups: AtomicU64,
    requests: AtomicU64,
    syncs: AtomicU64,
    sync_us: AtomicU64,
    /// Last operations of clients that were remembered, and those that the log was asked for.
    pub(crate) clients: CacheCounts,
}

impl CommitCounts {
    pub(crate) fn group(&self, requests: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(requests as u64, Ordering::Relaxed);
    }

    pub(crate) fn figures(&self) -> CommitFigures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CommitFigures {
            groups: read(&self.groups),
            requests: read(&self.requests),
            syncs: read(&self.syncs),
            sync_us: read(&self.sync_us),
        }
    }
}

impl Engine {
    /// Makes the log durable, and counts how long that took; returns the durable size.
    pub(crate) fn sync_counted(&self) -> Result<u64> {
        self.commits.syncs.fetch_add(1, Ordering::Relaxed);
        if self.io.disk.is_volatile() {
            // Two looks at the clock take longer than this.
            return self.log.sync();
        }
        let start_us = self.io.clock.monotonic_us();
        let size = self.log.sync()?;
        let time_us = self.io.clock.monotonic_us().saturating_sub(start_us);
        self.commits.sync_us.fetch_add(time_us, Ordering::Relaxed);
        Ok(size)
    }
}
