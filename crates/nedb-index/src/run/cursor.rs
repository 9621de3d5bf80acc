//! Walks the keys of a run in either direction.
//!
//! Promises: it decodes one restart interval at a time, so that a short range costs little; it stops at the bounds
//! and at the ends of the run. Leaves to others: merging with other layers.

use std::ops::Bound;
use std::sync::Arc;

use nedb_types::{Error, Result};

use super::block::{BlockShape, DecodedKeys, RESTART_KEYS};
use super::key_run::KeyRun;
use crate::entry::Packed;
use crate::scan::{Direction, KeyRange};

#[derive(Debug)]
pub(crate) struct RunCursor {
    run: Arc<KeyRun>,
    direction: Direction,
    /// The bound at which the walk ends.
    limit: Bound<Vec<u8>>,
    block_number: usize,
    /// First page of the block.
    page: u32,
    block: Vec<u8>,
    shape: BlockShape,
    restart: usize,
    keys: DecodedKeys,
    /// Place of the present key in `keys`; behind the last one when the walk has ended.
    at: usize,
}

impl RunCursor {
    pub(crate) fn new(run: Arc<KeyRun>, range: &KeyRange, direction: Direction) -> Result<Self> {
        let (from, limit) = match direction {
            Direction::Forward => (&range.start, range.end.clone()),
            Direction::Reverse => (&range.end, range.start.clone()),
        };
        let mut cursor = Self {
            run,
            direction,
            limit,
            block_number: 0,
            page: 0,
            block: Vec::new(),
            shape: BlockShape::default(),
            restart: 0,
            keys: DecodedKeys::default(),
            at: 0,
        };
        cursor.seek(from)?;
        Ok(cursor)
    }

    #[inline]
    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.keys.key(self.at)
    }

    #[inline]
    pub(crate) fn value(&self) -> Option<Packed> {
        self.shape.value(&self.block, self.restart * RESTART_KEYS + self.at)
    }

    pub(crate) fn advance(&mut self) -> Result<()> {
        self.step()?;
        self.stop_at_limit();
        Ok(())
    }

    fn seek(&mut self, from: &Bound<Vec<u8>>) -> Result<()> {
        let blocks = self.run.blocks()?;
        if blocks.len() == 0 {
            return Ok(());
        }
        let block = match (from, self.direction) {
            (Bound::Included(key) | Bound::Excluded(key), _) => blocks.seek(key),
            (Bound::Unbounded, Direction::Forward) => 0,
            (Bound::Unbounded, Direction::Reverse) => blocks.len() - 1,
        };
        self.load_block(block)?;
        let restart = match (from, self.direction) {
            (Bound::Included(key) | Bound::Excluded(key), _) => self.seek_restart(key)?,
            (Bound::Unbounded, Direction::Forward) => 0,
            (Bound::Unbounded, Direction::Reverse) => self.shape.restarts().saturating_sub(1),
        };
        self.load_restart(restart)?;
        while self.key().is_some_and(|key| is_outside(key, from, self.direction)) {
            self.step()?;
        }
        self.stop_at_limit();
        Ok(())
    }

    /// Returns the last restart whose key is not above `key`, or the first one.
    fn seek_restart(&self, key: &[u8]) -> Result<usize> {
        let (mut low, mut high) = (0, self.shape.restarts());
        while low < high {
            let middle = low.midpoint(high);
            let first = self.shape.restart_key(&self.block, middle);
            if first.map_err(|error| self.run.locate(error, self.page))? <= key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    fn step(&mut self) -> Result<()> {
        match self.direction {
            Direction::Forward if self.at + 1 < self.keys.len() => self.at += 1,
            Direction::Forward if self.restart + 1 < self.shape.restarts() => self.load_restart(self.restart + 1)?,
            Direction::Forward if self.block_number + 1 < self.run.blocks()?.len() => {
                self.load_block(self.block_number + 1)?;
                self.load_restart(0)?;
            }
            Direction::Reverse if self.at > 0 => self.at -= 1,
            Direction::Reverse if self.restart > 0 => self.load_restart(self.restart - 1)?,
            Direction::Reverse if self.block_number > 0 => {
                self.load_block(self.block_number - 1)?;
                self.load_restart(self.shape.restarts().saturating_sub(1))?;
            }
            _ => self.keys.clear(),
        }
        Ok(())
    }

    fn stop_at_limit(&mut self) {
        let opposite = match self.direction {
            Direction::Forward => Direction::Reverse,
            Direction::Reverse => Direction::Forward,
        };
        if self.key().is_some_and(|key| is_outside(key, &self.limit, opposite)) {
            self.keys.clear();
        }
    }

    fn load_block(&mut self, number: usize) -> Result<()> {
        let page = self.run.blocks()?.first_page(number);
        let page = page.ok_or_else(|| Error::corrupt("run file: a block is missing in the block index"))?;
        self.run.read_block(page, &mut self.block)?;
        self.shape = BlockShape::read(&self.block).map_err(|error| self.run.locate(error, page))?;
        (self.block_number, self.page) = (number, page);
        Ok(())
    }

    fn load_restart(&mut self, restart: usize) -> Result<()> {
        let decoded = self.shape.decode(&self.block, restart, &mut self.keys);
        decoded.map_err(|error| self.run.locate(error, self.page))?;
        self.restart = restart;
        self.at = match self.direction {
            Direction::Forward => 0,
            Direction::Reverse => self.keys.len().saturating_sub(1),
        };
        Ok(())
    }
}

/// Returns whether a key lies before the bound, seen in the direction of the walk.
#[inline]
fn is_outside(key: &[u8], bound: &Bound<Vec<u8>>, direction: Direction) -> bool {
    match (bound, direction) {
        (Bound::Unbounded, _) => false,
        (Bound::Included(bound), Direction::Forward) => key < bound.as_slice(),
        (Bound::Excluded(bound), Direction::Forward) => key <= bound.as_slice(),
        (Bound::Included(bound), Direction::Reverse) => key > bound.as_slice(),
        (Bound::Excluded(bound), Direction::Reverse) => key >= bound.as_slice(),
    }
}
