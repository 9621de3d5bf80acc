//! ORDER BY: rows by their keys, ties by id.
//!
//! With a limit only as many rows as can come out are kept, so that the memory follows the limit and most rows are dismissed
//! by one comparison. What is kept of a row is its keys, its id and its place; the document is read again when its turn comes.

use std::{cmp::Ordering, collections::BinaryHeap, sync::Arc};

use nedb_nql::{FieldRef, Fields, OrderKey, SortDirection, compare, order_rows};
use nedb_types::{FieldPath, Result, Value, ValueRef};

use crate::query::{
    guard::Guard,
    planner::is_id,
    view::{DocumentView, Found},
};

/// Compares a field that was just read with a kept key, without copying it where both are there.
fn compare_read(read: Option<&FieldRef<'_>>, kept: &Value, direction: SortDirection) -> Result<Ordering> {
    match (read, kept) {
        (Some(read), kept) if *kept != Value::Null && !is_null(read) => {
            let order = compare(read, kept)?;
            Ok(if direction == SortDirection::Descending { order.reverse() } else { order })
        }
        (read, kept) => {
            let read = read.map_or(Ok(Value::Null), FieldRef::to_value)?;
            Ok(order_rows(&read, kept, direction))
        }
    }
}

pub(crate) const fn is_null(value: &FieldRef<'_>) -> bool {
    matches!(value, FieldRef::Stored(ValueRef::Null) | FieldRef::Built(Value::Null))
}

/// The field that a key reads; ids are ordered by their bytes, whether they are text or not.
fn sort_field<'v>(view: &'v DocumentView<'_>, path: &FieldPath) -> Result<Option<FieldRef<'v>>> {
    if is_id(path) { Ok(Some(FieldRef::Stored(ValueRef::Bytes(view.id())))) } else { view.field(path) }
}

/// A kept row.
#[derive(Debug)]
struct Ranked {
    keys: Box<[Value]>,
    id: Box<[u8]>,
    collection: Box<str>,
    found: Found,
    /// The directions of the keys.
    order: Arc<[SortDirection]>,
}

impl Ranked {
    fn bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(value_bytes).sum();
        size_of::<Self>() + keys + self.id.len() + self.collection.len()
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = self.keys.iter().zip(&other.keys).zip(self.order.iter());
        keys.map(|((a, b), direction)| order_rows(a, b, *direction))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
            .then_with(|| self.id.cmp(&other.id))
            .then_with(|| self.collection.cmp(&other.collection))
            .then_with(|| self.found.version.cmp(&other.found.version))
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

/// Takes rows in any order and gives those that come first.
pub(crate) struct Sort {
    keys: Vec<OrderKey>,
    order: Arc<[SortDirection]>,
    /// How many rows can come out.
    rows_max: usize,
    /// The kept rows, the last one on top.
    kept: BinaryHeap<Ranked>,
}

impl Sort {
    pub(crate) fn new(keys: &[OrderKey], rows_max: Option<u64>) -> Self {
        let order = keys.iter().map(|key| key.direction).collect();
        let rows_max = rows_max.map_or(usize::MAX, |rows| usize::try_from(rows).unwrap_or(usize::MAX));
        Self { keys: keys.to_vec(), order, rows_max, kept: BinaryHeap::new() }
    }

    /// Takes one row.
    pub(crate) fn add(&mut self, view: &DocumentView<'_>, guard: &Guard) -> Result<()> {
        let is_full = self.kept.len() >= self.rows_max;
        if is_full && self.is_behind(view)? {
            return Ok(());
        }
        let row = self.ranked(view)?;
        if is_full {
            let Some(mut last) = self.kept.peek_mut() else { return Ok(()) };
            if row < *last {
                let (came, went) = (row.bytes(), last.bytes());
                *last = row;
                drop(last);
                guard.shrink(went);
                guard.grow(came)?;
            }
            return Ok(());
        }
        guard.grow(row.bytes())?;
        self.kept.push(row);
        Ok(())
    }

    /// Whether the first key alone puts the row behind every kept one.
    fn is_behind(&self, view: &DocumentView<'_>) -> Result<bool> {
        let (Some(key), Some(last)) = (self.keys.first(), self.kept.peek()) else { return Ok(self.rows_max == 0) };
        let Some(kept) = last.keys.first() else { return Ok(false) };
        Ok(compare_read(sort_field(view, &key.path)?.as_ref(), kept, key.direction)?.is_gt())
    }

    fn ranked(&self, view: &DocumentView<'_>) -> Result<Ranked> {
        Ok(Ranked {
            keys: self
                .keys
                .iter()
                .map(|key| sort_field(view, &key.path)?.map_or(Ok(Value::Null), |value| value.to_value()))
                .collect::<Result<_>>()?,
            id: view.id().into(),
            collection: view.collection().into(),
            found: view.found(),
            order: Arc::clone(&self.order),
        })
    }

    /// The rows in order.
    pub(crate) fn finish(self) -> Vec<Found> {
        self.kept.into_sorted_vec().into_iter().map(|row| row.found).collect()
    }
}

/// About how much memory a value takes.
pub(crate) fn value_bytes(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(elements) => elements.iter().map(value_bytes).sum(),
        Value::Object(object) => object.iter().map(|(name, value)| name.len() + 24 + value_bytes(value)).sum(),
        _ => 0,
    };
    size_of::<Value>() + inner
}
