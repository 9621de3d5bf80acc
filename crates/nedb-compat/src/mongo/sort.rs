//! Orders of documents: `sort` of a find, `$sort` of a pipeline and of `$push`.
//!
//! A document stands where its least value of the key stands, or with -1 its greatest: an array counts by its elements. A missing value is
//! null; an empty array stands before it. Documents that are alike in all keys keep the order in which they came.

use std::cmp::Ordering;

use nedb_types::{Object, Result, Value};

use super::{
    fault::{Refusal, refused, shown, unsupported},
    memory::{Budget, document_bytes},
    number::whole,
    order::compare,
    path::{Leaf, Path},
};

/// Below this number of documents a sort with a limit does not throw away yet.
const KEPT_MIN: usize = 1024;

/// Which end of the order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    /// Reads 1 or -1.
    pub(super) fn new(value: &Value) -> Result<Self> {
        if let Some(operator) = value.as_object().and_then(|object| object.keys().next()) {
            return Err(unsupported(format!("the operator {operator} in a sort")));
        }
        match whole(value, "the direction of a sort")? {
            1 => Ok(Self::Ascending),
            -1 => Ok(Self::Descending),
            _ => Err(refused(Refusal::BadValue, format!("the direction of a sort is 1 or -1, not {}", shown(value)))),
        }
    }

    pub(super) fn apply(self, order: Ordering) -> Ordering {
        match self {
            Self::Ascending => order,
            Self::Descending => order.reverse(),
        }
    }
}

/// The keys of an order, the most important one first.
#[derive(Clone, Debug)]
pub(super) struct SortKeys(Vec<(Path, Direction)>);

impl SortKeys {
    /// Reads an object of paths and directions.
    pub(super) fn new(given: &Object) -> Result<Self> {
        if given.is_empty() {
            return Err(refused(Refusal::BadValue, "a sort needs at least one key"));
        }
        let keys = given.iter().map(|(path, direction)| Ok((Path::checked(path)?, Direction::new(direction)?)));
        keys.collect::<Result<_>>().map(Self)
    }

    /// The only key, when there is one.
    pub(super) fn only(&self) -> Option<&(Path, Direction)> {
        match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// What a document is ordered by.
    pub(super) fn rank(&self, document: &Object) -> Rank {
        Rank(self.0.iter().map(|(path, direction)| end_value(document, path, *direction)).collect())
    }

    /// Compares what two documents are ordered by.
    pub(super) fn compare(&self, left: &Rank, right: &Rank) -> Ordering {
        let mut orders = left.0.iter().zip(&right.0).zip(&self.0).map(|((left, right), (_, direction))| {
            direction.apply(match (left, right) {
                (Some(left), Some(right)) => compare(left, right),
                (left, right) => left.is_some().cmp(&right.is_some()),
            })
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// The values by which a document is ordered; `None` stands for an empty array.
#[derive(Clone, Debug)]
pub(super) struct Rank(Vec<Option<Value>>);

impl Rank {
    fn bytes(&self) -> usize {
        self.0.iter().flatten().map(Value::memory_bytes).sum()
    }
}

/// The value at one end of those that a path leads to.
fn end_value(document: &Object, path: &Path, direction: Direction) -> Option<Value> {
    let mut end: Option<Value> = None;
    path.any(document, Leaf::Members, |value| {
        let value = value.unwrap_or(&Value::Null);
        if end.as_ref().is_none_or(|end| direction.apply(compare(value, end)).is_lt()) {
            end = Some(value.clone());
        }
        false
    });
    let is_empty_array = |value: Option<&Value>| value.and_then(Value::as_array).is_some_and(<[Value]>::is_empty);
    match end {
        None if path.any(document, Leaf::Whole, is_empty_array) => None,
        None => Some(Value::Null),
        found => found,
    }
}

/// Takes documents in any order and gives them in that of its keys.
pub(super) struct Sorter {
    keys: SortKeys,
    /// How many of the first are wanted.
    wanted: usize,
    kept: Vec<(Rank, Object)>,
    budget: Budget,
}

impl Sorter {
    pub(super) fn new(keys: SortKeys, wanted: Option<u64>, budget: Budget) -> Self {
        let wanted = wanted.and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(usize::MAX);
        Self { keys, wanted, kept: Vec::new(), budget }
    }

    /// Takes a document.
    ///
    /// Errors: `query_memory_exceeded`.
    pub(super) fn add(&mut self, document: Object) -> Result<()> {
        let rank = self.keys.rank(&document);
        self.budget.grow(rank.bytes() + document_bytes(&document))?;
        self.kept.push((rank, document));
        if self.kept.len() >= self.wanted.saturating_mul(2).max(KEPT_MIN) && self.kept.len() > self.wanted {
            self.settle();
        }
        Ok(())
    }

    /// Puts what is kept in order and dismisses what cannot be wanted any more.
    fn settle(&mut self) {
        // The sort is stable, so that what came first stays first among the alike.
        self.kept.sort_by(|(left, _), (right, _)| self.keys.compare(left, right));
        for (rank, document) in self.kept.drain(self.wanted.min(self.kept.len())..) {
            self.budget.shrink(rank.bytes() + document_bytes(&document));
        }
    }

    /// The documents in order.
    pub(super) fn finish(mut self) -> impl Iterator<Item = Object> {
        self.settle();
        let (kept, budget) = (self.kept, self.budget);
        kept.into_iter().map(move |(_, document)| {
            let _counted_until_the_last = &budget;
            document
        })
    }
}
