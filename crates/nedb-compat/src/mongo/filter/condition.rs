//! What is asked of the values that a path leads to.
//!
//! A condition holds for a document when it holds for any value of the path; `Not` is the complement of that, so that `$ne`, `$nin`
//! and `$not` hold when no element of an array satisfies what they negate.

use nedb_types::{Object, Value};

use super::{array::Elements, compare::OrderTest, element::TypeName, modulo::Modulo, text::Pattern};
use crate::mongo::{
    order::{Members, equals},
    path::{Leaf, Path},
};

/// One condition on the values of a path.
#[derive(Clone, Debug)]
pub(in crate::mongo) enum Condition {
    /// Is equal to the value; a missing one is equal to null.
    Equals(Value),
    /// Stands on one side of a value of the same type.
    Order(OrderTest),
    /// Is equal to one of the values.
    In(Members),
    /// Is text that a regular expression matches.
    Matches(Pattern),
    /// Is there.
    Exists,
    /// Is of one of the types.
    Type(Vec<TypeName>),
    /// Leaves a remainder.
    Modulo(Modulo),
    /// Is an array of so many elements.
    Size(u64),
    /// Is an array with an element that satisfies all that is asked.
    Elements(Elements),
    /// All of these hold, each perhaps for another value.
    Every(Vec<Condition>),
    /// One of these holds.
    OneOf(Vec<Condition>),
    /// Never holds.
    Never,
    /// Not all of these hold.
    Not(Vec<Condition>),
}

impl Condition {
    /// Whether it holds for what a path leads to in a document.
    pub(super) fn matches(&self, document: &Object, path: &Path) -> bool {
        match self {
            Self::Not(parts) => !parts.iter().all(|part| part.matches(document, path)),
            Self::Every(parts) => parts.iter().all(|part| part.matches(document, path)),
            Self::OneOf(parts) => parts.iter().any(|part| part.matches(document, path)),
            Self::Never => false,
            Self::Size(_) | Self::Elements(_) => path.any(document, Leaf::Whole, |value| self.holds(value)),
            _ => path.any(document, Leaf::Elements, |value| self.holds(value)),
        }
    }

    /// Whether it holds for one value, which is not entered if it is an array.
    pub(in crate::mongo) fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Equals(wanted) => equals(value.unwrap_or(&Value::Null), wanted),
            Self::Order(test) => test.holds(value.unwrap_or(&Value::Null)),
            Self::In(members) => members.contains(value.unwrap_or(&Value::Null)),
            Self::Matches(pattern) => value.and_then(Value::as_str).is_some_and(|text| pattern.is_match(text)),
            Self::Exists => value.is_some(),
            Self::Type(names) => value.is_some_and(|value| names.iter().any(|name| name.is_of(value))),
            Self::Modulo(modulo) => value.is_some_and(|value| modulo.holds(value)),
            Self::Size(size) => value.and_then(Value::as_array).is_some_and(|array| array.len() as u64 == *size),
            Self::Elements(test) => value.and_then(Value::as_array).is_some_and(|array| test.holds(array)),
            Self::Every(parts) => parts.iter().all(|part| part.holds(value)),
            Self::OneOf(parts) => parts.iter().any(|part| part.holds(value)),
            Self::Never => false,
            Self::Not(parts) => !parts.iter().all(|part| part.holds(value)),
        }
    }
}
