//! Expressions of pipelines: paths, constants, and objects and arrays of these.
//!
//! A path `"$a.b"` leads through objects; at an array it gives the array of what its objects give. Operators are refused by name.

use nedb_types::{Object, Result, Value};

use crate::mongo::fault::{Refusal, refused, unsupported};

/// Gives a value for each document.
#[derive(Clone, Debug)]
pub(in crate::mongo) enum Expression {
    /// What the names lead to; of none, the whole document.
    Path(Vec<String>),
    /// The value itself.
    Constant(Value),
    /// An object of values; missing ones are left out.
    Object(Vec<(String, Expression)>),
    /// An array of values; missing ones are null.
    Array(Vec<Expression>),
}

impl Expression {
    /// Reads an expression.
    pub(in crate::mongo) fn new(given: &Value) -> Result<Self> {
        match given {
            Value::String(text) => match text.strip_prefix('$') {
                Some(path) => path_of(path).map(Self::Path),
                None => Ok(Self::Constant(given.clone())),
            },
            Value::Object(object) => Self::of_object(object),
            Value::Array(elements) => elements.iter().map(Self::new).collect::<Result<_>>().map(Self::Array),
            constant => Ok(Self::Constant(constant.clone())),
        }
    }

    fn of_object(object: &Object) -> Result<Self> {
        let mut fields = Vec::with_capacity(object.len());
        for (name, value) in object.iter() {
            if name == "$literal" && object.len() == 1 {
                return Ok(Self::Constant(value.clone()));
            }
            if name.starts_with('$') {
                return Err(unsupported(format!("the operator {name} in an expression")));
            }
            if name.contains('.') {
                let message = format!("the field {name:?} of an object in an expression has a dot");
                return Err(refused(Refusal::FailedToParse, message));
            }
            fields.push((name.to_owned(), Self::new(value)?));
        }
        Ok(Self::Object(fields))
    }

    /// The value for a document; `None` when it is missing.
    pub(in crate::mongo) fn value(&self, document: &Object) -> Option<Value> {
        match self {
            Self::Path(names) => along_object(document, names),
            Self::Constant(value) => Some(value.clone()),
            Self::Object(fields) => {
                let mut made = Object::new();
                for (name, expression) in fields {
                    if let Some(value) = expression.value(document) {
                        made.insert(name.as_str(), value);
                    }
                }
                Some(Value::Object(made))
            }
            Self::Array(elements) => {
                let values = elements.iter().map(|element| element.value(document).unwrap_or_default());
                Some(Value::Array(values.collect()))
            }
        }
    }
}

/// Divides a path, which begins at the document or at one of the two variables that stand for it.
fn path_of(text: &str) -> Result<Vec<String>> {
    let rest = match text.strip_prefix('$') {
        None => text,
        Some(variable) => {
            let (name, rest) = variable.split_once('.').unwrap_or((variable, ""));
            if !matches!(name, "ROOT" | "CURRENT") {
                return Err(unsupported(format!("the variable $${name}")));
            }
            if rest.is_empty() {
                return Ok(Vec::new());
            }
            rest
        }
    };
    if rest.split('.').any(|part| part.is_empty() || part.starts_with('$')) {
        let message = format!("\"${text}\" is no path: it has an empty part or one that begins with a $");
        return Err(refused(Refusal::FailedToParse, message));
    }
    Ok(rest.split('.').map(str::to_owned).collect())
}

fn along(value: &Value, names: &[String]) -> Option<Value> {
    if names.is_empty() {
        return Some(value.clone());
    }
    match value {
        Value::Object(object) => along_object(object, names),
        Value::Array(elements) => {
            Some(Value::Array(elements.iter().filter_map(|element| along(element, names)).collect()))
        }
        _scalar => None,
    }
}

fn along_object(object: &Object, names: &[String]) -> Option<Value> {
    match names.split_first() {
        None => Some(Value::Object(object.clone())),
        Some((first, rest)) => along(object.get(first)?, rest),
    }
}
