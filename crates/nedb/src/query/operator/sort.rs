//! ORDER BY: rows by their keys, ties by id.
//!
//! With a limit only as many rows as can come out are kept, so that the memory follows the limit and most rows are dismissed
//! by one comparison. What is kept of a row is its rank and its place; the document is read again when its turn comes.
//!
//! ```text
//! rank = for each key: its index key, or one byte above all of them for null; all bits turned when it descends
//!        | id | collection
//! ```
//! The order of the bytes is the order of the rows. Index keys of very long values are cut: such a row keeps its values, and two
//! of them are compared by these.

use std::{cmp::Ordering, collections::BinaryHeap, sync::Arc};

use nedb_nql::{FieldRef, Fields, OrderKey, SortDirection, order_rows};
use nedb_types::{
    FieldPath, Result, Value, ValueRef,
    key::{has_whole_value, stored_value_key_into, value_key_into},
};

use super::collect::Collector;
use crate::query::{
    guard::Guard,
    planner::is_id,
    view::{DocumentView, Found},
};

/// Begins the rank of null and of a missing field: above the beginning of every index key.
const NULL_RANK: u8 = 0xf0;

/// The field that a key reads; ids are ordered by their bytes, whether they are text or not.
fn sort_field<'v>(view: &'v DocumentView<'_>, path: &FieldPath) -> Result<Option<FieldRef<'v>>> {
    if is_id(path) { Ok(Some(FieldRef::Stored(ValueRef::Bytes(view.id())))) } else { view.field(path) }
}

/// The rank of the row at hand, or of a kept one.
#[derive(Clone, Debug, Default)]
struct Rank<B> {
    /// The first bytes, so that most comparisons look no further.
    first: u64,
    bytes: B,
    id_at: usize,
    collection_at: usize,
    /// The values of a row whose index keys were cut.
    values: Option<Arc<[Value]>>,
}

impl<B: AsRef<[u8]>> Rank<B> {
    fn parts(&self) -> [&[u8]; 3] {
        let (keys, rest) = self.bytes.as_ref().split_at_checked(self.id_at).unwrap_or_default();
        let (id, collection) = rest.split_at_checked(self.collection_at - self.id_at).unwrap_or_default();
        [keys, id, collection]
    }

    fn compare<C: AsRef<[u8]>>(&self, other: &Rank<C>, order: &[OrderKey]) -> Ordering {
        let ([keys, id, collection], [other_keys, other_id, other_collection]) = (self.parts(), other.parts());
        let by_keys = match (&self.values, &other.values) {
            (Some(values), Some(other)) => compare_values(values, other, order),
            _ => self.first.cmp(&other.first).then_with(|| keys.cmp(other_keys)),
        };
        by_keys.then_with(|| id.cmp(other_id)).then_with(|| collection.cmp(other_collection))
    }
}

