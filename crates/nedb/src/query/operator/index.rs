//! Documents by the values of an indexed field: a range of them, or all in their order.
//!
//! The index gives ids; each document is looked up as of the snapshot. Within one value ids ascend, whichever way the values
//! go, so that a single value gives its documents by id, and an order by value has its ties by id. Keys of very long values
//! are cut: where they draw, the documents themselves are compared.

use std::collections::VecDeque;

use nedb_nql::{OrderKey, SortDirection};
use nedb_types::{Collection, DocId, Result, key::has_whole_value};

use super::{
    Source, Visit,
    collect::Collector,
    drain,
    found::FoundSource,
    keys::{BATCH_WIDTH, KeyBatch},
    sort::Sort,
};
use crate::{
    query::{
        guard::{Guard, Pace},
        planner::{IndexRanges, ValueRange},
    },
    read::Snapshot,
    secondary::{KeyOrder, OrderedReader, OrderedScan},
};

/// What an id costs in a list.
const ID_BYTES: usize = 40;

/// An entry that was read but belongs to the next batch.
struct Carried {
    key: Vec<u8>,
    id: Vec<u8>,
}

/// The ids of one cut key, and what they take on the account of the query.
#[derive(Default)]
struct Drawn {
    ids: Vec<Vec<u8>>,
    bytes: usize,
}

impl Drawn {
    fn push(&mut self, id: Vec<u8>, guard: &Guard) -> Result<()> {
        let bytes = ID_BYTES + id.len();
        guard.grow(bytes)?;
        self.bytes += bytes;
        self.ids.push(id);
        Ok(())
    }
}

/// Shows the documents of ranges of values, one range after the other.
pub(crate) struct IndexScan {
    snapshot: Snapshot,
    collection: Collection,
    reader: OrderedReader,
    ranges: VecDeque<ValueRange>,
    scan: Option<OrderedScan>,
    /// The order that rows must come in; without one that of the index is good enough.
    order: Option<OrderKey>,
    batch: KeyBatch,
    carried: Option<Carried>,
    pace: Pace,
}

impl IndexScan {
    pub(crate) fn new(
        snapshot: &Snapshot,
        collection: &Collection,
        reader: OrderedReader,
        ranges: Vec<ValueRange>,
        order: Option<OrderKey>,
    ) -> Self {
        Self {
            snapshot: snapshot.clone(),
            collection: collection.clone(),
            reader,
            ranges: ranges.into(),
            scan: None,
            order,
            batch: KeyBatch::new(snapshot),
            carried: None,
            pace: Pace::default(),
        }
    }

    /// Goes to the next range; false behind the last one.
    fn next_range(&mut self) -> Result<bool> {
        let Some(range) = self.ranges.pop_front() else { return Ok(false) };
        let is_descending = self.order.as_ref().is_some_and(|key| key.direction == SortDirection::Descending);
        let order = if is_descending { KeyOrder::Descending } else { KeyOrder::Ascending };
        self.scan = Some(self.reader.scan(range.keys(), order)?);
        Ok(true)
    }

    /// Takes entries into the batch. Returns the ids of a cut key that came behind them, if one did, and whether more follows.
    fn fill(&mut self, wanted: usize, guard: &Guard) -> Result<(Option<Drawn>, bool)> {
        if let Some(carried) = self.carried.take() {
            if self.order.is_some() && !has_whole_value(&carried.key) {
                return self.gather(carried, guard).map(|drawn| (Some(drawn), true));
            }
            self.batch.push(&self.collection, &carried.id)?;
        }
        while self.batch.len() < wanted {
            let Self { scan, batch, collection, order, .. } = self;
            let entry = match scan {
                Some(scan) => scan.next()?,
                None => None,
            };
            match entry {
                Some(entry) if order.is_some() && !has_whole_value(entry.key) => {
                    let cut = Carried { key: entry.key.to_vec(), id: entry.id.to_vec() };
                    return self.gather(cut, guard).map(|drawn| (Some(drawn), true));
                }
                Some(entry) => batch.push(collection, entry.id)?,
                None => {
                    // There may be a million ranges with nothing in them.
                    self.pace.row(guard)?;
                    if !self.next_range()? {
                        return Ok((None, false));
                    }
                }
            }
        }
        Ok((None, true))
    }

    /// All entries with the same cut key; the one behind them is carried over.
    fn gather(&mut self, first: Carried, guard: &Guard) -> Result<Drawn> {
        let mut drawn = Drawn::default();
        drawn.push(first.id, guard)?;
        while let Some(entry) = self.scan.as_mut().map_or(Ok(None), OrderedScan::next)? {
            if entry.key != first.key {
                self.carried = Some(Carried { key: entry.key.to_vec(), id: entry.id.to_vec() });
                break;
            }
            self.pace.row(guard)?;
            drawn.push(entry.id.to_vec(), guard)?;
        }
        Ok(drawn)
    }

