//! Walks the items of a run in either direction.
//!
//! Promises: it decodes one restart interval at a time, and never opens a block or node whose moments say that nothing
//! in it can matter to the reader. Leaves to others: merging with other layers, and the end of the range within a block.

use std::sync::Arc;

use nedb_types::{Error, Result};

use super::block::{BlockShape, DecodedItems, RESTART_ITEMS};
use super::bounds::Bounds;
use super::item::ItemRef;
use super::node::{Child, Node};
use super::run::TemporalRun;
use crate::scan::Direction;

#[derive(Debug)]
pub(crate) struct RunCursor {
    run: Arc<TemporalRun>,
    direction: Direction,
    bounds: Arc<Bounds>,
    /// The reader's moment; a merge has none and sees everything.
    moment: Option<u64>,
    group: usize,
    block_number: usize,
    child: Child,
    /// The block, if it does not lie in memory in one piece.
    copy: Vec<u8>,
    shape: BlockShape,
    restart: usize,
    items: DecodedItems,
    /// Place of the present item in `items`; without items the walk has ended.
    at: usize,
    blocks_read: u64,
}

impl RunCursor {
    /// Stands on the first item of the bounds, in the given direction, that may matter at the moment.
    pub(crate) fn new(
        run: Arc<TemporalRun>,
        bounds: Arc<Bounds>,
        direction: Direction,
        moment: Option<u64>,
    ) -> Result<Self> {
        let mut cursor = Self {
            run,
            direction,
            bounds,
            moment,
            group: 0,
            block_number: 0,
            child: Child::default(),
            copy: Vec::new(),
            shape: BlockShape::default(),
            restart: 0,
            items: DecodedItems::default(),
            at: 0,
            blocks_read: 0,
        };
        let bounds = Arc::clone(&cursor.bounds);
        match direction {
            Direction::Forward => cursor.seek_anew(&bounds.start)?,
            Direction::Reverse => match &bounds.end {
                Some(end) => cursor.seek_anew(end)?,
                None => cursor.begin_at_end()?,
            },
        }
        Ok(cursor)
    }

    #[inline]
    pub(crate) fn composite(&self) -> Option<&[u8]> {
        self.items.composite(self.at)
    }

    #[inline]
    pub(crate) fn added(&self) -> Option<u64> {
        self.shape.added(self.block(), self.number())
    }

