//! Objects, and values of the types that have no literal of their own, as JSON.

use nedb_types::document::json_to_value;
use nedb_types::{Result, Value};

use super::Lexer;

/// Reads a JSON object, which begins at the next character and ends where its braces do.
pub(super) fn read_json(lexer: &mut Lexer<'_>) -> Result<Value> {
    let start = lexer.position();
    let Some(length) = balanced(lexer.rest()) else {
        let end = lexer.text().len();
        return Err(lexer.trouble(start..end, "the closing brace of this object").found("the end").into_error());
    };
    let json = lexer.take_bytes(length);
    json_to_value(json.as_bytes()).map_err(|error| {
        let trouble = lexer.trouble(start..lexer.position(), "an object in JSON");
        trouble.hint(error.message().to_owned()).into_error()
    })
}

/// Returns the length of the object at the beginning of a text.
pub(super) fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' if !is_text => depth += 1,
            b'}' if !is_text => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}
