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

/// The text of a cell for a terminal: on one line, and nothing in it controls the terminal.
pub fn shown(value: Option<&Value>) -> Result<String> {
    let text = text(value)?;
    if !text.contains(char::is_control) {
        return Ok(text);
    }
    Ok(text.chars().fold(String::new(), |mut shown, sign| {
        if sign.is_control() {
            shown.extend(sign.escape_default());
        } else {
            shown.push(sign);
        }
        shown
    }))
}

/// Whether a value stands on the right of its column.
pub fn is_number(value: &Value) -> bool {
    matches!(value, Value::I64(_) | Value::BigInt(_) | Value::F64(_) | Value::Decimal(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_control_the_terminal_is_escaped() {
        let value = Value::from("a\nb\t\u{1b}[2Jä");
        assert_eq!(shown(Some(&value)).unwrap(), "a\\nb\\t\\u{1b}[2Jä");
        assert_eq!(text(Some(&value)).unwrap(), "a\nb\t\u{1b}[2Jä");
    }
}
