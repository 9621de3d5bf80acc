//! A value in a cell: text as it is, everything else as JSON.

use nedb::Value;
use nedb_types::{Result, document::value_to_json};

/// The text of a cell; nothing for null and for what is missing.
pub fn text(value: Option<&Value>) -> Result<String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::DateTime(at)) => Ok(at.to_string()),
        Some(Value::Decimal(number)) => Ok(number.to_string()),
        Some(other) => value_to_json(other),
    }
}

/// Whether a value stands on the right of its column.
pub fn is_number(value: &Value) -> bool {
    matches!(value, Value::I64(_) | Value::BigInt(_) | Value::F64(_) | Value::Decimal(_))
}
