//! The runs of one temporal index.

use std::sync::Arc;

use super::run::TemporalRun;
use crate::RunFile;

/// How a checkpoint names the runs of one temporal index.
///
/// # Examples
///
/// ```
/// use nedb_index::{TemporalIndex, TemporalRunFiles};
///
/// let files = TemporalIndex::new().runs().files(7);
/// assert_eq!(files, TemporalRunFiles { index: 7, live: Vec::new(), closed: Vec::new() });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemporalRunFiles {
    /// The number of the index, which the engine gives.
    pub index: u64,
    /// Runs of entries that were live when they were written, the newest first.
    pub live: Vec<RunFile>,
    /// Runs of entries that were removed, the newest first.
    pub closed: Vec<RunFile>,
}

/// Holds the runs of one temporal index, live and closed entries apart; cheap to clone.
///
/// Made by [`IndexDirectory`](crate::IndexDirectory); the default is the empty set of a new index.
#[derive(Clone, Debug, Default)]
pub struct TemporalRunSet {
    /// The newest first.
    pub(crate) live: Arc<[Arc<TemporalRun>]>,
    /// The newest first.
    pub(crate) closed: Arc<[Arc<TemporalRun>]>,
}

impl TemporalRunSet {
    /// Describes the files for a checkpoint, as those of the index with this number.
    pub fn files(&self, index: u64) -> TemporalRunFiles {
        let files = |runs: &[Arc<TemporalRun>]| runs.iter().map(|run| run.file()).collect();
        TemporalRunFiles { index, live: files(&self.live), closed: files(&self.closed) }
    }

    /// Returns the number of entries, and of closings that wait to be merged with their entries.
    pub fn entry_count(&self) -> u64 {
        self.iter().map(|run| run.item_count()).sum()
    }

    /// Returns the number of runs.
    pub fn run_count(&self) -> usize {
        self.live.len() + self.closed.len()
    }

    /// Returns the length of all files in bytes.
    pub fn length_bytes(&self) -> u64 {
        self.iter().map(|run| run.file().length_bytes).sum()
    }

    /// Returns the heap memory of the runs in bytes; mapped bytes are not counted.
    pub fn heap_bytes(&self) -> u64 {
        self.iter().map(|run| run.heap_bytes()).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<TemporalRun>> {
        self.live.iter().chain(self.closed.iter())
    }
}
