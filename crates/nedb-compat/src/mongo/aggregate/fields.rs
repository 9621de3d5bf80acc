//! `$addFields`, which is also called `$set`: values that are made beside the fields that a document has. `$unset`: fields that go.

use nedb_types::{Object, Result, Value};

use super::Expression;
use crate::mongo::{
    fault::{Refusal, refused},
    made::{Made, check_apart, check_number},
    memory::Budget,
    path::Path,
    projection::Projection,
};

/// A `$addFields` that was read.
#[derive(Clone, Debug)]
pub(super) struct AddedFields {
    made: Made,
}

impl AddedFields {
    /// Reads the operand of the stage: paths and expressions; an object that is no expression holds more paths, and an empty one is a value.
    pub(super) fn new(stage: &str, given: &Object) -> Result<Self> {
        if given.is_empty() {
            return Err(refused(Refusal::BadValue, format!("{stage} needs at least one field")));
        }
        let mut found = Vec::new();
        read(given, "", &mut found)?;
        check_number(found.len())?;
        let (mut made, mut paths) = (Made::default(), Vec::with_capacity(found.len()));
        for (path, expression) in found {
            check_apart(&path, &paths)?;
            paths.push(path.clone());
            made.push(path, expression);
        }
        Ok(Self { made })
    }

    /// The document with the values, each of which takes the place of what was at its path.
    pub(super) fn apply(&self, mut document: Object, mut budget: Budget) -> Result<Object> {
        let values = self.made.values(&document, &mut budget)?;
        self.made.put(&mut document, values, &mut budget)?;
        Ok(document)
    }
}

fn read(given: &Object, outer: &str, found: &mut Vec<(Path, Expression)>) -> Result<()> {
    for (name, value) in given.iter() {
        let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
        match value {
            Value::Object(inner) if inner.keys().next().is_some_and(|name| !name.starts_with('$')) => {
                read(inner, &path, found)?;
            }
            value => found.push((Path::checked(&path)?, Expression::new(value)?)),
        }
    }
    Ok(())
}

/// Reads the operand of `$unset`, a path or an array of them, as a projection that names what goes.
pub(super) fn unset(given: &Value) -> Result<Projection> {
    let refusal = || refused(Refusal::FailedToParse, "$unset needs a path, or an array of at least one");
    let paths = match given {
        Value::Array(paths) if !paths.is_empty() => paths.as_slice(),
        Value::String(_) => std::slice::from_ref(given),
        _ => return Err(refusal()),
    };
    let mut gone = Vec::with_capacity(paths.len());
    for path in paths {
        gone.push((path.as_str().ok_or_else(refusal)?.to_owned(), Value::from(0)));
    }
    Projection::new(&Object::from_fields(gone)?)
}

/// Reads the operand of `$replaceRoot`.
pub(super) fn new_root(given: &Object) -> Result<Expression> {
    match given.iter().next() {
        Some(("newRoot", root)) if given.len() == 1 => Expression::new(root),
        _ => Err(refused(Refusal::FailedToParse, "$replaceRoot needs an object with the one field newRoot")),
    }
}

/// The document that an expression makes of another.
pub(super) fn replaced(root: &Expression, document: &Object, mut budget: Budget) -> Result<Object> {
    match root.value(document, &mut budget)? {
        Some(Value::Object(object)) => Ok(object),
        other => {
            let what = other.as_ref().map_or("missing", Value::type_name);
            Err(refused(Refusal::NoDocument, format!("the new root of a document is {what}, and must be an object")))
        }
    }
}
