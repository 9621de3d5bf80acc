//! The figures of a group: `$sum $avg $min $max $first $last $push $addToSet $count`.
//!
//! Sums and means are those of the engine: exact, whatever the order. `$min` and `$max` pass over null and missing values, `$push` and
//! `$addToSet` over missing ones.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use nedb_nql::{Aggregate, FieldRef, aggregate::Accumulator as Figure};
use nedb_types::{FieldPath, Object, Result, Value};

use super::Expression;
use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    memory::Budget,
    order::{Ordered, compare},
};

/// What is computed of the documents of a group.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    kind: Kind,
    expression: Expression,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Sum,
    Avg,
    Least,
    Greatest,
    First,
    Last,
    Push,
    AddToSet,
}

impl Measure {
    /// Reads `{$sum: expression}` and its kin.
    pub(super) fn new(given: &Value) -> Result<Self> {
        let refusal = || refused(Refusal::FailedToParse, "a field of $group needs an object with one accumulator");
        let object = given.as_object().filter(|object| object.len() == 1).ok_or_else(refusal)?;
        let (name, operand) = object.iter().next().ok_or_else(refusal)?;
        let kind = match name {
            "$sum" => Kind::Sum,
            "$avg" => Kind::Avg,
            "$min" => Kind::Least,
            "$max" => Kind::Greatest,
            "$first" => Kind::First,
            "$last" => Kind::Last,
            "$push" => Kind::Push,
            "$addToSet" => Kind::AddToSet,
            "$count" => return Ok(Self { kind: Kind::Sum, expression: Expression::Constant(Value::from(1)) }),
            other if other.starts_with('$') => return Err(unsupported(format!("the accumulator {other}"))),
            _ => return Err(refusal()),
        };
        Ok(Self { kind, expression: Expression::new(operand)? })
    }

    /// Begins a group.
    pub(super) fn begin(&self) -> Collected {
        // The path is only a name to the collector: values are given to it one by one.
        let path = || FieldPath::field("value");
        match self.kind {
            Kind::Sum => Collected::Figure(Figure::new(&Aggregate::Sum(path()))),
            Kind::Avg => Collected::Figure(Figure::new(&Aggregate::Avg(path()))),
            Kind::Least => Collected::End(None, Ordering::Less),
            Kind::Greatest => Collected::End(None, Ordering::Greater),
            Kind::First => Collected::First(None),
            Kind::Last => Collected::Last(None),
            Kind::Push => Collected::List(Vec::new()),
            Kind::AddToSet => Collected::Set(BTreeSet::new()),
        }
    }

    /// Takes one document into what was collected.
    pub(super) fn add(&self, document: &Object, collected: &mut Collected, budget: &mut Budget) -> Result<()> {
        let mut passing = budget.passing();
        collected.add(self.expression.value(document, &mut passing)?, budget)
    }
}

/// What one accumulator has taken.
#[derive(Clone, Debug)]
pub(super) enum Collected {
    Figure(Figure),
    End(Option<Value>, Ordering),
    First(Option<Value>),
    Last(Option<Value>),
    List(Vec<Value>),
    Set(BTreeSet<Ordered>),
}

impl Collected {
    fn add(&mut self, value: Option<Value>, budget: &mut Budget) -> Result<()> {
        match self {
            Self::Figure(figure) => figure.add(&FieldRef::Built(&value.unwrap_or_default())),
            Self::End(kept, wanted) => {
                if let Some(value) = value.filter(|value| *value != Value::Null)
                    && kept.as_ref().is_none_or(|kept| compare(&value, kept) == *wanted)
                {
                    keep(kept, value, budget)?;
                }
                Ok(())
            }
            Self::First(Some(_)) => Ok(()),
            Self::First(kept) | Self::Last(kept) => keep(kept, value.unwrap_or_default(), budget),
            Self::List(values) => {
                if let Some(value) = value {
                    budget.grow(value.memory_bytes())?;
                    values.push(value);
                }
                Ok(())
            }
            Self::Set(values) => {
                if let Some(value) = value.map(Ordered).filter(|value| !values.contains(value)) {
                    budget.grow(value.0.memory_bytes())?;
                    values.insert(value);
                }
                Ok(())
            }
        }
    }

    /// The figure; a set comes in the order of its values.
    pub(super) fn finish(self) -> Value {
        match self {
            Self::Figure(figure) => figure.finish(),
            Self::End(value, _) | Self::First(value) | Self::Last(value) => value.unwrap_or_default(),
            Self::List(values) => Value::Array(values),
            Self::Set(values) => Value::Array(values.into_iter().map(|value| value.0).collect()),
        }
    }
}

/// Puts a value in the place of the one that was kept.
fn keep(kept: &mut Option<Value>, value: Value, budget: &mut Budget) -> Result<()> {
    budget.shrink(kept.as_ref().map_or(0, Value::memory_bytes));
    budget.grow(value.memory_bytes())?;
    *kept = Some(value);
    Ok(())
}
