//! `$and $or $nor` over whole filters, and `$not` over the conditions of a field.

use nedb_types::{Result, Value};

use super::{
    Filter,
    condition::Condition,
    parse::{self, Depth, has_operators},
};
use crate::mongo::fault::{Refusal, refused};

/// Reads the operand of an operator over filters; `None` for another operator.
pub(super) fn filter(name: &str, operand: &Value, depth: Depth) -> Option<Result<Filter>> {
    let make: fn(Vec<Filter>) -> Filter = match name {
        "$and" => Filter::All,
        "$or" => Filter::Any,
        "$nor" => Filter::None,
        _ => return None,
    };
    Some(parts(name, operand, depth).map(make))
}

fn parts(name: &str, operand: &Value, depth: Depth) -> Result<Vec<Filter>> {
    let refusal = || refused(Refusal::BadValue, format!("{name} needs an array of at least one object"));
    let parts = operand.as_array().filter(|parts| !parts.is_empty()).ok_or_else(refusal)?;
    parts.iter().map(|part| parse::filter(part.as_object().ok_or_else(refusal)?, depth)).collect()
}

/// Reads the operand of `$not`; `None` for another operator.
pub(super) fn condition(name: &str, operand: &Value, depth: Depth) -> Option<Result<Condition>> {
    if name != "$not" {
        return None;
    }
    Some(match operand {
        Value::Object(object) if has_operators(object) => parse::conditions(object, depth).map(Condition::Not),
        _ => Err(refused(Refusal::BadValue, "$not needs an object of operators")),
    })
}
