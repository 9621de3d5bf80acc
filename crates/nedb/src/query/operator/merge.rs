//! Documents that single values of indexes lead to, by id: several values of one field, or of several fields.
//!
//! ```text
//! miner = a:  07  12  40 ...  \
//! miner = b:  09  12  33 ...   > the least id of all comes next, once:  03  07  09  12 ...
//! fee = 5:    03  33  ...     /
//! ```
//! Within one value an index gives its ids in ascending order, so that the lists need not be read to their ends when a limit is
//! reached. Leaves to others: lists that are not in order, which are collected first.

use std::{cmp::Reverse, collections::BinaryHeap};

use nedb_types::{Collection, Result};

use super::{
    Source, Visit,
    keys::{BATCH_WIDTH, KeyBatch},
};
use crate::{
    query::{guard::Guard, planner::IndexRanges},
    read::Snapshot,
    secondary::{KeyOrder, OrderedScan},
};

/// Shows the documents of several lists of ids, each document once.
pub(crate) struct IndexMerge {
    collection: Collection,
    lists: Vec<OrderedScan>,
    /// The next id of each list that has one.
    heads: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    /// The id that came last.
    last: Vec<u8>,
    batch: KeyBatch,
}

impl IndexMerge {
    /// Begins to read ranges of which each is of one value.
    pub(crate) fn new(snapshot: &Snapshot, collection: &Collection, indexes: &[IndexRanges]) -> Result<Self> {
        let (lists, heads, batch) = (Vec::new(), BinaryHeap::new(), KeyBatch::new(snapshot));
        let mut merge = Self { collection: collection.clone(), lists, heads, last: Vec::new(), batch };
        for index in indexes {
            for range in &index.ranges {
                merge.lists.push(index.reader.scan(range.keys(), KeyOrder::Ascending)?);
                merge.step(merge.lists.len() - 1, Vec::new())?;
            }
        }
        Ok(merge)
    }

    /// Takes the next id of a list; the buffer is one that nobody needs any more.
    fn step(&mut self, list: usize, mut id: Vec<u8>) -> Result<()> {
        let Some(scan) = self.lists.get_mut(list) else { return Ok(()) };
        if let Some(entry) = scan.next()? {
            id.clear();
            id.extend_from_slice(entry.id);
            self.heads.push(Reverse((id, list)));
        }
        Ok(())
    }

    /// Puts the next different id into the batch; false behind the last one.
    fn push_next(&mut self) -> Result<bool> {
        while let Some(Reverse((id, list))) = self.heads.pop() {
            let is_new = id != self.last;
            if is_new {
                self.batch.push(&self.collection, &id)?;
                self.last.clear();
                self.last.extend_from_slice(&id);
            }
            self.step(list, id)?;
            if is_new {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Source for IndexMerge {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let mut left = candidates;
        while left > 0 {
            let wanted = left.min(BATCH_WIDTH);
            let mut has_more = true;
            while has_more && self.batch.len() < wanted {
                has_more = self.push_next()?;
            }
            left -= wanted;
            self.batch.run(guard, visit)?;
            if !has_more {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
