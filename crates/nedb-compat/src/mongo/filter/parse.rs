//! From the object that a call gives to a filter.

use nedb_types::{Error, ErrorCode, Object, Result, Value, limits::QUERY_NESTING_MAX};

use super::{Filter, array, compare, condition::Condition, element, logic, modulo, text};
use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    path::Path,
};

/// How deep a filter may still nest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth(usize);

impl Default for Depth {
    fn default() -> Self {
        Self(QUERY_NESTING_MAX)
    }
}

impl Depth {
    fn deeper(self) -> Result<Self> {
        let (max, actual) = (QUERY_NESTING_MAX as u64, QUERY_NESTING_MAX as u64 + 1);
        let error =
            || Error::over_limit(ErrorCode::QueryTooLarge, "nesting of the filter", "QUERY_NESTING_MAX", max, actual);
        self.0.checked_sub(1).map(Self).ok_or_else(error)
    }
}

/// Whether an object is one of operators: its first field begins with `$`.
pub(in crate::mongo) fn has_operators(object: &Object) -> bool {
    object.keys().next().is_some_and(|name| name.starts_with('$'))
}

/// Whether an object begins with an operator that puts whole filters together.
pub(in crate::mongo) fn is_logic(object: &Object) -> bool {
    matches!(object.keys().next(), Some("$and" | "$or" | "$nor"))
}

/// Reads a filter.
pub(super) fn filter(object: &Object, depth: Depth) -> Result<Filter> {
    let depth = depth.deeper()?;
    let mut parts = Vec::with_capacity(object.len());
    for (name, operand) in object.iter() {
        if let Some(part) = logic::filter(name, operand, depth) {
            parts.push(part?);
        } else if name.starts_with('$') {
            return Err(unsupported(format!("the operator {name} in a filter")));
        } else {
            fields(name, operand, depth, &mut parts)?;
        }
    }
    Ok(match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            Filter::All(parts)
        }
    })
}

fn fields(name: &str, operand: &Value, depth: Depth, parts: &mut Vec<Filter>) -> Result<()> {
    let path = Path::new(name)?;
    match operand {
        Value::Object(object) if has_operators(object) => {
            let conditions = conditions(object, depth)?;
            parts.extend(conditions.into_iter().map(|condition| Filter::Field(path.clone(), condition)));
        }
        value => parts.push(Filter::Field(path, Condition::Equals(value.clone()))),
    }
    Ok(())
}

/// Reads an object of operators, all of which must hold.
pub(super) fn conditions(object: &Object, depth: Depth) -> Result<Vec<Condition>> {
    let depth = depth.deeper()?;
    let mut conditions = Vec::with_capacity(object.len());
    for (name, operand) in object.iter() {
        if name == "$options" && object.get("$regex").is_some() {
            continue;
        }
        let read = compare::condition(name, operand)
            .or_else(|| element::condition(name, operand))
            .or_else(|| array::condition(name, operand, depth))
            .or_else(|| modulo::condition(name, operand))
            .or_else(|| text::condition(name, operand, object))
            .or_else(|| logic::condition(name, operand, depth));
        match read {
            Some(condition) => conditions.push(condition?),
            None if name.starts_with('$') => return Err(unsupported(format!("the operator {name} in a filter"))),
            None => {
                let message = format!("the field {name:?} stands among operators");
                return Err(refused(Refusal::BadValue, message));
            }
        }
    }
    Ok(conditions)
}
