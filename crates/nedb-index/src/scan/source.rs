//! One layer of a scan: a sorted run in memory or in a file.
//!
//! Promises: the same steps for both kinds. Leaves to others: which layer wins when several hold a key.

use std::sync::Arc;

use nedb_types::Result;

use super::range::{Direction, KeyRange};
use crate::delta::{Delta, SortedRun};
use crate::entry::Packed;
use crate::run::RunCursor;

/// Stands on a key of one layer, or behind the last one.
#[derive(Debug)]
pub(crate) enum Source {
    Memory(MemoryCursor),
    File(Box<RunCursor>),
}

impl Source {
    #[inline]
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Memory(cursor) => cursor.key(),
            Self::File(cursor) => cursor.key(),
        }
    }

    #[inline]
    pub(crate) fn value(&self) -> Option<Packed> {
        match self {
            Self::Memory(cursor) => cursor.value(),
            Self::File(cursor) => cursor.value(),
        }
    }

    #[inline]
    pub(crate) fn advance(&mut self) -> Result<()> {
        match self {
            Self::Memory(cursor) => {
                cursor.advance();
                Ok(())
            }
            Self::File(cursor) => cursor.advance(),
        }
    }
}

/// Walks a sorted run of a delta and reads the newest values from the delta.
#[derive(Debug)]
pub(crate) struct MemoryCursor {
    delta: Arc<Delta>,
    run: Arc<SortedRun>,
    next: usize,
    left: usize,
    direction: Direction,
}

impl MemoryCursor {
    pub(crate) fn new(delta: Arc<Delta>, run: Arc<SortedRun>, range: &KeyRange, direction: Direction) -> Self {
        let start = run.lower(&range.start);
        let end = run.upper(&range.end, start);
        let next = match direction {
            Direction::Forward => start,
            Direction::Reverse => end.saturating_sub(1),
        };
        Self { delta, run, next, left: end.saturating_sub(start), direction }
    }

    #[inline]
    fn key(&self) -> Option<&[u8]> {
        (self.left > 0).then(|| self.run.key(self.next))
    }

    #[inline]
    fn value(&self) -> Option<Packed> {
        self.delta.value(self.run.item(self.next)?)
    }

    #[inline]
    fn advance(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.next = match self.direction {
            Direction::Forward => self.next + 1,
            Direction::Reverse => self.next.saturating_sub(1),
        };
    }
}
