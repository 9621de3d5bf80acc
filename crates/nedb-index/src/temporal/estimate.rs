//! How many items of a file lie in a range, about.
//!
//! The index nodes tell how many items lie before each block, so that no block is opened for a long range; in a short one the
//! restarts of two blocks tell more. Promises: never fewer than there are; too many by less than two blocks in a long range,
//! and by less than two restart intervals in a short one. Leaves to others: which of the items a reader sees.

use std::ops::Range;

use nedb_types::{Error, Result};

use super::block::{BlockShape, DecodedItems, RESTART_ITEMS};
use super::bounds::Bounds;
use super::run::TemporalRun;

/// From how many items on the blocks at the ends of a range do not matter: some ten times what the two of them hold.
const LONG_ITEMS: u64 = 2048;

/// Estimates the items of a run that lie in the bounds.
pub(crate) fn in_file(run: &TemporalRun, bounds: &Bounds) -> Result<u64> {
    let start = Spot::of(run, &bounds.start)?;
    let Some(bound) = &bounds.end else { return Ok(run.item_count().saturating_sub(start.rank(run, &bounds.start)?)) };
    let end = Spot::of(run, bound)?;
    if end.items.start.saturating_sub(start.items.end) >= LONG_ITEMS {
        return Ok(end.items.end.saturating_sub(start.items.start));
    }
    Ok(end.rank(run, bound)?.saturating_sub(start.rank(run, &bounds.start)?))
}

/// The block in which a bound falls.
struct Spot {
    page: u32,
    /// The numbers of its items in the run.
    items: Range<u64>,
}

impl Spot {
    fn of(run: &TemporalRun, bound: &[u8]) -> Result<Self> {
        let top = run.top()?;
        let group = top.seek(bound);
        let node = run.node(group)?;
        let block = node.seek(bound);
        let child = node.child(block).ok_or_else(|| Error::corrupt("run file: a node lacks a block"))?;
        let behind = node.child(block + 1).or_else(|| top.child(group + 1));
        let end = behind.map_or(run.item_count(), |next| next.items_before);
        Ok(Self { page: child.first_page, items: child.items_before..end.max(child.items_before) })
    }

    /// Returns how many items of the run lie before the bound.
    fn rank(&self, run: &TemporalRun, bound: &[u8]) -> Result<u64> {
        let (mut copy, mut items) = (Vec::new(), DecodedItems::default());
        run.read_block(self.page, &mut copy)?;
        let block = run.block(self.page, &copy);
        let locate = |error| run.locate_block(error, self.page);
        let shape = BlockShape::read(block).map_err(locate)?;
        let restart = shape.seek(block, bound).map_err(locate)?;
        shape.decode(block, restart, &mut items).map_err(locate)?;
        let is_before = |item: &usize| items.composite(*item).is_some_and(|composite| composite < bound);
        let before = (0..items.len()).take_while(is_before).count();
        // A forged run may say anything.
        Ok(self.items.start.saturating_add((restart * RESTART_ITEMS + before) as u64))
    }
}
