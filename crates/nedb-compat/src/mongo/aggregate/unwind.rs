//! `$unwind`: one document for each element of an array.

use nedb_types::{Object, Result, Value};

use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    number::is_true,
    path::{Part, Path},
};

/// A `$unwind` that was read.
#[derive(Clone, Debug)]
pub(super) struct Unwind {
    path: Path,
    /// The field that tells the position.
    index_field: Option<String>,
    /// Whether a document without elements stays.
    keeps_empty: bool,
}

impl Unwind {
    /// Reads the operand of `$unwind`: a path, or an object with one.
    pub(super) fn new(given: &Value) -> Result<Self> {
        let Value::Object(object) = given else {
            return Ok(Self { path: path(given)?, index_field: None, keeps_empty: false });
        };
        let (mut found, mut index_field, mut keeps_empty) = (None, None, false);
        for (name, value) in object.iter() {
            match name {
                "path" => found = Some(path(value)?),
                "includeArrayIndex" => index_field = Some(field(value)?),
                "preserveNullAndEmptyArrays" => keeps_empty = is_true(value),
                other => return Err(unsupported(format!("the option {other} of $unwind"))),
            }
        }
        let path = found.ok_or_else(|| refused(Refusal::FailedToParse, "$unwind needs a path"))?;
        Ok(Self { path, index_field, keeps_empty })
    }

    /// The documents that one becomes.
    pub(super) fn run(&self, document: Object) -> Vec<Object> {
        match self.path.value(&document) {
            Some(Value::Array(elements)) if !elements.is_empty() => {
                let elements = elements.clone();
                let positions = (0_i64..).map(Value::from);
                elements.into_iter().zip(positions).map(|(element, at)| self.with(&document, element, at)).collect()
            }
            None | Some(Value::Null | Value::Array(_)) if !self.keeps_empty => Vec::new(),
            Some(Value::Array(_)) => {
                let mut kept = document;
                remove(&mut kept, self.path.parts());
                vec![self.indexed(kept, Value::Null)]
            }
            None | Some(_) => vec![self.indexed(document, Value::Null)],
        }
    }

    fn with(&self, document: &Object, element: Value, position: Value) -> Object {
        let mut document = document.clone();
        replace(&mut document, self.path.parts(), element);
        self.indexed(document, position)
    }

    fn indexed(&self, mut document: Object, position: Value) -> Object {
        if let Some(name) = &self.index_field {
            document.insert(name.as_str(), position);
        }
        document
    }
}

fn path(given: &Value) -> Result<Path> {
    match given.as_str().and_then(|text| text.strip_prefix('$')) {
        Some(path) => Path::checked(path),
        None => Err(refused(Refusal::FailedToParse, "the path of $unwind is a string that begins with a $")),
    }
}

fn field(given: &Value) -> Result<String> {
    match given.as_str() {
        Some(name) if !name.is_empty() && !name.starts_with('$') && !name.contains('.') => Ok(name.to_owned()),
        _ => Err(refused(Refusal::FailedToParse, "includeArrayIndex needs the name of a field")),
    }
}

/// Sets what a path through objects leads to.
fn replace(object: &mut Object, parts: &[Part], value: Value) {
    if let Some((first, rest)) = parts.split_first() {
        match object.get_mut(&first.name) {
            Some(place) if rest.is_empty() => *place = value,
            Some(Value::Object(inner)) => replace(inner, rest, value),
            _ => {}
        }
    }
}

/// Takes away what a path through objects leads to.
fn remove(object: &mut Object, parts: &[Part]) {
    if let Some((first, rest)) = parts.split_first() {
        if rest.is_empty() {
            object.remove(&first.name);
        } else if let Some(Value::Object(inner)) = object.get_mut(&first.name) {
            remove(inner, rest);
        }
    }
}
