//! `$unwind`: one document for each element of an array.

use std::sync::Arc;

use nedb_types::{Object, Result, Value};

use super::Documents;
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

    /// Puts the stage behind the documents; what one becomes is made as it is asked for.
    pub(super) fn run(self, documents: Documents) -> Documents {
        let unwind = Arc::new(self);
        Box::new(documents.flat_map(move |document| match document {
            Ok(document) => unwind.divided(document),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }))
    }

    /// The documents that one becomes.
    fn divided(self: &Arc<Self>, mut document: Object) -> Documents {
        let alone = match place(&mut document, self.path.parts()) {
            Some(Value::Array(elements)) if !elements.is_empty() => {
                // Without its elements the document is cheap to repeat.
                let elements = std::mem::take(elements).into_iter().zip((0_i64..).map(Value::from));
                let unwind = Arc::clone(self);
                return Box::new(elements.map(move |(element, at)| Ok(unwind.with(&document, element, at))));
            }
            None | Some(Value::Null | Value::Array(_)) if !self.keeps_empty => None,
            Some(Value::Array(_)) => {
                remove(&mut document, self.path.parts());
                Some(self.indexed(document, Value::Null))
            }
            None | Some(_) => Some(self.indexed(document, Value::Null)),
        };
        Box::new(alone.into_iter().map(Ok))
    }

    fn with(&self, template: &Object, element: Value, position: Value) -> Object {
        let mut document = template.clone();
        if let Some(place) = place(&mut document, self.path.parts()) {
            *place = element;
        }
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

/// What a path through objects leads to.
fn place<'o>(object: &'o mut Object, parts: &[Part]) -> Option<&'o mut Value> {
    let (first, rest) = parts.split_first()?;
    match object.get_mut(&first.name)? {
        value if rest.is_empty() => Some(value),
        Value::Object(inner) => place(inner, rest),
        _ => None,
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
