//! Expressions of pipelines: paths, constants, and objects and arrays of these.
//!
//! A path `"$a.b"` leads through objects; at an array it gives the array of what its objects give. Operators are refused by name.
//!
//! A small expression can make a large value, by naming one path often, and a pipeline a deep one, level by level. So what is made keeps
//! to a budget while it is made, and nests no deeper than a document.

use nedb_types::{Error, ErrorCode, Object, Result, Value, limits::NESTING_MAX};

use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    memory::Budget,
};

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
    pub(in crate::mongo) fn value(&self, document: &Object, budget: &mut Budget) -> Result<Option<Value>> {
        let made = self.made(document, budget)?;
        if made.as_ref().is_none_or(|value| nests_within(value, NESTING_MAX)) {
            return Ok(made);
        }
        let (what, max) = ("nesting of a value that is made", NESTING_MAX as u64);
        Err(Error::over_limit(ErrorCode::NestingTooDeep, what, "NESTING_MAX", max, max + 1))
    }

    fn made(&self, document: &Object, budget: &mut Budget) -> Result<Option<Value>> {
        Ok(match self {
            Self::Path(names) => {
                let found = along_object(document, names);
                budget.grow(found.as_ref().map_or(0, Value::memory_bytes))?;
                found
            }
            Self::Constant(value) => {
                budget.grow(value.memory_bytes())?;
                Some(value.clone())
            }
            Self::Object(fields) => {
                let mut made = Vec::with_capacity(fields.len());
                for (name, expression) in fields {
                    budget.grow(size_of::<(String, Value)>() + name.len())?;
                    if let Some(value) = expression.made(document, budget)? {
                        made.push((name.clone(), value));
                    }
                }
                Some(Value::Object(Object::from_fields(made)?))
            }
            Self::Array(elements) => {
                budget.grow(size_of_val(elements.as_slice()))?;
                let values = elements.iter().map(|element| Ok(element.made(document, budget)?.unwrap_or_default()));
                Some(Value::Array(values.collect::<Result<_>>()?))
            }
        })
    }
}

/// Whether a value has no more levels than so many.
fn nests_within(value: &Value, levels: usize) -> bool {
    let inner = |value: &Value| levels > 0 && nests_within(value, levels - 1);
    match value {
        Value::Object(object) => levels > 0 && object.iter().all(|(_, value)| inner(value)),
        Value::Array(elements) => levels > 0 && elements.iter().all(inner),
        _scalar => true,
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
