//! Walks the keys of a run in either direction.
//!
//! Promises: it decodes one restart interval at a time, so that a short range costs little, reads a mapped block where
//! it lies, and decodes no keys for those who only want values; it stops at the bounds and at the ends of the run.
//! Leaves to others: merging with other layers.

use std::ops::Bound;
use std::sync::Arc;

use nedb_types::{Error, Result};

use super::block::{BlockShape, DecodedKeys, RESTART_KEYS};
use super::block_index::BlockIndex;
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
    /// The bytes of the block, unless they are read in the mapped file.
    copy: Vec<u8>,
    /// Whether the limit is known to lie behind every key of the block.
    is_inside: bool,
    shape: BlockShape,
    restart: usize,
    /// The keys of the present restart interval, unless they are stale: who takes values needs no keys.
    keys: DecodedKeys,
    is_stale: bool,
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
            copy: Vec::new(),
            is_inside: false,
            shape: BlockShape::default(),
            restart: 0,
            keys: DecodedKeys::default(),
            is_stale: false,
            at: 0,
        };
        cursor.seek(from)?;
        Ok(cursor)
    }

    /// Returns the present key; behind [`take_values`](Self::take_values) only after [`load_keys`](Self::load_keys).
    #[inline]
    pub(crate) fn key(&self) -> Option<&[u8]> {
        debug_assert!(!self.is_stale, "the keys are loaded before one is looked at");
        self.keys.key(self.at)
    }

    /// Returns whether the walk stands on a key.
    pub(crate) fn has_key(&self) -> bool {
        self.is_stale || self.keys.key(self.at).is_some()
    }

    /// Decodes the keys where the walk stands, when it got there without.
    pub(crate) fn load_keys(&mut self) -> Result<()> {
        if self.is_stale { self.decode(self.restart) } else { Ok(()) }
    }

    #[inline]
    pub(crate) fn value(&self) -> Option<Packed> {
        self.shape.value(self.block(), self.index())
    }

    /// Appends the values of the keys from the present one on, at most `wanted`, and stands behind them.
    ///
    /// Forwards it decodes no keys in blocks that lie inside the limit as a whole.
    pub(crate) fn take_values(&mut self, wanted: usize, values: &mut impl FnMut(Packed)) -> Result<usize> {
        let mut taken = 0;
        while taken < wanted && self.has_key() {
            let index = self.index();
            if !self.is_inside {
                values(self.value().ok_or_else(|| self.no_value())?);
                taken += 1;
                self.advance()?;
                continue;
            }
            let until = self.shape.count.min(index.saturating_add(wanted - taken));
            let block = self.block();
            for place in index..until {
                values(self.shape.value(block, place).ok_or_else(|| self.no_value())?);
            }
            taken += until - index;
            self.stand_behind(until - 1)?;
        }
        Ok(taken)
    }

    /// Goes forward to the key behind a place of the block, which lies inside the limit as a whole.
    fn stand_behind(&mut self, place: usize) -> Result<()> {
        let next = place + 1;
        if next < self.shape.count {
            self.stand_at(next);
            return Ok(());
        }
        if self.block_number + 1 == self.run.blocks()?.len() {
            self.end();
            return Ok(());
        }
        self.load_block(self.block_number + 1)?;
        if self.is_inside {
            self.stand_at(0);
            return Ok(());
        }
        self.load_restart(0)?;
        self.stop_at_limit();
        Ok(())
    }

    /// Goes to a place of a block that lies inside the limit as a whole.
    fn stand_at(&mut self, place: usize) {
        (self.restart, self.at) = (place / RESTART_KEYS, place % RESTART_KEYS);
        self.is_stale = true;
    }

    /// Stands behind the last key from now on.
    fn end(&mut self) {
        self.keys.clear();
        self.is_stale = false;
    }

    fn index(&self) -> usize {
        self.restart * RESTART_KEYS + self.at
    }

    #[cold]
    fn no_value(&self) -> Error {
        self.run.locate(Error::corrupt("a scan stands on a key that has no value"), self.page)
    }

    #[inline]
    fn block(&self) -> &[u8] {
        block_of(&self.run, self.page, &self.copy)
    }

    pub(crate) fn advance(&mut self) -> Result<()> {
        self.load_keys()?;
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
        self.prefetch_restarts();
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

    /// Loads what a search of the block looks at, side by side.
    fn prefetch_restarts(&self) {
        let block = self.block();
        for place in (0..self.shape.restarts()).filter_map(|restart| self.shape.restart_at(block, restart)) {
            self.run.prefetch_block(self.page, place);
        }
    }

    /// Returns the last restart whose key is not above `key`, or the first one.
    fn seek_restart(&self, key: &[u8]) -> Result<usize> {
        let (mut low, mut high) = (0, self.shape.restarts());
        while low < high {
            let middle = low.midpoint(high);
            let first = self.shape.restart_key(self.block(), middle);
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
            Direction::Forward if self.at + 1 < self.interval_keys() => self.at += 1,
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
            _ => self.end(),
        }
        Ok(())
    }

    /// Returns how many keys the present restart interval has.
    fn interval_keys(&self) -> usize {
        self.shape.count.saturating_sub(self.restart * RESTART_KEYS).min(RESTART_KEYS)
    }

    fn stop_at_limit(&mut self) {
        if self.is_inside {
            return;
        }
        let opposite = match self.direction {
            Direction::Forward => Direction::Reverse,
            Direction::Reverse => Direction::Forward,
        };
        if self.key().is_some_and(|key| is_outside(key, &self.limit, opposite)) {
            self.end();
        }
    }

    fn load_block(&mut self, number: usize) -> Result<()> {
        let blocks = self.run.blocks()?;
        let page = blocks.first_page(number);
        let page = page.ok_or_else(|| Error::corrupt("run file: a block is missing in the block index"))?;
        self.is_inside = self.direction == Direction::Forward && is_below(number + 1, blocks, &self.limit);
        if let Some(next) = blocks.first_page(number + 1) {
            self.run.prefetch_block(next, 0);
        }
        self.run.load_block(page, &mut self.copy)?;
        let shape = BlockShape::read(block_of(&self.run, page, &self.copy));
        self.shape = shape.map_err(|error| self.run.locate(error, page))?;
        (self.block_number, self.page) = (number, page);
        Ok(())
    }

    fn decode(&mut self, restart: usize) -> Result<()> {
        let block = block_of(&self.run, self.page, &self.copy);
        let decoded = self.shape.decode(block, restart, &mut self.keys);
        decoded.map_err(|error| self.run.locate(error, self.page))?;
        self.is_stale = false;
        Ok(())
    }

    fn load_restart(&mut self, restart: usize) -> Result<()> {
        self.decode(restart)?;
        self.restart = restart;
        self.at = match self.direction {
            Direction::Forward => 0,
            Direction::Reverse => self.keys.len().saturating_sub(1),
        };
        Ok(())
    }
}

/// Returns the bytes of the block that begins at a page: the copy, or the checked page itself.
#[inline]
fn block_of<'a>(run: &'a KeyRun, page: u32, copy: &'a [u8]) -> &'a [u8] {
    if copy.is_empty() { run.checked(page).unwrap_or_default() } else { copy }
}

/// Returns whether a block begins inside the upper limit of a walk, so that the block before lies inside it as a whole.
fn is_below(block: usize, blocks: &BlockIndex, limit: &Bound<Vec<u8>>) -> bool {
    block < blocks.len()
        && match limit {
            Bound::Unbounded => true,
            Bound::Included(limit) | Bound::Excluded(limit) => blocks.separator(block) <= limit.as_slice(),
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
