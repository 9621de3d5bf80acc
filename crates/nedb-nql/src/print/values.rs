//! Values as literals.

use std::fmt::{self, Write as _};

use nedb_types::Value;
use nedb_types::document::value_to_json;

/// Writes a value as a literal.
pub(super) struct Literal<'a>(pub(super) &'a Value);

/// Writes text as a string.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => value.fmt(f),
            Value::I64(value) => value.fmt(f),
            Value::BigInt(value) => value.fmt(f),
            Value::F64(value) => value.fmt(f),
            Value::String(text) => Text(text).fmt(f),
            Value::Array(elements) => {
                f.write_str("[")?;
                super::names::write_list(f, elements.iter().map(Literal))?;
                f.write_str("]")
            }
            other => match value_to_json(other) {
                Ok(json) => f.write_str(&json),
                Err(error) => write!(f, "<a value that cannot be stored: {error}>"),
            },
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                control if control.is_control() => write!(f, "\\u{{{:x}}}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}
