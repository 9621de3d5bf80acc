//! One layer of a scan: a sorted part in memory or a run.
//!
//! Promises: the same steps for both kinds. Leaves to others: what several layers say of one entry.

use std::sync::Arc;

use nedb_types::Result;

use super::bounds::Bounds;
use super::item::{ItemList, ItemRef};
use super::run_cursor::RunCursor;
use crate::scan::Direction;

/// Stands on an item of one layer, or behind the last one.
#[derive(Debug)]
pub(crate) enum Source {
    Memory(PartCursor),
    File(Box<RunCursor>),
}

impl Source {
    /// Returns composite and `added` of the item it stands on.
    #[inline]
    pub(crate) fn order(&self) -> Option<(&[u8], u64)> {
        match self {
            Self::Memory(cursor) => cursor.item().map(|item| (item.composite, item.added)),
            Self::File(cursor) => cursor.composite().zip(cursor.added()),
        }
    }

    /// Returns the composite of the item it stands on.
    #[inline]
    pub(crate) fn composite(&self) -> Option<&[u8]> {
        match self {
            Self::Memory(cursor) => cursor.item().map(|item| item.composite),
            Self::File(cursor) => cursor.composite(),
        }
    }

    #[inline]
    pub(crate) fn item(&self) -> Result<Option<ItemRef<'_>>> {
        match self {
            Self::Memory(cursor) => Ok(cursor.item()),
            Self::File(cursor) => cursor.item(),
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

    /// Moves forward to the first item whose composite is not below `to`.
    pub(crate) fn seek(&mut self, to: &[u8]) -> Result<()> {
        match self {
            Self::Memory(cursor) => {
                cursor.at = cursor.part.lower(to, cursor.at);
                Ok(())
            }
            Self::File(cursor) => cursor.seek(to),
        }
    }

    pub(crate) const fn blocks_read(&self) -> u64 {
        match self {
            Self::Memory(_) => 0,
            Self::File(cursor) => cursor.blocks_read(),
        }
    }
}

/// Walks a sorted part.
#[derive(Debug)]
pub(crate) struct PartCursor {
    part: Arc<ItemList>,
    /// Behind the last item, in either direction, it is past the end of the part.
    at: usize,
    direction: Direction,
}

impl PartCursor {
    pub(crate) fn new(part: Arc<ItemList>, bounds: &Bounds, direction: Direction) -> Self {
        let at = match (direction, &bounds.end) {
            (Direction::Forward, _) => part.lower(&bounds.start, 0),
            (Direction::Reverse, None) => part.len().wrapping_sub(1),
            (Direction::Reverse, Some(end)) => part.lower(end, 0).wrapping_sub(1),
        };
        Self { part, at, direction }
    }

    #[inline]
    fn item(&self) -> Option<ItemRef<'_>> {
        self.part.get(self.at)
    }

    #[inline]
    const fn advance(&mut self) {
        self.at = match self.direction {
            Direction::Forward => self.at.saturating_add(1),
            Direction::Reverse => self.at.wrapping_sub(1),
        };
    }
}
