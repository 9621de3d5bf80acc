//! The layers of a temporal index at one moment of its maintenance.
//!
//! Promises: a set of layers is never changed; a new one replaces it in one step, so that no reader sees an entry twice
//! or in no layer. Leaves to others: when to freeze and what to install.

use std::sync::Arc;

use nedb_types::Result;

use super::bounds::Bounds;
use super::builder::TemporalBase;
use super::delta::TemporalDelta;
use super::item::ItemList;
use super::run::TemporalRun;
use super::run_cursor::RunCursor;
use super::run_set::TemporalRunSet;
use super::source::{PartCursor, Source};
use crate::scan::Direction;

/// What waits to be written to a run.
#[derive(Clone, Debug)]
pub(crate) enum FrozenPart {
    Delta(Arc<TemporalDelta>),
    Base(Arc<TemporalBase>),
}

impl FrozenPart {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Delta(a), Self::Delta(b)) => Arc::ptr_eq(a, b),
            (Self::Base(a), Self::Base(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Delta(delta) => delta.count(),
            Self::Base(base) => base.entry_count(),
        }
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        match self {
            Self::Delta(delta) => delta.heap_bytes(),
            Self::Base(base) => base.heap_bytes(),
        }
    }

    pub(crate) fn add_to(&self, pieces: &mut Vec<Piece>) {
        match self {
            Self::Delta(delta) => pieces.extend(delta.sorted().into_iter().map(Piece::Memory)),
            Self::Base(base) => base.add_to(pieces),
        }
    }
}

/// A sorted piece of a layer.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Memory(Arc<ItemList>),
    File(Arc<TemporalRun>),
}

impl Piece {
    /// Begins a walk; `None` when nothing in it can matter at the moment.
    pub(crate) fn source(
        self,
        bounds: &Arc<Bounds>,
        direction: Direction,
        moment: Option<u64>,
    ) -> Result<Option<Source>> {
        Ok(match self {
            Self::Memory(part) => Some(Source::Memory(PartCursor::new(part, bounds, direction))),
            Self::File(run) if moment.is_some_and(|moment| !run.may_show_at(moment)) => None,
            Self::File(run) => {
                let cursor = RunCursor::new(run, Arc::clone(bounds), direction, moment)?;
                Some(Source::File(Box::new(cursor)))
            }
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct TemporalLayers {
    /// Takes the changes.
    pub(crate) active: Arc<TemporalDelta>,
    pub(crate) frozen: Vec<FrozenPart>,
    /// What checkpoints wrote.
    pub(crate) runs: TemporalRunSet,
}

impl TemporalLayers {
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        FrozenPart::Delta(Arc::clone(&self.active)).add_to(&mut pieces);
        self.frozen.iter().for_each(|part| part.add_to(&mut pieces));
        pieces.extend(self.runs.iter().cloned().map(Piece::File));
        pieces
    }

    pub(crate) fn sources(
        &self,
        bounds: &Arc<Bounds>,
        direction: Direction,
        moment: Option<u64>,
    ) -> Result<Vec<Source>> {
        let mut sources = Vec::new();
        for piece in self.pieces() {
            sources.extend(piece.source(bounds, direction, moment)?);
        }
        Ok(sources)
    }
}
