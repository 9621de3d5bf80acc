//! The arithmetic of COUNT, SUM, AVG, MIN and MAX.
//!
//! A result depends on the values alone and never on the order in which they come, nor on how they were divided: integers
//! and decimals are added exactly, and floats are added exactly too and rounded once at the end.

mod float_sum;
mod form;
mod ratio;
mod sum;

use std::cmp::Ordering;

use nedb_types::{Result, Value, ValueRef};

use crate::ast::Aggregate;
use crate::evaluate::{FieldRef, compare};
pub use form::compare_forms;
use sum::Sum;

/// Collects the values of one aggregate.
///
/// SUM and AVG take the numbers among the values and pass over all else; MIN, MAX and COUNT of a field take what is not null;
/// COUNT alone takes every row.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Aggregate, FieldRef};
/// use nedb_nql::aggregate::Accumulator;
/// use nedb_types::{FieldPath, Value, ValueRef};
///
/// let mut sum = Accumulator::new(&Aggregate::Sum(FieldPath::field("fee")));
/// for fee in [i64::MAX, 1] {
///     sum.add(&FieldRef::Stored(ValueRef::I64(fee)))?;
/// }
/// assert_eq!(sum.finish(), Value::from(9_223_372_036_854_775_808_u64));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Accumulator(State);

#[derive(Debug, Clone)]
enum State {
    Count(u64),
    CountOf(u64),
    Sum(Sum),
    Mean(Sum),
    Least(Option<Value>),
    Greatest(Option<Value>),
}

impl Accumulator {
    /// Begins an aggregate.
    pub fn new(aggregate: &Aggregate) -> Self {
        Self(match aggregate {
            Aggregate::Count => State::Count(0),
            Aggregate::CountOf(_) => State::CountOf(0),
            Aggregate::Sum(_) => State::Sum(Sum::default()),
            Aggregate::Avg(_) => State::Mean(Sum::default()),
            Aggregate::Min(_) => State::Least(None),
            Aggregate::Max(_) => State::Greatest(None),
        })
    }

    /// Adds the value of one row; a missing field comes as null.
    ///
    /// # Errors
    ///
    /// `corrupt` when the stored form of the value is not sound; `unsupported` for a decimal beyond the floats whose
    /// exponent is too large to be added exactly.
    #[inline]
    pub fn add(&mut self, value: &FieldRef<'_>) -> Result<()> {
        match &mut self.0 {
            State::Count(count) => *count += 1,
            State::CountOf(count) => *count += u64::from(!is_null(value)),
            State::Sum(sum) | State::Mean(sum) => sum.add(value)?,
            State::Least(kept) => keep(kept, value, Ordering::Less)?,
            State::Greatest(kept) => keep(kept, value, Ordering::Greater)?,
        }
        Ok(())
    }

    /// Adds what another collector of the same aggregate has taken; one of another aggregate changes nothing.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn join(&mut self, other: Self) -> Result<()> {
        match (&mut self.0, other.0) {
            (State::Count(mine), State::Count(theirs)) | (State::CountOf(mine), State::CountOf(theirs)) => {
                *mine += theirs;
            }
            (State::Sum(mine), State::Sum(theirs)) | (State::Mean(mine), State::Mean(theirs)) => mine.join(theirs),
            (State::Least(mine), State::Least(Some(theirs))) => keep(mine, &FieldRef::Built(&theirs), Ordering::Less)?,
            (State::Greatest(mine), State::Greatest(Some(theirs))) => {
                keep(mine, &FieldRef::Built(&theirs), Ordering::Greater)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns about how many bytes of memory the collector takes more once it has added a value.
    #[inline]
    pub fn growth_bytes(&self, value: &FieldRef<'_>) -> usize {
        match (&self.0, value) {
            (State::Sum(sum) | State::Mean(sum), FieldRef::Stored(ValueRef::F64(_))) => sum.float_growth_bytes(),
            (State::Least(None) | State::Greatest(None), FieldRef::Stored(ValueRef::String(text))) => text.len(),
            _ => 0,
        }
    }

    /// Returns the result: 0 for the count and the sum of nothing, else null.
    pub fn finish(self) -> Value {
        match self.0 {
            State::Count(count) | State::CountOf(count) => Value::from(count),
            State::Sum(sum) => sum.total(),
            State::Mean(sum) => sum.mean(),
            State::Least(value) | State::Greatest(value) => value.unwrap_or_default(),
        }
    }
}

fn is_null(value: &FieldRef<'_>) -> bool {
    matches!(value, FieldRef::Stored(ValueRef::Null) | FieldRef::Built(Value::Null))
}

/// Keeps the value at one end of the order; null does not count.
fn keep(kept: &mut Option<Value>, value: &FieldRef<'_>, wanted: Ordering) -> Result<()> {
    if is_null(value) {
        return Ok(());
    }
    let Some(present) = kept else {
        *kept = Some(value.to_value()?);
        return Ok(());
    };
    let order = compare(value, present)?;
    if order == wanted || order.is_eq() && compare_forms(&value.to_value()?, present)? == wanted {
        *present = value.to_value()?;
    }
    Ok(())
}
