//! `$pull`: which elements of an array go.
//!
//! A plain value takes the elements that are equal to it; an object of operators those that satisfy them, as the value of a field would:
//! an element that is an array also by its own elements. Another object is a filter on the fields of elements that are objects.

use nedb_types::{Object, Result, Value};

use crate::mongo::{
    filter::{Filter, has_operators, is_logic},
    order::equals,
};

/// The name under which an element is asked whether it satisfies operators.
const ELEMENT: &str = "element";

/// A `$pull` that was read.
#[derive(Clone, Debug)]
pub(super) enum Pull {
    Equal(Value),
    Satisfying(Filter),
    Objects(Filter),
}

impl Pull {
    pub(super) fn new(operand: &Value) -> Result<Self> {
        match operand {
            Value::Object(object) if has_operators(object) && !is_logic(object) => {
                Filter::new(&field(operand)).map(Self::Satisfying)
            }
            Value::Object(object) => Filter::new(object).map(Self::Objects),
            value => Ok(Self::Equal(value.clone())),
        }
    }

    /// Whether an element goes.
    pub(super) fn takes(&self, element: &Value) -> bool {
        match self {
            Self::Equal(value) => equals(element, value),
            Self::Satisfying(filter) => filter.matches(&field(element)),
            Self::Objects(filter) => element.as_object().is_some_and(|object| filter.matches(object)),
        }
    }
}

/// A value as the only field of an object.
fn field(value: &Value) -> Object {
    let mut object = Object::new();
    object.insert(ELEMENT, value.clone());
    object
}
