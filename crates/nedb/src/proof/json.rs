//! JSON objects of reports: fields in a fixed order, absent values as null.
//!
//! Promises: the text is that of the one JSON writer of the workspace. Leaves to others: which fields a report has.

use std::fmt::Display;

use nedb_types::{Object, Result, Value, document::value_to_json};

/// A JSON object under construction.
#[derive(Debug, Default)]
pub(crate) struct JsonFields {
    object: Object,
}

impl JsonFields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.object.insert(name, value);
        self
    }

    pub(crate) fn number(self, name: &str, number: u64) -> Self {
        self.value(name, number)
    }

    pub(crate) fn text(self, name: &str, text: impl Display) -> Self {
        self.value(name, text.to_string())
    }

    pub(crate) fn maybe_number(self, name: &str, number: Option<u64>) -> Self {
        self.value(name, number.map_or(Value::Null, Value::from))
    }

    pub(crate) fn maybe_text(self, name: &str, text: Option<impl Display>) -> Self {
        self.value(name, text.map_or(Value::Null, |text| Value::String(text.to_string())))
    }

    pub(crate) fn texts<T: Display>(self, name: &str, texts: &[T]) -> Self {
        let texts: Vec<Value> = texts.iter().map(|text| Value::String(text.to_string())).collect();
        self.value(name, texts)
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.object)
    }

    pub(crate) fn finish(self) -> Result<String> {
        value_to_json(&self.into_value())
    }
}
