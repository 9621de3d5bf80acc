//! Values that a condition asks of a field, as ranges of index keys.
//!
//! Keys of very long values are cut, so that different values may share one: a bound that was cut is always inside the range,
//! and the filter takes out what does not belong to it.

use std::ops::Bound;

use nedb_nql::{Cut, FieldRange, IndexKeys, ValueClass};
use nedb_types::{
    Value,
    key::{has_whole_value, value_key},
};

use crate::secondary::Keys;

/// A range of index keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueRange {
    bounds: [Bound<Vec<u8>>; 2],
}

impl ValueRange {
    pub(crate) fn point(value: &Value) -> Self {
        let key = value_key(value);
        Self { bounds: [Bound::Included(key.clone()), Bound::Included(key)] }
    }

    pub(crate) fn of(range: &FieldRange) -> Self {
        Self { bounds: [start(&range.low), end(&range.high)] }
    }

    /// Every value but null.
    pub(crate) fn not_null() -> Self {
        Self::of(&FieldRange { low: ValueClass::Null.end(), high: Cut::End })
    }

    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys::between(&self.bounds)
    }

    /// Whether all documents of the range share one key, so that they come by id.
    pub(crate) fn is_one_key(&self) -> bool {
        matches!(&self.bounds, [Bound::Included(start), Bound::Included(end)] if start == end)
    }
}

fn start(cut: &Cut) -> Bound<Vec<u8>> {
    match cut {
        Cut::Class(class) => class_start(*class),
        Cut::Before(value) => Bound::Included(value_key(value)),
        Cut::After(value) => match value_key(value) {
            key if has_whole_value(&key) => Bound::Excluded(key),
            cut => Bound::Included(cut),
        },
        Cut::End => Bound::Excluded(vec![u8::MAX]),
    }
}

fn end(cut: &Cut) -> Bound<Vec<u8>> {
    match cut {
        Cut::Class(class) => match class_start(*class) {
            Bound::Included(key) => Bound::Excluded(key),
            other => other,
        },
        Cut::Before(value) => match value_key(value) {
            key if has_whole_value(&key) => Bound::Excluded(key),
            cut => Bound::Included(cut),
        },
        Cut::After(value) => Bound::Included(value_key(value)),
        Cut::End => Bound::Unbounded,
    }
}

/// The place before every key of a class: the tag with which they begin.
fn class_start(class: ValueClass) -> Bound<Vec<u8>> {
    let example = match class {
        ValueClass::Null => return Bound::Unbounded,
        ValueClass::Boolean => Value::Bool(false),
        ValueClass::Number => Value::from(0),
        ValueClass::Text => Value::from(""),
        ValueClass::Binary => Value::Bytes(Vec::new()),
        ValueClass::DateTime => Value::DateTime(nedb_types::Timestamp::MIN),
        ValueClass::Uuid => Value::Uuid([0; 16]),
        ValueClass::ObjectId => Value::ObjectId([0; 12]),
        ValueClass::Array => Value::Array(Vec::new()),
        ValueClass::Object => Value::Object(nedb_types::Object::new()),
    };
    Bound::Included(value_key(&example).into_iter().take(1).collect())
}

/// What the conditions on one field ask together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Single values, sorted and different.
    Points(Vec<Value>),
    /// All values between two places.
    Range(FieldRange),
}

impl Asked {
    pub(crate) fn of(keys: IndexKeys<'_>) -> Self {
        match keys {
            IndexKeys::Points(values) => Self::Points(values.to_vec()),
            IndexKeys::Range(range) => Self::Range(range),
        }
    }

    /// What both ask.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Range(a), Self::Range(b)) => Self::Range(a.intersect(b)),
            (Self::Points(mut values), Self::Range(range)) | (Self::Range(range), Self::Points(mut values)) => {
                values.retain(|value| range.contains(value));
                Self::Points(values)
            }
            (Self::Points(mut values), Self::Points(others)) => {
                values.retain(|value| others.binary_search_by(|other| other.cmp_total(value)).is_ok());
                Self::Points(values)
            }
        }
    }

    /// The ranges of keys in ascending order, null first.
    pub(crate) fn ranges(&self) -> Vec<ValueRange> {
        match self {
            Self::Points(values) => {
                let mut ranges: Vec<ValueRange> = values.iter().map(ValueRange::point).collect();
                // Two long values may share a cut key.
                ranges.dedup();
                ranges
            }
            Self::Range(range) if range.is_empty() => Vec::new(),
            Self::Range(range) => vec![ValueRange::of(range)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_one_class_holds_the_keys_of_that_class_only() {
        let numbers = FieldRange { low: Cut::After(5.into()), high: ValueClass::Number.end() };
        let [start, end] = ValueRange::of(&numbers).bounds;
        assert_eq!(start, Bound::Excluded(value_key(&5.into())));
        let Bound::Excluded(end) = end else { panic!("the class ends before the next one") };
        assert!(value_key(&Value::from(i64::MAX)) < end && end <= value_key(&"".into()));
    }

    #[test]
    fn a_cut_bound_lies_inside_its_range() {
        let long = Value::String("x".repeat(1000));
        let below = FieldRange { low: ValueClass::Text.end(), high: Cut::Before(long.clone()) };
        assert!(matches!(ValueRange::of(&below).bounds, [_, Bound::Included(_)]));
        let above = FieldRange { low: Cut::After(long), high: Cut::End };
        assert!(matches!(ValueRange::of(&above).bounds, [Bound::Included(_), Bound::Unbounded]));
    }

    #[test]
    fn conditions_on_one_field_are_asked_together() {
        let points = |values: &[i64]| Asked::Points(values.iter().map(|value| Value::from(*value)).collect());
        let above_2 = Asked::Range(FieldRange { low: Cut::After(2.into()), high: ValueClass::Number.end() });
        assert_eq!(points(&[1, 2, 3]).and(above_2.clone()), points(&[3]));
        assert_eq!(above_2.and(points(&[2, 4])), points(&[4]));
        assert_eq!(points(&[1, 2, 3]).and(points(&[2, 3, 4])), points(&[2, 3]));
    }
}
