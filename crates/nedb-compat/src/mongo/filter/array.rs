//! `$all $size $elemMatch`.

use nedb_types::{Object, Result, Value};

use super::{
    Filter,
    condition::Condition,
    parse::{self, Depth, has_operators, is_logic},
    text,
};
use crate::mongo::{
    fault::{Refusal, refused},
    number::count,
};

/// What one element of an array must satisfy as a whole.
#[derive(Clone, Debug)]
pub(in crate::mongo) enum Elements {
    /// It is an object that a filter keeps.
    Objects(Box<Filter>),
    /// It is a value for which all conditions hold.
    Values(Vec<Condition>),
}

impl Elements {
    pub(super) fn holds(&self, elements: &[Value]) -> bool {
        elements.iter().any(|element| match (self, element) {
            (Self::Objects(filter), Value::Object(object)) => filter.matches(object),
            (Self::Objects(filter), Value::Array(inner)) => filter.matches(&numbered(inner)),
            (Self::Objects(_), _) => false,
            (Self::Values(conditions), element) => conditions.iter().all(|one| one.holds(Some(element))),
        })
    }
}

/// An array as an object whose fields are the positions.
fn numbered(elements: &[Value]) -> Object {
    let mut object = Object::new();
    for (position, element) in elements.iter().enumerate() {
        object.insert(position.to_string(), element.clone());
    }
    object
}

/// Reads the operand of an operator on arrays; `None` for another operator.
pub(super) fn condition(name: &str, operand: &Value, depth: Depth) -> Option<Result<Condition>> {
    Some(match name {
        "$size" => count(operand, "$size").map(Condition::Size),
        "$all" => all(operand, depth),
        "$elemMatch" => elements(operand, depth).map(Condition::Elements),
        _ => return None,
    })
}

fn elements(operand: &Value, depth: Depth) -> Result<Elements> {
    let Value::Object(object) = operand else {
        return Err(refused(Refusal::BadValue, "$elemMatch needs an object"));
    };
    if has_operators(object) && !is_logic(object) {
        return parse::conditions(object, depth).map(Elements::Values);
    }
    parse::filter(object, depth).map(|filter| Elements::Objects(Box::new(filter)))
}

/// Each value must be there; the array as a whole is one of the values that a path gives. Of nothing, none holds.
fn all(operand: &Value, depth: Depth) -> Result<Condition> {
    let Value::Array(values) = operand else {
        return Err(refused(Refusal::BadValue, "$all needs an array"));
    };
    if values.is_empty() {
        return Ok(Condition::Never);
    }
    let each = values.iter().map(|value| match value.as_object().and_then(|object| object.get("$elemMatch")) {
        Some(operand) => elements(operand, depth).map(Condition::Elements),
        None => match value.as_object() {
            Some(object) => match text::pattern_of(object) {
                Some(pattern) => pattern.map(Condition::Matches),
                None if has_operators(object) => {
                    let message = "$all takes values and regular expressions, or $elemMatch in each object";
                    Err(refused(Refusal::BadValue, message))
                }
                None => Ok(Condition::Equals(value.clone())),
            },
            None => Ok(Condition::Equals(value.clone())),
        },
    });
    each.collect::<Result<_>>().map(Condition::Every)
}
