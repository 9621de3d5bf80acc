//! Whether a row satisfies a condition.

use std::cmp::Ordering;

use nedb_types::{Result, Value, ValueRef};

use super::{FieldRef, Fields};
use crate::plan::{Cut, FieldRange, FieldTest, Polarity, Predicate, Test};

impl Predicate {
    /// Returns whether a row satisfies the condition.
    ///
    /// # Errors
    ///
    /// `corrupt` when a field of the row cannot be read.
    pub fn matches(&self, row: &(impl Fields + ?Sized)) -> Result<bool> {
        match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.matches(row)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.matches(row)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Field(test) => test.matches(row),
        }
    }
}

impl FieldTest {
    /// Returns whether a row passes the test.
    ///
    /// # Errors
    ///
    /// `corrupt` when the field cannot be read.
    pub fn matches(&self, row: &(impl Fields + ?Sized)) -> Result<bool> {
        let field = row.field(&self.path)?;
        let holds = match (&self.test, field) {
            (Test::Exists, field) => field.is_some(),
            (test, field) => test.holds(&field.unwrap_or(FieldRef::Built(&Value::Null)))?,
        };
        Ok(holds == (self.polarity == Polarity::Holds))
    }
}

impl Test {
    /// Returns whether the test holds for a value; a missing field comes as null.
    fn holds(&self, field: &FieldRef<'_>) -> Result<bool> {
        match self {
            Self::Equals(value) => Ok(compare(field, value)?.is_eq()),
            Self::OneOf(values) => is_one_of(field, values),
            Self::Within(range) => is_within(field, range),
            Self::Like(pattern) => Ok(text_of(field).is_some_and(|text| pattern.is_match(text))),
            Self::Contains(member) => contains(field, member),
            Self::Exists => Ok(true),
        }
    }
}

/// Compares a field with a value in the total order, without copying scalars.
///
/// # Errors
///
/// `corrupt` when the stored form of the field is not sound.
///
/// # Examples
///
/// ```
/// use nedb_nql::{FieldRef, compare};
/// use nedb_types::{Value, ValueRef};
///
/// assert!(compare(&FieldRef::Stored(ValueRef::I64(1)), &Value::float(1.0)?)?.is_eq());
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn compare(field: &FieldRef<'_>, value: &Value) -> Result<Ordering> {
    Ok(match (field, value) {
        (FieldRef::Built(left), right) => left.cmp_total(right),
        (FieldRef::Stored(ValueRef::I64(left)), Value::I64(right)) => left.cmp(right),
        (FieldRef::Stored(ValueRef::String(left)), Value::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        (FieldRef::Stored(ValueRef::Null), Value::Null) => Ordering::Equal,
        // A short stand-in of the same type has the same place among the other types.
        (FieldRef::Stored(ValueRef::String(_)), right) => Value::String(String::new()).cmp_total(right),
        (FieldRef::Stored(left), right) => left.to_value()?.cmp_total(right),
    })
}

fn is_one_of(field: &FieldRef<'_>, values: &[Value]) -> Result<bool> {
    if let FieldRef::Stored(ValueRef::String(text)) = field {
        let by_text = |value: &Value| match value {
            Value::String(found) => found.as_bytes().cmp(text.as_bytes()),
            other => other.cmp_total(&Value::String(String::new())),
        };
        return Ok(values.binary_search_by(by_text).is_ok());
    }
    let wanted = field.to_value()?;
    Ok(values.binary_search_by(|value| value.cmp_total(&wanted)).is_ok())
}

fn is_within(field: &FieldRef<'_>, range: &FieldRange) -> Result<bool> {
    Ok(!is_before(field, &range.low)? && is_before(field, &range.high)?)
}

/// Returns whether a field lies before a place in the total order.
fn is_before(field: &FieldRef<'_>, cut: &Cut) -> Result<bool> {
    Ok(match (cut, field) {
        (Cut::Before(bound), field) => compare(field, bound)?.is_lt(),
        (Cut::After(bound), field) => compare(field, bound)?.is_le(),
        (cut, FieldRef::Built(value)) => cut.is_behind(value),
        (cut, FieldRef::Stored(value)) => cut.is_behind(&stand_in(value)?),
    })
}

/// Returns a value of the same class that is cheap to make.
fn stand_in(value: &ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::String(_) => Value::String(String::new()),
        ValueRef::Bytes(_) => Value::Bytes(Vec::new()),
        ValueRef::Array(_) => Value::Array(Vec::new()),
        ValueRef::Object(_) => Value::Object(nedb_types::Object::new()),
        scalar => scalar.to_value()?,
    })
}

fn text_of<'a>(field: &'a FieldRef<'_>) -> Option<&'a str> {
    match field {
        FieldRef::Stored(ValueRef::String(text)) => Some(text),
        FieldRef::Built(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn contains(field: &FieldRef<'_>, member: &Value) -> Result<bool> {
    if let Some(text) = text_of(field) {
        return Ok(member.as_str().is_some_and(|part| text.contains(part)));
    }
    match field {
        FieldRef::Built(Value::Array(elements)) => Ok(elements.iter().any(|element| element.cmp_total(member).is_eq())),
        FieldRef::Stored(ValueRef::Array(elements)) => {
            for element in elements.iter() {
                if compare(&FieldRef::Stored(element?), member)?.is_eq() {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Ok(false),
    }
}
