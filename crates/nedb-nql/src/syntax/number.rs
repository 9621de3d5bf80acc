//! Numbers: integers of any size, and floats.

use nedb_types::{Decimal, Result, Value};

use super::Lexer;
use super::name::is_name_part;

/// Reads a number, which begins at the next character; a point or an exponent makes it a float.
pub(super) fn read_number(lexer: &mut Lexer<'_>) -> Result<Value> {
    let start = lexer.position();
    let rest = lexer.rest();
    let mut is_float = false;
    let mut length = usize::from(rest.starts_with('-'));
    length += digits_at(rest, length);
    if rest.get(length..).is_some_and(|rest| rest.starts_with('.')) && digits_at(rest, length + 1) > 0 {
        is_float = true;
        length += 1 + digits_at(rest, length + 1);
    }
    if let Some(exponent) = exponent_at(rest, length) {
        is_float = true;
        length += exponent;
    }
    let digits = lexer.take_bytes(length);
    if lexer.peek().is_some_and(is_name_part) {
        lexer.take_while(is_name_part);
        let trouble = lexer.trouble(start..lexer.position(), "a number");
        return Err(trouble.hint("a text that begins with a digit stands in quotes").into_error());
    }
    let value = if is_float { float(digits) } else { integer(digits) };
    value.ok_or_else(|| lexer.trouble(start..lexer.position(), "a number that can be stored").into_error())
}

/// Counts the digits from a place on.
fn digits_at(text: &str, at: usize) -> usize {
    text.bytes().skip(at).take_while(u8::is_ascii_digit).count()
}

/// Returns the length of an exponent at a place.
fn exponent_at(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(['e', 'E'])?;
    let sign = usize::from(rest.starts_with(['-', '+']));
    match digits_at(rest, sign) {
        0 => None,
        digits => Some(1 + sign + digits),
    }
}

fn float(digits: &str) -> Option<Value> {
    Value::float(digits.parse().ok()?).ok()
}

fn integer(digits: &str) -> Option<Value> {
    if let Ok(small) = digits.parse::<i64>() {
        return Some(Value::I64(small));
    }
    // The decimal parser has the limit on digits that keeps the time of this within bounds.
    let wide: Decimal = digits.parse().ok()?;
    Some(Value::integer(wide.coefficient().clone()))
}
