//! Writing what is frozen to runs: where live and closed entries part.
//!
//! ```text
//! frozen parts + newest live runs  ->  live run: live entries, closings whose entry is in an older run
//!                                  ->  closed run, merged with the newest closed runs where that pays
//! ```
//! Promises: what takes part is read in order, so that memory does not grow with it; the number of live runs and of
//! closed runs is bounded as that of key runs is. Leaves to others: when to write, and installing the result.

use std::sync::Arc;

use nedb_types::Result;

use super::bounds::Bounds;
use super::item::ItemState;
use super::layers::Piece;
use super::merge_scan::MergeScan;
use super::run::TemporalRun;
use super::run_set::{TemporalRunFiles, TemporalRunSet};
use super::run_writer::TemporalRunWriter;
use super::temporal_index::FrozenTemporal;
use crate::IndexDirectory;
use crate::directory::check_identity;
use crate::run::{RunFile, RunKind};
use crate::scan::Direction;
use crate::tiers::merge_count;

/// File name prefix of temporal runs.
const PREFIX: &str = "temporal-";

impl IndexDirectory {
    /// Opens the runs that a checkpoint lists for one temporal index.
    ///
    /// Errors: `corrupt` when a file is not the listed one, `wrong_database`, `newer_format`, and those of the disk.
    pub fn open_temporal_runs(&self, files: &TemporalRunFiles) -> Result<TemporalRunSet> {
        let live = self.open_runs(&files.live, RunKind::Live)?;
        Ok(TemporalRunSet { live, closed: self.open_runs(&files.closed, RunKind::Closed)? })
    }

    /// Writes what is frozen to new runs, merged with the newest of `runs` where that pays, and returns the new set.
    ///
    /// The new runs are durable when this returns; the old files stay until a checkpoint without them is written.
    pub fn write_temporal_runs(&self, frozen: &FrozenTemporal, runs: &TemporalRunSet) -> Result<TemporalRunSet> {
        let merged = merge_count(frozen.change_count(), &counts(&runs.live));
        let mut pieces = Vec::new();
        frozen.parts.iter().for_each(|part| part.add_to(&mut pieces));
        pieces.extend(runs.live.iter().take(merged).cloned().map(Piece::File));
        let written = self.write_apart(pieces)?;
        let live = written.live.into_iter().chain(runs.live.iter().skip(merged).cloned()).collect();
        let closed = self.with_closed(written.closed, &runs.closed)?;
        Ok(TemporalRunSet { live, closed })
    }

    fn with_closed(
        &self,
        newest: Option<Arc<TemporalRun>>,
        runs: &Arc<[Arc<TemporalRun>]>,
    ) -> Result<Arc<[Arc<TemporalRun>]>> {
        let Some(newest) = newest else { return Ok(Arc::clone(runs)) };
        let merged = merge_count(newest.item_count(), &counts(runs));
        let newest = if merged == 0 {
            Some(newest)
        } else {
            let name = newest.file().name;
            let pieces = std::iter::once(newest).chain(runs.iter().take(merged).cloned()).map(Piece::File);
            let written = self.write_apart(pieces.collect())?.closed;
            // Nobody knows this file yet; if it stays, the next checkpoint removes it.
            let _left_behind = self.io.disk.remove(&self.path.join(name)).is_err();
            written
        };
        Ok(newest.into_iter().chain(runs.iter().skip(merged).cloned()).collect())
    }

    /// Merges pieces into at most one live and one closed run.
    fn write_apart(&self, pieces: Vec<Piece>) -> Result<Apart> {
        let bounds = Arc::new(Bounds::all());
        let mut sources = Vec::with_capacity(pieces.len());
        for piece in pieces {
            sources.extend(piece.source(&bounds, Direction::Forward, None)?);
        }
        let mut merge = MergeScan::new(sources, Direction::Forward);
        let (mut live, mut closed) = (None, None);
        while let Some(item) = merge.step()? {
            let is_live = item.state == ItemState::LIVE || item.state.is_closing();
            let (place, kind) = if is_live { (&mut live, RunKind::Live) } else { (&mut closed, RunKind::Closed) };
            let writer = match place {
                Some(writer) => writer,
                None => place.insert(TemporalRunWriter::create(self, PREFIX, kind)?),
            };
            writer.push(&item)?;
        }
        Ok(Apart {
            live: live.map(TemporalRunWriter::finish).transpose()?,
            closed: closed.map(TemporalRunWriter::finish).transpose()?,
        })
    }

    fn open_runs(&self, files: &[RunFile], kind: RunKind) -> Result<Arc<[Arc<TemporalRun>]>> {
        let mut runs = Vec::with_capacity(files.len());
        for file in files {
            let run = TemporalRun::open(self, &self.path.join(&file.name), kind)?;
            check_identity(file, &run.file())?;
            runs.push(run);
        }
        Ok(runs.into())
    }
}

/// What a merge wrote.
struct Apart {
    live: Option<Arc<TemporalRun>>,
    closed: Option<Arc<TemporalRun>>,
}

fn counts(runs: &[Arc<TemporalRun>]) -> Vec<u64> {
    runs.iter().map(|run| run.item_count()).collect()
}
