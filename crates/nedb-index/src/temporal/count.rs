//! Counting what is visible without merging the layers.
//!
//! An entry lies in one layer, and a closing in another: visible are the entries that their own layer does not end,
//! less the closings of the same moment. So each layer is counted alone, and whole blocks by their index record.
//! Promises: exact. Leaves to others: ranges and moments.

use std::ops::Range;
use std::sync::Arc;

use nedb_types::Result;

use super::block::{BlockShape, DecodedItems};
use super::bounds::Bounds;
use super::item::{ItemList, ItemRef};
use super::layers::Piece;
use super::node::Node;
use super::run::TemporalRun;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) entries: u64,
    pub(crate) closings: u64,
}

/// Returns the numbers of the items of a part that lie in the bounds.
pub(crate) fn in_memory(part: &ItemList, bounds: &Bounds) -> Range<usize> {
    let start = part.lower(&bounds.start, 0);
    start..bounds.end.as_ref().map_or(part.len(), |end| part.lower(end, start))
}

impl Tally {
    pub(crate) fn add_piece(&mut self, piece: &Piece, bounds: &Bounds, moment: u64) -> Result<()> {
        match piece {
            Piece::Memory(part) => {
                for item in in_memory(part, bounds).filter_map(|index| part.get(index)) {
                    self.add_item(&item, moment);
                }
                Ok(())
            }
            Piece::File(run) if !run.may_show_at(moment) => Ok(()),
            Piece::File(run) => self.add_run(run, bounds, moment),
        }
    }

    fn add_item(&mut self, item: &ItemRef<'_>, moment: u64) {
        let removed = item.state.removed();
        if item.added > moment {
        } else if item.state.is_closing() {
            self.closings += u64::from(removed <= moment);
        } else {
            self.entries += u64::from(removed == 0 || removed > moment);
        }
    }

    fn add_run(&mut self, run: &Arc<TemporalRun>, bounds: &Bounds, moment: u64) -> Result<()> {
        let top = run.top()?;
        for group in top.seek(&bounds.start)..top.len() {
            if group > 0 && top.separator(group).is_some_and(|first| bounds.is_behind(first)) {
                break;
            }
            let Some(child) = top.child(group) else { break };
            let end = top.child(group + 1).map_or(run.item_count(), |next| next.items_before);
            let is_inside = top.separator(group).is_some_and(|first| bounds.has_all(first, top.separator(group + 1)));
            if is_inside && child.moments.is_whole_at(moment) {
                self.entries += end.saturating_sub(child.items_before);
            } else if child.moments.may_show_at(moment) {
                let node = run.node(group)?;
                self.add_node(run, node, (top.separator(group + 1), end), (bounds, moment))?;
            }
        }
        Ok(())
    }

    /// Adds the blocks of a node; `behind` is the separator and the number of items at its end.
    fn add_node(
        &mut self,
        run: &Arc<TemporalRun>,
        node: &Node,
        behind: (Option<&[u8]>, u64),
        (bounds, moment): (&Bounds, u64),
    ) -> Result<()> {
        for block in node.seek(&bounds.start)..node.len() {
            let (Some(first), Some(child)) = (node.separator(block), node.child(block)) else { break };
            if block > 0 && bounds.is_behind(first) {
                break;
            }
            let next = node.separator(block + 1).or(behind.0);
            let end = node.child(block + 1).map_or(behind.1, |next| next.items_before);
            if bounds.has_all(first, next) && child.moments.is_whole_at(moment) {
                self.entries += end.saturating_sub(child.items_before);
            } else if child.moments.may_show_at(moment) {
                self.add_block(run, child.first_page, (bounds, moment))?;
            }
        }
        Ok(())
    }

    fn add_block(&mut self, run: &TemporalRun, page: u32, (bounds, moment): (&Bounds, u64)) -> Result<()> {
        let (mut copy, mut items) = (Vec::new(), DecodedItems::default());
        run.read_block(page, &mut copy)?;
        let block = run.block(page, &copy);
        let locate = |error| run.locate_block(error, page);
        let shape = BlockShape::read(block).map_err(locate)?;
        for restart in 0..shape.restarts() {
            shape.decode(block, restart, &mut items).map_err(locate)?;
            for index in 0..items.len() {
                let item = shape.item(block, &items, (restart, index)).map_err(locate)?;
                if item.composite >= bounds.start.as_slice() && !bounds.is_behind(item.composite) {
                    self.add_item(&item, moment);
                }
            }
        }
        Ok(())
    }
}
