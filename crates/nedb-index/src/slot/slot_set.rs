//! The slot runs of one index of one checkpoint.

use std::sync::Arc;

use nedb_types::Result;

use super::slot_run::SlotRun;
use crate::run::RunFile;
use crate::{Address, KeyHash};

/// Holds the slot runs that a checkpoint lists for one slot index, the newest first; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct SlotRunSet {
    runs: Arc<[Arc<SlotRun>]>,
}

impl SlotRunSet {
    pub(crate) fn new(runs: Vec<Arc<SlotRun>>) -> Self {
        Self { runs: runs.into() }
    }

    /// Describes the files for a checkpoint, the newest first.
    pub fn files(&self) -> Vec<RunFile> {
        self.runs.iter().map(|run| run.file()).collect()
    }

    /// Returns the number of entries in all runs.
    pub fn entry_count(&self) -> u64 {
        self.runs.iter().map(|run| run.entry_count()).sum()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<SlotRun>> {
        self.runs.iter()
    }

    pub(crate) fn find(
        &self,
        hash: KeyHash,
        is_match: &mut impl FnMut(Address) -> Result<bool>,
    ) -> Result<Option<Address>> {
        for run in self.runs.iter() {
            if let Some(found) = run.find(hash, is_match)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
