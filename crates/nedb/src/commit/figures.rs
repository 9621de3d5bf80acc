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
/// // The group had one request, which is the first bound.
/// assert_eq!(commits.group_counts.iter().sum::<u64>(), commits.group_counts[0]);
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
    /// The groups by their numbers of requests: those up to each of [`GROUP_BOUNDS`](Self::GROUP_BOUNDS) and above the one before, and those above all.
    pub group_counts: [u64; Self::GROUP_BOUNDS.len() + 1],
    /// The syncs by their microseconds, likewise by [`SYNC_BOUNDS_US`](Self::SYNC_BOUNDS_US); none in memory.
    pub sync_counts: [u64; Self::SYNC_BOUNDS_US.len() + 1],
}

impl CommitFigures {
    /// The bounds by which groups are counted.
    pub const GROUP_BOUNDS: [u64; 8] = [1, 2, 5, 10, 20, 50, 100, 1_000];

    /// The bounds by which syncs are counted: from a write cache that is safe to a disk in trouble.
    pub const SYNC_BOUNDS_US: [u64; 12] =
        [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000];
}

/// The counters behind them.
#[derive(Debug, Default)]
pub(crate) struct CommitCounts {
    groups: AtomicU64,
    requests: AtomicU64,
    syncs: AtomicU64,
    sync_us: AtomicU64,
    group_counts: [AtomicU64; CommitFigures::GROUP_BOUNDS.len() + 1],
    sync_counts: [AtomicU64; CommitFigures::SYNC_BOUNDS_US.len() + 1],
    /// Last operations of clients that were remembered, and those that the log was asked for.
    pub(crate) clients: CacheCounts,
}

impl CommitCounts {
    pub(crate) fn group(&self, requests: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(requests as u64, Ordering::Relaxed);
        count(&self.group_counts, &CommitFigures::GROUP_BOUNDS, requests as u64);
    }

    fn sync(&self, time_us: u64) {
        self.sync_us.fetch_add(time_us, Ordering::Relaxed);
        count(&self.sync_counts, &CommitFigures::SYNC_BOUNDS_US, time_us);
    }

    pub(crate) fn figures(&self) -> CommitFigures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CommitFigures {
            groups: read(&self.groups),
            requests: read(&self.requests),
            syncs: read(&self.syncs),
            sync_us: read(&self.sync_us),
            group_counts: self.group_counts.each_ref().map(read),
            sync_counts: self.sync_counts.each_ref().map(read),
        }
    }
}

/// Counts a value in the first bucket that holds it.
fn count(counts: &[AtomicU64], bounds: &[u64], value: u64) {
    if let Some(count) = counts.get(bounds.partition_point(|bound| *bound < value)) {
        count.fetch_add(1, Ordering::Relaxed);
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
        self.commits.sync(time_us);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_syncs_count_in_the_first_bucket_that_holds_them() {
        let counts = CommitCounts::default();
        for requests in [1, 1, 2, 3, 1_000, 1_001] {
            counts.group(requests);
        }
        for time_us in [0, 50, 51, 3_000_000] {
            counts.sync(time_us);
        }
        let figures = counts.figures();
        assert_eq!(figures.group_counts, [2, 1, 1, 0, 0, 0, 0, 1, 1]);
        assert_eq!(figures.sync_counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!((figures.requests, figures.sync_us), (2_008, 3_000_101));
    }
}
