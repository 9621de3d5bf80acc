//! Whether a condition holds: two-valued logic, word for word.

use nedb_types::Value;

use super::{
    question::Condition,
    value::{compare, rank},
};

/// Whether a condition holds for a row that gives its fields by their paths.
pub fn holds(condition: &Condition, field: &impl Fn(&str) -> Option<Value>) -> bool {
    let value = |path: &str| field(path).unwrap_or(Value::Null);
    match condition {
        Condition::And(parts) => parts.iter().all(|part| holds(part, field)),
        Condition::Or(parts) => parts.iter().any(|part| holds(part, field)),
        Condition::Not(inner) => !holds(inner, field),
        Condition::Compare(path, op, literal) => is_so(&value(path), op, &literal.value()),
        Condition::In(path, list) => list.iter().any(|literal| compare(&value(path), &literal.value()).is_eq()),
        Condition::Between(path, low, high) => {
            is_so(&value(path), ">=", &low.value()) && is_so(&value(path), "<=", &high.value())
        }
        Condition::InList(path, list) => match list.value() {
            Value::Array(values) => values.iter().any(|wanted| compare(&value(path), wanted).is_eq()),
            other => panic!("a list is an array, not {other:?}"),
        },
        Condition::Like(path, pattern, folds) => match (value(path), pattern.value(), folds) {
            (Value::String(text), Value::String(pattern), false) => is_like(&characters(&text), &characters(&pattern)),
            (Value::String(text), Value::String(pattern), true) => {
                is_like(&characters(&text.to_lowercase()), &characters(&pattern.to_lowercase()))
            }
            _ => false,
        },
        Condition::IsNull(path) => value(path) == Value::Null,
        Condition::Exists(path) => field(path).is_some(),
        Condition::Contains(path, literal) => match (value(path), literal.value()) {
            (Value::String(text), Value::String(part)) => text.contains(&part),
            (Value::Array(members), member) => members.iter().any(|found| compare(found, &member).is_eq()),
            _ => false,
        },
    }
}

fn is_so(field: &Value, op: &str, value: &Value) -> bool {
    let order = compare(field, value);
    let is_ordered = rank(field) == rank(value) && *field != Value::Null;
    match op {
        "=" | "==" => order.is_eq(),
        "!=" | "<>" => order.is_ne(),
        "<" => is_ordered && order.is_lt(),
        "<=" => is_ordered && order.is_le(),
        ">" => is_ordered && order.is_gt(),
        ">=" => is_ordered && order.is_ge(),
        other => panic!("no such operator: {other}"),
    }
}

fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn is_like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['%', rest @ ..], text) => (0..=text.len()).any(|taken| is_like(&text[taken..], rest)),
        (['_', rest @ ..], [_, after @ ..]) => is_like(after, rest),
        (['\\', wanted, rest @ ..] | [wanted, rest @ ..], [found, after @ ..]) => {
            wanted == found && is_like(after, rest)
        }
        _ => false,
    }
}

#[test]
fn the_naive_pattern_takes_what_it_says() {
    let is_like = |text: &str, pattern: &str| is_like(&characters(text), &characters(pattern));
    assert!(is_like("50% off", r"50\%_%") && !is_like("50%", r"50\%_%"));
    assert!(is_like("", "%") && !is_like("", "_") && is_like(r"a\", r"a\"));
}