    /// Shows documents whose keys draw in the order of their values.
    fn show_drawn(&mut self, drawn: &Drawn, guard: &Guard, visit: &mut Visit<'_>) -> Result<()> {
        let mut sort = Sort::new(self.order.as_slice(), None);
        for ids in drawn.ids.chunks(BATCH_WIDTH) {
            for id in ids {
                self.batch.push(&self.collection, id)?;
            }
            self.batch.run(guard, &mut |view| sort.add(view, guard))?;
        }
        let held = drawn.bytes + sort.held_bytes();
        drain(&mut FoundSource::new(&self.snapshot, sort.finish()), guard, visit)?;
        guard.shrink(held);
        Ok(())
    }
}

impl Source for IndexScan {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let mut left = candidates;
        while left > 0 {
            let (drawn, has_more) = self.fill(left.min(BATCH_WIDTH), guard)?;
            left = left.saturating_sub(self.batch.len().max(1));
            self.batch.run(guard, visit)?;
            if let Some(drawn) = drawn {
                left = left.saturating_sub(drawn.ids.len());
                self.show_drawn(&drawn, guard, visit)?;
            }
            if !has_more {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The ids of all documents in the ranges, in byte order; each once, as no document has two values in one index.
pub(crate) fn sorted_ids(index: &IndexRanges, guard: &Guard) -> Result<Vec<DocId>> {
    let mut ids = Vec::new();
    append_ids(index, guard, &mut ids)?;
    ids.sort_unstable();
    Ok(ids)
}

/// The ids of all documents in the ranges of any of the indexes, in byte order and each once.
pub(crate) fn united_ids(indexes: &[IndexRanges], guard: &Guard) -> Result<Vec<DocId>> {
    let mut ids = Vec::new();
    for index in indexes {
        append_ids(index, guard, &mut ids)?;
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn append_ids(index: &IndexRanges, guard: &Guard, ids: &mut Vec<DocId>) -> Result<()> {
    for range in &index.ranges {
        let mut scan = index.reader.scan(range.keys(), KeyOrder::Ascending)?;
        while let Some(entry) = scan.next()? {
            if ids.len().is_multiple_of(1024) {
                guard.check()?;
            }
            guard.grow(ID_BYTES + entry.id.len())?;
            ids.push(DocId::new(entry.id)?);
        }
    }
    Ok(())
}

/// The ids that stand in both lists, which are sorted.
pub(crate) fn intersect(mut left: Vec<DocId>, right: &[DocId]) -> Vec<DocId> {
    let mut right = right.iter().peekable();
    left.retain(|id| {
        while right.next_if(|other| *other < id).is_some() {}
        right.peek() == Some(&id)
    });
    left
}

#[cfg(test)]
mod tests {
    use nedb_nql::{BoundStatement, Params};
    use nedb_types::Seq;

    use super::*;
    use crate::{
        Body, Database, IndexKind, Op, QueryOptions, WriteBatch,
        query::planner::{Access, choose},
    };

    const ROWS: u64 = 100_000;

    #[test]
    fn ten_greatest_heights_as_of_a_hundredth_of_the_history_read_a_few_blocks() {
        let db = Database::in_memory().unwrap();
        for start in (0..ROWS).step_by(10_000) {
            let op = |n: u64| Op::put("blocks", format!("{n:06}"), Body::json(format!("{{\"height\":{n}}}")));
            db.write((start..start + 10_000).map(op).fold(WriteBatch::new(), WriteBatch::op)).unwrap();
        }
        db.create_index("blocks", "height", IndexKind::Ordered).unwrap();
        db.wait_for_index("blocks", "height", IndexKind::Ordered, &mut |_| ()).unwrap();
        db.checkpoint().unwrap();
        let statement = nedb_nql::parse("FROM blocks ORDER BY height DESC LIMIT 10").unwrap();
        let BoundStatement::Query(plan) = statement.bind(&Params::new()).unwrap() else { panic!("it is a query") };
        for percent in [1, 50, 99] {
            let seq = ROWS / 100 * percent;
            let snapshot = db.snapshot_at(Seq::new(seq)).unwrap();
            let guard = Guard::new(&snapshot.engine().io.clock, &QueryOptions::new());
            let access = choose(&snapshot, &plan, &guard).unwrap().access;
            assert_eq!(access.operator(), "index order");
            let Access::Index { index, order } = access else { panic!("it is an index") };
            let mut scan = IndexScan::new(&snapshot, &plan.collection, index.reader, index.ranges, order);
            let mut ids = Vec::new();
            let visit = &mut |view: &crate::query::view::DocumentView<'_>| {
                ids.push(String::from_utf8_lossy(view.id()).into_owned());
                Ok(())
            };
            scan.advance(&guard, 10, visit).unwrap();
            assert_eq!(ids, (0..10).map(|n| format!("{:06}", seq - n)).collect::<Vec<_>>());
            let blocks = scan.scan.as_ref().unwrap().blocks_read();
            assert!((1..=2).contains(&blocks), "{blocks} blocks for ten rows as of {percent} %");
        }
    }
}
