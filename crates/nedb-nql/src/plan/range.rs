//! Ranges in the total order of values, as an ordered index can walk them.

use std::cmp::Ordering;

use nedb_types::Value;

/// Groups the types that are ordered against each other, in the total order of values.
///
/// # Examples
///
/// ```
/// use nedb_nql::ValueClass;
/// use nedb_types::Value;
///
/// assert_eq!(ValueClass::of(&Value::from(1)), ValueClass::Number);
/// assert!(ValueClass::Null < ValueClass::Text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueClass {
    /// Null.
    Null,
    /// False and true.
    Boolean,
    /// Integers, floats and decimals.
    Number,
    /// Strings.
    Text,
    /// Binary data.
    Binary,
    /// Moments.
    DateTime,
    /// UUIDs.
    Uuid,
    /// Object ids.
    ObjectId,
    /// Arrays.
    Array,
    /// Objects.
    Object,
}

impl ValueClass {
    /// Returns the class of a value.
    pub const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::I64(_) | Value::BigInt(_) | Value::F64(_) | Value::Decimal(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Bytes(_) => Self::Binary,
            Value::DateTime(_) => Self::DateTime,
            Value::Uuid(_) => Self::Uuid,
            Value::ObjectId(_) => Self::ObjectId,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// Returns the place behind the last value of the class.
    pub const fn end(self) -> Cut {
        match self {
            Self::Null => Cut::Class(Self::Boolean),
            Self::Boolean => Cut::Class(Self::Number),
            Self::Number => Cut::Class(Self::Text),
            Self::Text => Cut::Class(Self::Binary),
            Self::Binary => Cut::Class(Self::DateTime),
            Self::DateTime => Cut::Class(Self::Uuid),
            Self::Uuid => Cut::Class(Self::ObjectId),
            Self::ObjectId => Cut::Class(Self::Array),
            Self::Array => Cut::Class(Self::Object),
            Self::Object => Cut::End,
        }
    }
}

/// Is a place between two values of the total order.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Cut, ValueClass};
/// use nedb_types::Value;
///
/// assert!(Cut::Before(Value::from(5)) < Cut::After(Value::float(5.0)?));
/// assert!(Cut::Class(ValueClass::Number) < Cut::Before(Value::from(i64::MIN)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Cut {
    /// Lies before every value of a class; before the class null, it is the beginning.
    Class(ValueClass),
    /// Lies before a value and all that are equal to it.
    Before(Value),
    /// Lies behind a value and all that are equal to it.
    After(Value),
    /// Lies behind every value.
    End,
}

impl Cut {
    /// Returns whether a value lies before this place.
    pub fn is_behind(&self, value: &Value) -> bool {
        match self {
            Self::Class(class) => ValueClass::of(value) < *class,
            Self::Before(bound) => value.cmp_total(bound).is_lt(),
            Self::After(bound) => value.cmp_total(bound).is_le(),
            Self::End => true,
        }
    }

    /// Returns the value at the place with its side; places between classes have none.
    const fn value(&self) -> Option<(&Value, u8)> {
        match self {
            Self::Before(value) => Some((value, 0)),
            Self::After(value) => Some((value, 1)),
            Self::Class(_) | Self::End => None,
        }
    }

    /// Returns the class in which the place lies; the end is in none.
    const fn class(&self) -> Option<ValueClass> {
        match self {
            Self::Class(class) => Some(*class),
            Self::Before(value) | Self::After(value) => Some(ValueClass::of(value)),
            Self::End => None,
        }
    }
}

impl Ord for Cut {
    fn cmp(&self, other: &Self) -> Ordering {
        // `None` is the end, which a comparison of options would put first.
        let classes = match (self.class(), other.class()) {
            (Some(left), Some(right)) => left.cmp(&right),
            (left, right) => left.is_none().cmp(&right.is_none()),
        };
        classes.then_with(|| match (self.value(), other.value()) {
            (Some((left, left_side)), Some((right, right_side))) => {
                left.cmp_total(right).then(left_side.cmp(&right_side))
            }
            (left, right) => left.is_some().cmp(&right.is_some()),
        })
    }
}

impl PartialOrd for Cut {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cut {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cut {}

/// Is a range of values between two places.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Cut, FieldRange, ValueClass};
/// use nedb_types::Value;
///
/// let above_5 = FieldRange { low: Cut::After(Value::from(5)), high: ValueClass::Number.end() };
/// assert!(above_5.contains(&Value::from(6)));
/// assert!(!above_5.contains(&Value::from("6")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRange {
    /// Where it begins.
    pub low: Cut,
    /// Where it ends.
    pub high: Cut,
}

impl FieldRange {
    /// Makes the range of one value and all that are equal to it.
    pub fn point(value: Value) -> Self {
        Self { low: Cut::Before(value.clone()), high: Cut::After(value) }
    }

    /// Returns whether a value lies in the range.
    pub fn contains(&self, value: &Value) -> bool {
        !self.low.is_behind(value) && self.high.is_behind(value)
    }

    /// Returns what lies in both ranges.
    pub fn intersect(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    /// Returns whether no value can lie in the range.
    pub fn is_empty(&self) -> bool {
        self.low >= self.high
    }
}
