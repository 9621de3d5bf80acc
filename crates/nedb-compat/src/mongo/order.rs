//! The order of values as MongoDB defines it, which comparisons, sorts and groups of this face follow.
//!
//! ```text
//! missing, null < numbers < strings < objects < arrays < binary < object ids < booleans < datetimes
//! ```
//!
//! Numbers of all types compare by their exact value. Objects compare field by field in their own order, so `{a, b}` and `{b, a}`
//! differ; binary data by length first. The engine's own order differs in these points and in the order of the types.

use std::cmp::Ordering;

use nedb_types::{Object, Value};

/// The place of a value's type among the types; values of one class are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Null,
    Number,
    Text,
    Object,
    Array,
    Binary,
    ObjectId,
    Boolean,
    DateTime,
}

impl Class {
    pub(super) const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::I64(_) | Value::BigInt(_) | Value::F64(_) | Value::Decimal(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Object(_) => Self::Object,
            Value::Array(_) => Self::Array,
            Value::Bytes(_) | Value::Uuid(_) => Self::Binary,
            Value::ObjectId(_) => Self::ObjectId,
            Value::Bool(_) => Self::Boolean,
            Value::DateTime(_) => Self::DateTime,
        }
    }
}

/// Compares two values.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => compare_objects(left, right),
        (Value::Array(left), Value::Array(right)) => compare_arrays(left, right),
        (Value::Bytes(_) | Value::Uuid(_), Value::Bytes(_) | Value::Uuid(_)) => binary(left).cmp(&binary(right)),
        _ => Class::of(left).cmp(&Class::of(right)).then_with(|| left.cmp_total(right)),
    }
}

/// Whether two values are equal.
pub(super) fn equals(left: &Value, right: &Value) -> bool {
    compare(left, right).is_eq()
}

/// Length, subtype, bytes: a UUID is binary data of the subtype 4.
fn binary(value: &Value) -> (usize, u8, &[u8]) {
    match value {
        Value::Bytes(bytes) => (bytes.len(), 0, bytes),
        Value::Uuid(bytes) => (bytes.len(), 4, bytes),
        _ => (0, 0, &[]),
    }
}

fn compare_arrays(left: &[Value], right: &[Value]) -> Ordering {
    let pairs = left.iter().zip(right).map(|(left, right)| compare(left, right));
    first_difference(pairs).then(left.len().cmp(&right.len()))
}

fn compare_objects(left: &Object, right: &Object) -> Ordering {
    let pairs = left.iter().zip(right.iter()).map(|((left_name, left), (right_name, right))| {
        let types = Class::of(left).cmp(&Class::of(right));
        types.then_with(|| left_name.as_bytes().cmp(right_name.as_bytes())).then_with(|| compare(left, right))
    });
    first_difference(pairs).then(left.len().cmp(&right.len()))
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// A value as a key of an ordered map.
#[derive(Clone, Debug)]
pub(super) struct Ordered(pub(super) Value);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

/// Values in order without repetition, for looking one up.
#[derive(Clone, Debug)]
pub(super) struct Members(Vec<Value>);

impl Members {
    pub(super) fn new(mut values: Vec<Value>) -> Self {
        values.sort_by(compare);
        values.dedup_by(|later, earlier| equals(later, earlier));
        Self(values)
    }

    pub(super) fn contains(&self, value: &Value) -> bool {
        self.0.binary_search_by(|member| compare(member, value)).is_ok()
    }

    pub(super) fn as_slice(&self) -> &[Value] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::document::json_to_value;

    #[test]
    fn types_stand_in_mongo_order_and_objects_in_the_order_of_their_fields() {
        let ascending = [
            "null",
            "-1",
            "2",
            "2.5",
            r#""a""#,
            "{}",
            r#"{"b":1,"a":1}"#,
            r#"{"b":"x"}"#,
            "[]",
            "[1]",
            r#"{"$bytes":"eg=="}"#,
            r#"{"$bytes":"AAA="}"#,
            r#"{"$oid":"0123456789abcdef01234567"}"#,
            "false",
            "true",
            r#"{"$datetime":"2024-03-01T00:00:00Z"}"#,
        ];
        let values: Vec<Value> = ascending.iter().map(|json| json_to_value(json.as_bytes()).unwrap()).collect();
        for (position, left) in values.iter().enumerate() {
            for (other, right) in values.iter().enumerate() {
                assert_eq!(compare(left, right), position.cmp(&other), "{left:?} {right:?}");
            }
        }
        let swapped = json_to_value(br#"{"a":1,"b":1}"#).unwrap();
        assert!(!equals(&swapped, &json_to_value(br#"{"b":1,"a":1}"#).unwrap()));
        assert!(equals(&Value::from(1), &Value::float(1.0).unwrap()));
    }
}
