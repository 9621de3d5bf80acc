//! How the value of a `$parameter` is written by hand.

use nedb_types::{Value, document::json_to_value};

/// Reads `name=value`.
pub fn assignment(text: &str) -> Result<(String, Value), String> {
    let (name, text) = text.split_once('=').ok_or("a parameter is written name=value")?;
    Ok((name.to_owned(), value(text)))
}

/// Reads JSON, or else takes the text as it is.
pub fn value(text: &str) -> Value {
    json_to_value(text.as_bytes()).unwrap_or_else(|_plain_text| Value::String(text.to_owned()))
}
