//! The key runs of one checkpoint.

use std::sync::Arc;

use nedb_types::Result;

use super::{KeyRun, RunFile};
use crate::{Address, KeyHash};

/// Holds the key runs that a checkpoint lists, the newest first; cheap to clone.
///
/// Made by [`IndexDirectory`](crate::IndexDirectory); the default is the empty set of a new database.
#[derive(Clone, Debug, Default)]
pub struct RunSet {
    runs: Arc<[Arc<KeyRun>]>,
}

impl RunSet {
    /// Makes a set of runs, the newest first.
    pub(crate) fn new(runs: Vec<Arc<KeyRun>>) -> Self {
        Self { runs: runs.into() }
    }

    /// Describes the files for a checkpoint, the newest first.
    pub fn files(&self) -> Vec<RunFile> {
        self.runs.iter().map(|run| run.file()).collect()
    }

    /// Returns the number of keys; a key that lies in several runs counts several times.
    pub fn entry_count(&self) -> u64 {
        self.runs.iter().map(|run| run.entry_count()).sum()
    }

    /// Returns the length of all files in bytes.
    pub fn length_bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.file().length_bytes).sum()
    }

    /// Returns the heap memory of the runs in bytes; mapped bytes are not counted.
    pub fn heap_bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.heap_bytes()).sum()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<KeyRun>> {
        self.runs.iter()
    }

    #[inline]
    pub(crate) fn find(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Address>> {
        if self.runs.len() > 1 {
            self.prefetch(hash);
        }
        for run in self.runs.iter() {
            if let Some(found) = run.find(hash, is_match)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    #[inline]
    pub(crate) fn prefetch(&self, hash: KeyHash) {
        for run in self.runs.iter() {
            run.prefetch(hash);
        }
    }
}
