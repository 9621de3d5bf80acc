//! The fields of an answer: a daemon that says something else than it should is an error, never a panic.

use nedb::{DocId, Error, ErrorCode, Object, Result, Seq, Value};

/// The object of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Fields(pub(crate) Object);

impl Fields {
    /// The object that a value is.
    pub(crate) fn of(value: Value) -> Result<Self> {
        match value {
            Value::Object(object) => Ok(Self(object)),
            other => Err(strange(format!("{} where an object should stand", other.type_name()))),
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !matches!(value, Value::Null))
    }

    pub(crate) fn maybe_text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        self.maybe_text(name).ok_or_else(|| missing(name, "text"))
    }

    /// A text that says something of a type.
    pub(crate) fn parsed<T: std::str::FromStr<Err = Error>>(&self, name: &str) -> Result<T> {
        self.text(name)?.parse().map_err(|error: Error| strange(format!("{name}: {error}")))
    }

    pub(crate) fn maybe_number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_i64).and_then(|number| u64::try_from(number).ok())
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64> {
        self.maybe_number(name).ok_or_else(|| missing(name, "number"))
    }

    /// A seq; -1 is none.
    pub(crate) fn maybe_seq(&self, name: &str) -> Option<Seq> {
        self.maybe_number(name).map(Seq::new)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true)))
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Value>> {
        match self.take(name) {
            Some(Value::Array(values)) => Ok(values),
            _ => Err(missing(name, "list")),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Self> {
        self.take(name).ok_or_else(|| missing(name, "object")).and_then(Self::of)
    }
}

/// The id that a value is: text, or bytes where it is none.
pub(crate) fn id_of(value: &Value) -> Result<DocId> {
    match value {
        Value::String(text) => DocId::new(text),
        Value::Bytes(bytes) => DocId::new(bytes),
        other => Err(strange(format!("an id that is {}", other.type_name()))),
    }
}

fn missing(name: &str, kind: &str) -> Error {
    strange(format!("no {kind} {name}"))
}

/// The error of an answer that is none.
pub(crate) fn strange(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::Io, format!("the server's answer is not one of nedbd: {what}"))
}
