//! One layer of a temporal index, or all layers in memory together, read by itself.
//!
//! What one operation added lies in one segment, whatever was merged since: a checkpoint takes whole operations, and a merge
//! takes whole runs and tells entries apart by when they ended, which all entries of an operation and an id do together. So
//! what is asked about all entries of a document at once can be asked of each segment alone, without a merge of all.
//!
//! Promises: a scan shows the entries of the segment that the segment itself does not end before the moment. Leaves to others:
//! closings that lie in other segments, for which [`Closings`] looks.

use std::sync::Arc;

use nedb_types::Result;

use super::bounds::Bounds;
use super::layers::Piece;
use super::scan::TemporalScan;
use super::snapshot::TemporalSnapshot;
use crate::KeyRange;
use crate::scan::Direction;

/// A part of the layers of a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct TemporalSegment {
    pieces: Vec<Piece>,
    moment: u64,
}

impl TemporalSegment {
    /// Scans the entries of a range.
    pub(crate) fn scan(&self, range: &KeyRange) -> Result<TemporalScan> {
        TemporalScan::over(&self.pieces, Bounds::of(range), self.moment)
    }
}

impl TemporalSnapshot {
    /// Returns the segments in which an entry of the moment may lie.
    pub(crate) fn segments(&self) -> Vec<TemporalSegment> {
        let moment = self.seq().get();
        let (memory, files): (Vec<_>, Vec<_>) =
            self.layers().pieces().into_iter().partition(|piece| matches!(piece, Piece::Memory(_)));
        let memory = (!memory.is_empty()).then_some(memory);
        let is_shown = |piece: &Piece| match piece {
            Piece::Memory(_) => true,
            Piece::File(run) => run.may_show_at(moment),
        };
        let files = files.into_iter().filter(is_shown).map(|piece| vec![piece]);
        memory.into_iter().chain(files).map(|pieces| TemporalSegment { pieces, moment }).collect()
    }

    /// Returns everything as one segment.
    pub(crate) fn whole(&self) -> TemporalSegment {
        TemporalSegment { pieces: self.layers().pieces(), moment: self.seq().get() }
    }

    /// Returns the pieces in which a closing may lie that ends an entry elsewhere.
    pub(crate) fn closings(&self) -> Closings {
        let may_close = |piece: &Piece| match piece {
            Piece::Memory(part) => part.len() > 0,
            Piece::File(run) => run.has_closings(),
        };
        let pieces = self.layers().pieces().into_iter().filter(may_close).collect();
        Closings { pieces, moment: self.seq().get() }
    }
}

/// Where closings may lie.
#[derive(Clone, Debug)]
pub(crate) struct Closings {
    pieces: Vec<Piece>,
    moment: u64,
}

impl Closings {
    /// Knows of none.
    pub(crate) const fn none() -> Self {
        Self { pieces: Vec::new(), moment: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Returns whether the entry that was added by an operation has ended at the moment, wherever that is noted.
    pub(crate) fn has_ended(&self, composite: &[u8], added: u64) -> Result<bool> {
        let bounds = Arc::new(Bounds { start: composite.to_vec(), end: None });
        for piece in &self.pieces {
            let Some(mut source) = piece.clone().source(&bounds, Direction::Forward, Some(self.moment))? else {
                continue;
            };
            while let Some(item) = source.item()?.filter(|item| item.composite == composite) {
                let is_it = item.added == added && item.state.removed() != 0;
                if is_it && item.state.removed() <= self.moment {
                    return Ok(true);
                }
                source.advance()?;
            }
        }
        Ok(false)
    }
}
