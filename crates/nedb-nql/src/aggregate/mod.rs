//! The arithmetic of COUNT, SUM, AVG, MIN and MAX.
//!
//! A result depends on the values alone and never on the order in which they come: integers and decimals are added exactly, and floats are added exactly too and rounded once at the end.

mod float_sum;
mod ratio;
mod total;

use std::cmp::Ordering;

use nedb_types::Value;

use crate::ast::Aggregate;
use total::Total;

/// Collects the values of one aggregate.
///
/// SUM and AVG take the numbers among the values and pass over all else; MIN and MAX take what is not null; COUNT takes
/// every row.
///
/// # Examples
///
/// ```
/// use nedb_nql::Aggregate;
/// use nedb_nql::aggregate::Accumulator;
/// use nedb_types::{FieldPath, Value};
///
/// let mut sum = Accumulator::new(&Aggregate::Sum(FieldPath::field("fee")));
/// for fee in [i64::MAX, 1] {
///     sum.add(&Value::from(fee));
/// }
/// assert_eq!(sum.finish(), Value::from(9_223_372_036_854_775_808_u64));
/// ```
#[derive(Debug, Clone)]
pub struct Accumulator(State);

#[derive(Debug, Clone)]
enum State {
    Count(u64),
    Sum(Total),
    Avg(Total),
    Min(Option<Value>),
    Max(Option<Value>),
}

impl Accumulator {
    /// Begins an aggregate.
    pub fn new(aggregate: &Aggregate) -> Self {
        Self(match aggregate {
            Aggregate::Count => State::Count(0),
            Aggregate::Sum(_) => State::Sum(Total::default()),
            Aggregate::Avg(_) => State::Avg(Total::default()),
            Aggregate::Min(_) => State::Min(None),
            Aggregate::Max(_) => State::Max(None),
        })
    }

    /// Adds the value of one row; a missing field comes as null.
    pub fn add(&mut self, value: &Value) {
        match &mut self.0 {
            State::Count(count) => *count += 1,
            State::Sum(total) | State::Avg(total) => total.add(value),
            State::Min(least) => keep(least, value, comes_before),
            State::Max(greatest) => keep(greatest, value, |new, old| comes_before(old, new)),
        }
    }

    /// Returns the result: 0 for the count and the sum of nothing, else null.
    pub fn finish(self) -> Value {
        match self.0 {
            State::Count(count) => Value::from(count),
            State::Sum(total) => total.sum(),
            State::Avg(total) => total.average(),
            State::Min(value) | State::Max(value) => value.unwrap_or_default(),
        }
    }
}

/// Replaces the value kept if a new one is better.
fn keep(kept: &mut Option<Value>, new: &Value, is_better: impl Fn(&Value, &Value) -> bool) {
    let is_kept = match kept {
        _ if *new == Value::Null => false,
        Some(old) => is_better(new, old),
        None => true,
    };
    if is_kept {
        *kept = Some(new.clone());
    }
}

/// Orders values, and among those that are equal their forms, so that the first to come is not preferred.
fn comes_before(left: &Value, right: &Value) -> bool {
    let form = |value: &Value| match value {
        Value::I64(_) | Value::BigInt(_) => (0, String::new()),
        Value::F64(float) => (1, float.to_string()),
        Value::Decimal(decimal) => (2, decimal.to_string()),
        other => (3, format!("{other:?}")),
    };
    match left.cmp_total(right) {
        Ordering::Equal => left != right && form(left) < form(right),
        decided => decided.is_lt(),
    }
}