    pub(crate) fn item(&self) -> Result<Option<ItemRef<'_>>> {
        if self.items.len() == 0 {
            return Ok(None);
        }
        let item = self.shape.item(self.block(), &self.items, (self.restart, self.at));
        item.map(Some).map_err(|error| self.run.locate_block(error, self.child.first_page))
    }

    pub(crate) const fn blocks_read(&self) -> u64 {
        self.blocks_read
    }

    pub(crate) fn advance(&mut self) -> Result<()> {
        match self.direction {
            Direction::Forward if self.at + 1 < self.items.len() => self.at += 1,
            Direction::Forward if self.restart + 1 < self.shape.restarts() => self.load_restart(self.restart + 1)?,
            Direction::Reverse if self.at > 0 => self.at -= 1,
            Direction::Reverse if self.restart > 0 => self.load_restart(self.restart - 1)?,
            _ => self.leave_block()?,
        }
        Ok(())
    }

    /// Moves forward to the first item whose composite is not below `to`; for forward walks.
    pub(crate) fn seek(&mut self, to: &[u8]) -> Result<()> {
        let Some(last) = self.items.len().checked_sub(1) else { return Ok(()) };
        if self.items.composite(last).is_some_and(|composite| composite >= to) {
            while self.composite().is_some_and(|composite| composite < to) {
                self.at += 1;
            }
            return Ok(());
        }
        if self.next_separator()?.is_none_or(|next| next > to) {
            return self.seek_in_block(to);
        }
        let top = self.run.top()?;
        if top.separator(self.group + 1).is_none_or(|next| next > to) {
            let block = self.node()?.seek(to).max(self.block_number);
            return self.seek_from_block(block, to);
        }
        self.seek_anew(to)
    }

    /// Finds a place from the top: forward the first item not below `to`, in reverse the last one below it.
    fn seek_anew(&mut self, to: &[u8]) -> Result<()> {
        self.items.clear();
        let top = self.run.top()?;
        self.group = top.seek(to);
        if !self.may_show(top.child(self.group)) {
            return self.enter_next_group();
        }
        self.load_node(self.group)?;
        self.seek_from_block(self.node()?.seek(to), to)
    }

    fn begin_at_end(&mut self) -> Result<()> {
        let top = self.run.top()?;
        self.group = top.len() - 1;
        if !self.may_show(top.child(self.group)) {
            return self.enter_next_group();
        }
        self.load_node(self.group)?;
        self.enter_block_from(self.node()?.len() - 1)
    }

    fn seek_from_block(&mut self, block: usize, to: &[u8]) -> Result<()> {
        self.block_number = block;
        if !self.may_show(self.node()?.child(block)) {
            self.items.clear();
            return self.leave_block();
        }
        self.load_block(block)?;
        self.seek_in_block(to)
    }

    fn seek_in_block(&mut self, to: &[u8]) -> Result<()> {
        let restart = self.shape.seek(self.block(), to);
        let restart = restart.map_err(|error| self.run.locate_block(error, self.child.first_page))?;
        self.load_restart(restart)?;
        match self.direction {
            Direction::Forward => {
                self.at = 0;
                while self.composite().is_some_and(|composite| composite < to) {
                    self.advance()?;
                }
            }
            Direction::Reverse => {
                while self.composite().is_some_and(|composite| composite >= to) {
                    self.advance()?;
                }
            }
        }
        Ok(())
    }

    /// Goes on with the next block that may matter.
    fn leave_block(&mut self) -> Result<()> {
        if self.is_last_block()? {
            self.items.clear();
            return Ok(());
        }
        self.enter_block_from(step(self.block_number, self.direction))
    }

    /// Enters the first block of the node, from `block` on, that may matter; or goes on with the next node.
    fn enter_block_from(&mut self, block: usize) -> Result<()> {
        let mut block = block;
        while let Some(child) = self.node()?.child(block) {
            self.block_number = block;
            if self.may_show(Some(child)) {
                self.load_block(block)?;
                let restart = match self.direction {
                    Direction::Forward => 0,
                    Direction::Reverse => self.shape.restarts() - 1,
                };
                return self.load_restart(restart);
            }
            if self.is_last_block()? {
                self.items.clear();
                return Ok(());
            }
            block = step(block, self.direction);
        }
        self.enter_next_group()
    }

    fn enter_next_group(&mut self) -> Result<()> {
        self.items.clear();
        let top = self.run.top()?;
        let mut group = self.group;
        loop {
            let is_last = match self.direction {
                Direction::Forward => top.separator(group + 1).is_none_or(|next| self.bounds.is_behind(next)),
                Direction::Reverse => {
                    group == 0 || top.separator(group).is_some_and(|first| first < self.bounds.start.as_slice())
                }
            };
            if is_last {
                return Ok(());
            }
            group = step(group, self.direction);
            if self.may_show(top.child(group)) {
                break;
            }
        }
        self.load_node(group)?;
        let block = match self.direction {
            Direction::Forward => 0,
            Direction::Reverse => self.node()?.len() - 1,
        };
        self.enter_block_from(block)
    }

    /// Returns whether the blocks behind the present one lie outside the bounds.
    fn is_last_block(&self) -> Result<bool> {
        Ok(match self.direction {
            Direction::Forward => self.next_separator()?.is_none_or(|next| self.bounds.is_behind(next)),
            // A composite may go on from one block to the next, which then begins with it.
            Direction::Reverse => {
                (self.block_number == 0 && self.group == 0)
                    || self
                        .node()?
                        .separator(self.block_number)
                        .is_some_and(|first| first < self.bounds.start.as_slice())
            }
        })
    }

    fn next_separator(&self) -> Result<Option<&[u8]>> {
        match self.node()?.separator(self.block_number + 1) {
            Some(separator) => Ok(Some(separator)),
            None => Ok(self.run.top()?.separator(self.group + 1)),
        }
    }

    fn may_show(&self, child: Option<Child>) -> bool {
        let Some(moment) = self.moment else { return true };
        child.is_none_or(|child| child.moments.may_show_at(moment))
    }

    fn load_node(&mut self, group: usize) -> Result<()> {
        self.run.node(group)?;
        self.group = group;
        Ok(())
    }

    /// Returns the node of the present group, which was read when it was entered.
    fn node(&self) -> Result<&Node> {
        let held = self.run.held_node(self.group);
        held.ok_or_else(|| Error::corrupt("run file: a walk is in a node that it did not enter"))
    }

    #[inline]
    fn block(&self) -> &[u8] {
        self.run.block(self.child.first_page, &self.copy)
    }

    fn load_block(&mut self, number: usize) -> Result<()> {
        let child = self.node()?.child(number);
        self.child = child.ok_or_else(|| Error::corrupt("run file: a block is missing in its node"))?;
        self.run.read_block(self.child.first_page, &mut self.copy)?;
        let shape = BlockShape::read(self.block());
        self.shape = shape.map_err(|error| self.run.locate_block(error, self.child.first_page))?;
        self.block_number = number;
        self.blocks_read += 1;
        Ok(())
    }

    fn load_restart(&mut self, restart: usize) -> Result<()> {
        let block = self.run.block(self.child.first_page, &self.copy);
        let decoded = self.shape.decode(block, restart, &mut self.items);
        decoded.map_err(|error| self.run.locate_block(error, self.child.first_page))?;
        self.restart = restart;
        self.at = match self.direction {
            Direction::Forward => 0,
            Direction::Reverse => self.items.len().saturating_sub(1),
        };
        Ok(())
    }

    /// Returns the number of the present item in its block.
    #[inline]
    const fn number(&self) -> usize {
        self.restart * RESTART_ITEMS + self.at
    }
}

/// Returns the next number in the direction; before the first one lies the greatest, which is nobody's.
const fn step(number: usize, direction: Direction) -> usize {
    match direction {
        Direction::Forward => number.wrapping_add(1),
        Direction::Reverse => number.wrapping_sub(1),
    }
}