fn compare_values(values: &[Value], other: &[Value], order: &[OrderKey]) -> Ordering {
    let mut orders = values.iter().zip(other).zip(order).map(|((a, b), key)| order_rows(a, b, key.direction));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// A kept row.
#[derive(Debug)]
struct Ranked {
    rank: Rank<Box<[u8]>>,
    found: Found,
    order: Arc<[OrderKey]>,
}

impl Ranked {
    fn bytes(&self) -> usize {
        let values = self.rank.values.as_deref().unwrap_or_default();
        size_of::<Self>() + self.rank.bytes.len() + values.iter().map(Value::memory_bytes).sum::<usize>()
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.compare(&other.rank, &self.order).then_with(|| self.found.version.cmp(&other.found.version))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// The rows that are kept.
enum Kept {
    /// All of them, put in order at the end.
    All(Vec<Ranked>),
    /// So many that come first, the last one on top.
    First(BinaryHeap<Ranked>, usize),
}

/// Takes rows in any order and gives those that come first.
pub(crate) struct Sort {
    order: Arc<[OrderKey]>,
    kept: Kept,
    /// The rank of the row at hand.
    rank: Rank<Vec<u8>>,
}

impl Sort {
    pub(crate) fn new(order: &[OrderKey], rows_max: Option<u64>) -> Self {
        let kept = match rows_max.and_then(|rows| usize::try_from(rows).ok()) {
            Some(rows) => Kept::First(BinaryHeap::new(), rows),
            None => Kept::All(Vec::new()),
        };
        Self { order: order.into(), kept, rank: Rank::default() }
    }

    fn take(&mut self, view: &DocumentView<'_>, guard: &Guard) -> Result<()> {
        self.rank(view)?;
        let is_behind = match &self.kept {
            Kept::All(_) => false,
            Kept::First(rows, rows_max) if rows.len() < *rows_max => false,
            Kept::First(rows, _) => rows.peek().is_none_or(|last| self.rank.compare(&last.rank, &self.order).is_gt()),
        };
        if is_behind {
            return Ok(());
        }
        let rank = Rank {
            first: self.rank.first,
            bytes: self.rank.bytes.as_slice().into(),
            id_at: self.rank.id_at,
            collection_at: self.rank.collection_at,
            values: self.rank.values.take(),
        };
        let row = Ranked { rank, found: view.found(), order: Arc::clone(&self.order) };
        guard.grow(row.bytes())?;
        self.keep(row, guard);
        Ok(())
    }

    fn keep(&mut self, row: Ranked, guard: &Guard) {
        match &mut self.kept {
            Kept::All(rows) => rows.push(row),
            Kept::First(rows, rows_max) => {
                rows.push(row);
                if rows.len() > *rows_max
                    && let Some(last) = rows.pop()
                {
                    guard.shrink(last.bytes());
                }
            }
        }
    }

    /// Makes the rank of a row.
    fn rank(&mut self, view: &DocumentView<'_>) -> Result<()> {
        let Rank { first, bytes, id_at, collection_at, values } = &mut self.rank;
        bytes.clear();
        let mut is_cut = false;
        for key in self.order.iter() {
            let start = bytes.len();
            match sort_field(view, &key.path)? {
                Some(FieldRef::Stored(ValueRef::Null) | FieldRef::Built(Value::Null)) | None => bytes.push(NULL_RANK),
                Some(FieldRef::Stored(value)) => stored_value_key_into(bytes, &value)?,
                Some(FieldRef::Built(value)) => value_key_into(bytes, value),
            }
            let written = bytes.get_mut(start..).unwrap_or_default();
            is_cut |= !has_whole_value(written);
            if key.direction == SortDirection::Descending {
                for byte in written {
                    *byte = !*byte;
                }
            }
        }
        *id_at = bytes.len();
        bytes.extend_from_slice(view.id());
        *collection_at = bytes.len();
        bytes.extend_from_slice(view.collection().as_bytes());
        // Only the keys count: what stands behind them is compared by itself.
        *first = bytes.get(..*id_at).map_or(0, first_bytes);
        *values = None;
        if is_cut {
            let read = |key: &OrderKey| match sort_field(view, &key.path)? {
                Some(value) => value.to_value(),
                None => Ok(Value::Null),
            };
            *values = Some(self.order.iter().map(read).collect::<Result<_>>()?);
        }
        Ok(())
    }

    /// What the rows take on the account of the query.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.kept {
            Kept::All(rows) => rows.iter().map(Ranked::bytes).sum(),
            Kept::First(rows, _) => rows.iter().map(Ranked::bytes).sum(),
        }
    }

    /// The rows in order.
    pub(crate) fn finish(self) -> Vec<Found> {
        let rows = match self.kept {
            Kept::All(mut rows) => {
                rows.sort_unstable();
                rows
            }
            Kept::First(rows, _) => rows.into_sorted_vec(),
        };
        rows.into_iter().map(|row| row.found).collect()
    }
}

impl Collector for Sort {
    fn add(&mut self, view: &DocumentView<'_>, guard: &Guard) -> Result<()> {
        self.take(view, guard)
    }

    fn join(&mut self, other: Self, guard: &Guard) -> Result<()> {
        let rows = match other.kept {
            Kept::All(rows) => rows,
            Kept::First(rows, _) => rows.into_vec(),
        };
        for row in rows {
            self.keep(row, guard);
        }
        Ok(())
    }
}

/// The first eight bytes as a number of the same order; what is shorter is filled up with zeros.
fn first_bytes(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_be_bytes(first)
}
