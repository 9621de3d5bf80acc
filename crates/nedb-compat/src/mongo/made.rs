//! Values that a projection or a stage makes of a document and puts at paths of it.
//!
//! All of them are made of the document as it came. A path goes into each element of an array, and what has no fields gives way to an
//! object, as in `MongoDB`. Promises: what is made and put keeps to a budget, however often it is put.

use nedb_types::{Error, ErrorCode, Object, Result, Value};

use super::{
    aggregate::Expression,
    fault::{Refusal, refused},
    memory::Budget,
    path::{Part, Path},
};

/// Most paths of a projection or a stage: each is compared with the others.
const PROJECTION_PATHS_MAX: usize = 4096;

/// Paths, and the expression whose value each gets.
#[derive(Clone, Debug, Default)]
pub(super) struct Made(Vec<(Path, Expression)>);

impl Made {
    pub(super) fn push(&mut self, path: Path, expression: Expression) {
        self.0.push((path, expression));
    }

    /// The values for a document, in the order of the paths.
    pub(super) fn values(&self, document: &Object, budget: &mut Budget) -> Result<Vec<Option<Value>>> {
        self.0.iter().map(|(_, expression)| expression.value(document, budget)).collect()
    }

    /// Puts the values at their paths; where one is missing, what is there goes.
    pub(super) fn put(&self, document: &mut Object, values: Vec<Option<Value>>, budget: &mut Budget) -> Result<()> {
        for ((path, _), value) in self.0.iter().zip(values) {
            put(document, path.parts(), value.as_ref(), budget)?;
        }
        Ok(())
    }
}

/// Refuses more paths than a projection may have.
pub(super) fn check_number(paths: usize) -> Result<()> {
    let (max, actual) = (PROJECTION_PATHS_MAX as u64, paths as u64);
    if actual <= max {
        return Ok(());
    }
    let what = "number of paths of a projection";
    Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "PROJECTION_PATHS_MAX", max, actual))
}

/// Refuses a path that meets one of the others.
pub(super) fn check_apart(path: &Path, others: &[Path]) -> Result<()> {
    match others.iter().find(|other| other.starts_with(path) || path.starts_with(other)) {
        Some(other) => Err(refused(Refusal::PathCollision, format!("the paths {other} and {path} meet"))),
        None => Ok(()),
    }
}

fn put(object: &mut Object, parts: &[Part], value: Option<&Value>, budget: &mut Budget) -> Result<()> {
    let Some((first, rest)) = parts.split_first() else { return Ok(()) };
    if !rest.is_empty() {
        if object.get(&first.name).is_none() {
            object.insert(first.name.as_str(), Object::new());
        }
        return object.get_mut(&first.name).map_or(Ok(()), |inner| put_inside(inner, rest, value, budget));
    }
    match value {
        Some(value) => {
            budget.grow(first.name.len() + value.memory_bytes())?;
            object.insert(first.name.as_str(), value.clone());
        }
        None => drop(object.remove(&first.name)),
    }
    Ok(())
}

fn put_inside(place: &mut Value, parts: &[Part], value: Option<&Value>, budget: &mut Budget) -> Result<()> {
    match place {
        Value::Object(object) => put(object, parts, value, budget),
        Value::Array(elements) => elements.iter_mut().try_for_each(|element| put_inside(element, parts, value, budget)),
        scalar => {
            let mut made = Object::new();
            put(&mut made, parts, value, budget)?;
            *scalar = Value::Object(made);
            Ok(())
        }
    }
}
