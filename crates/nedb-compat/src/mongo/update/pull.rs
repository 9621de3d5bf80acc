//! `$pull`: which elements of an array go.
//!
//! A plain value takes the elements that are equal to it; an object of operators those that satisfy them; another object is a filter on
//! the fields of elements that are objects.

use nedb_types::{Result, Value};

use crate::mongo::{
    filter::{Condition, Filter, condition_list, has_operators},
    order::equals,
};

/// A `$pull` that was read.
#[derive(Clone, Debug)]
pub(super) enum Pull {
    Equal(Value),
    Satisfying(Vec<Condition>),
    Objects(Filter),
}

impl Pull {
    pub(super) fn new(operand: &Value) -> Result<Self> {
        match operand {
            Value::Object(object) if has_operators(object) => condition_list(object).map(Self::Satisfying),
            Value::Object(object) => Filter::new(object).map(Self::Objects),
            value => Ok(Self::Equal(value.clone())),
        }
    }

    /// Whether an element goes.
    pub(super) fn takes(&self, element: &Value) -> bool {
        match self {
            Self::Equal(value) => equals(element, value),
            Self::Satisfying(conditions) => conditions.iter().all(|condition| condition.holds(Some(element))),
            Self::Objects(filter) => element.as_object().is_some_and(|object| filter.matches(object)),
        }
    }
}
