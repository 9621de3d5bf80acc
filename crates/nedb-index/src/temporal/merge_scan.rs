//! The merge of all layers: what they say together of one entry after the other.
//!
//! Promises: every entry of the bounds comes once, in the order of composite and `added`, with its end if any layer
//! knows it. Leaves to others: which entries a reader sees.

use std::cmp::Ordering;

use nedb_types::{Error, Result};

use super::item::{ItemRef, ItemState};
use super::source::Source;
use crate::scan::Direction;

#[derive(Debug)]
pub(crate) struct MergeScan {
    /// Those that stand on an item, the one with the first item first.
    sources: Vec<Source>,
    direction: Direction,
    /// How many of the first sources stand on the present entry.
    same: usize,
    /// Which of them has it; a closing alone is no entry.
    entry: Option<usize>,
    state: ItemState,
    blocks_left: u64,
}

impl MergeScan {
    pub(crate) fn new(sources: Vec<Source>, direction: Direction) -> Self {
        let mut scan = Self { sources, direction, same: 0, entry: None, state: ItemState::LIVE, blocks_left: 0 };
        scan.sort_all();
        scan
    }

    /// Goes to the next entry, or closing without an entry, and returns it as all layers together have it.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<Option<ItemRef<'_>>> {
        if let [source] = self.sources.as_mut_slice() {
            if std::mem::take(&mut self.same) > 0 {
                source.advance()?;
            }
            return self.only();
        }
        self.step_merged()
    }

    /// Returns the item of the only source.
    #[inline]
    fn only(&mut self) -> Result<Option<ItemRef<'_>>> {
        let Some(item) = self.sources.first().map_or(Ok(None), Source::item)? else { return Ok(None) };
        (self.same, self.entry, self.state) = (1, Some(0), item.state);
        Ok(Some(item))
    }

    fn step_merged(&mut self) -> Result<Option<ItemRef<'_>>> {
        for index in (0..std::mem::take(&mut self.same)).rev() {
            self.advance(index)?;
        }
        self.gather()
    }

    /// Goes to the first entry whose composite is not below `to`, forward; what comes before is left out.
    pub(crate) fn seek(&mut self, to: &[u8]) -> Result<Option<ItemRef<'_>>> {
        if let [source] = self.sources.as_mut_slice() {
            if source.composite().is_some_and(|composite| composite < to) {
                source.seek(to)?;
            }
            return self.only();
        }
        let mut has_moved = false;
        for source in &mut self.sources {
            if source.order().is_some_and(|(composite, _)| composite < to) {
                source.seek(to)?;
                has_moved = true;
            }
        }
        if has_moved {
            self.sort_all();
        }
        self.same = 0;
        self.gather()
    }

    pub(crate) fn blocks_read(&self) -> u64 {
        self.blocks_left + self.sources.iter().map(Source::blocks_read).sum::<u64>()
    }

    /// Returns the item of the last step again.
    pub(crate) fn present(&self) -> Result<Option<ItemRef<'_>>> {
        let Some(source) = self.sources.get(self.entry.unwrap_or(0)).filter(|_| self.same > 0) else { return Ok(None) };
        let item = source.item()?.ok_or_else(|| Error::corrupt("a scan stands on an entry that is not there"))?;
        Ok(Some(ItemRef { state: self.state, ..item }))
    }

    fn gather(&mut self) -> Result<Option<ItemRef<'_>>> {
        (self.same, self.entry, self.state) = (0, None, ItemState::LIVE);
        let mut closing = None;
        let order = self.sources.first().and_then(Source::order);
        while let Some(source) = self.sources.get(self.same) {
            if self.same > 0 && source.order() != order {
                break;
            }
            let item = source.item()?.ok_or_else(|| Error::corrupt("a scan stands on an item that is not there"))?;
            if item.state.is_closing() {
                closing = Some(item.state);
            } else {
                (self.entry, self.state) = (Some(self.same), item.state);
            }
            self.same += 1;
        }
        if let Some(closing) = closing {
            self.state = if self.entry.is_some() { closing.as_closed() } else { closing };
        }
        self.present()
    }

    /// Moves one source on and puts it in its place; for the last of those that are moved first.
    fn advance(&mut self, index: usize) -> Result<()> {
        let Some(source) = self.sources.get_mut(index) else { return Ok(()) };
        source.advance()?;
        if source.order().is_none() {
            self.blocks_left += self.sources.remove(index).blocks_read();
            return Ok(());
        }
        let mut at = index;
        while let [a, b] = self.sources.get(at..at + 2).unwrap_or_default()
            && is_before(b, a, self.direction)
        {
            self.sources.swap(at, at + 1);
            at += 1;
        }
        Ok(())
    }

    fn sort_all(&mut self) {
        let direction = self.direction;
        let blocks_left = &mut self.blocks_left;
        self.sources.retain(|source| {
            let stays = source.order().is_some();
            *blocks_left += if stays { 0 } else { source.blocks_read() };
            stays
        });
        self.sources.sort_by(|a, b| compare(a, b, direction));
    }
}

fn compare(a: &Source, b: &Source, direction: Direction) -> Ordering {
    match direction {
        Direction::Forward => a.order().cmp(&b.order()),
        Direction::Reverse => b.order().cmp(&a.order()),
    }
}

#[inline]
fn is_before(a: &Source, b: &Source, direction: Direction) -> bool {
    compare(a, b, direction) == Ordering::Less
}
