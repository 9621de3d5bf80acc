//! Values compared and added the slow way: every number as an exact fraction.

use std::cmp::Ordering;

use nedb_types::{BigInt, Object, Value};

/// A number as numerator and denominator; the denominator is positive.
#[derive(Clone, Debug)]
pub struct Fraction {
    above: BigInt,
    below: BigInt,
}

impl Fraction {
    pub fn whole(number: impl Into<BigInt>) -> Self {
        Self { above: number.into(), below: BigInt::from(1) }
    }

    /// The exact value of a number; `None` for what is none.
    pub fn of(value: &Value) -> Option<Self> {
        let power = |base: u32, exponent: u32| BigInt::from(base).pow(exponent);
        Some(match value {
            Value::I64(integer) => Self::whole(*integer),
            Value::BigInt(integer) => Self::whole(integer.get().clone()),
            Value::Decimal(decimal) => match u32::try_from(decimal.scale()) {
                Ok(places) => Self { above: decimal.coefficient().clone(), below: power(10, places) },
                Err(_negative) => Self::whole(decimal.coefficient() * power(10, decimal.scale().unsigned_abs())),
            },
            Value::F64(float) => {
                let bits = float.get().to_bits();
                let (exponent, fraction) = (bits >> 52 & 0x7ff, bits & ((1 << 52) - 1));
                let mantissa = BigInt::from(if exponent == 0 { fraction } else { fraction | 1 << 52 });
                let mantissa = if float.get().is_sign_negative() { -mantissa } else { mantissa };
                let exponent = i32::try_from(exponent.max(1)).expect("eleven bits") - 1075;
                match u32::try_from(exponent) {
                    Ok(up) => Self::whole(mantissa * power(2, up)),
                    Err(_negative) => Self { above: mantissa, below: power(2, exponent.unsigned_abs()) },
                }
            }
            _ => return None,
        })
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self { above: &self.above * &other.below + &other.above * &self.below, below: &self.below * &other.below }
    }

    pub fn over(&self, count: u64) -> Self {
        Self { above: self.above.clone(), below: &self.below * BigInt::from(count) }
    }

    pub fn compare(&self, other: &Self) -> Ordering {
        (&self.above * &other.below).cmp(&(&other.above * &self.below))
    }

    /// The nearest float, found by letting the standard library read so many digits that no other one is as near.
    pub fn nearest(&self) -> f64 {
        const PLACES: u32 = 400;
        let scaled = &self.above * BigInt::from(10).pow(PLACES);
        let whole = &scaled / &self.below;
        // What the digits leave out only matters when they lie exactly between two floats.
        let rest = if &whole * &self.below == scaled { "0" } else { "1" };
        format!("{whole}{rest}e-{}", PLACES + 1).parse().expect("digits and an exponent")
    }
}

/// The types in their order.
pub fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::I64(_) | Value::BigInt(_) | Value::F64(_) | Value::Decimal(_) => 2,
        Value::String(_) => 3,
        Value::Bytes(_) => 4,
        Value::DateTime(_) => 5,
        Value::Uuid(_) => 6,
        Value::ObjectId(_) => 7,
        Value::Array(_) => 8,
        Value::Object(_) => 9,
    }
}

/// The total order of values.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::I64(a), Value::I64(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.as_micros().cmp(&b.as_micros()),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::ObjectId(a), Value::ObjectId(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let first = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => compare_objects(a, b),
        _ => match (Fraction::of(a), Fraction::of(b)) {
            (Some(a), Some(b)) => a.compare(&b),
            _ => rank(a).cmp(&rank(b)),
        },
    }
}

fn compare_objects(a: &Object, b: &Object) -> Ordering {
    let sorted = |object: &Object| {
        let mut fields: Vec<(String, Value)> =
            object.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        fields
    };
    let (a, b) = (sorted(a), sorted(b));
    let pairs = a.iter().zip(&b).map(|(a, b)| a.0.cmp(&b.0).then_with(|| compare(&a.1, &b.1)));
    let first = pairs.into_iter().find(|order| order.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// The order of ORDER BY: null last, and all of it the other way round descending.
pub fn compare_keys(a: &Value, b: &Value, is_descending: bool) -> Ordering {
    let ascending = (*a == Value::Null).cmp(&(*b == Value::Null)).then_with(|| compare(a, b));
    if is_descending { ascending.reverse() } else { ascending }
}

/// The sum of the numbers among some values, in the widest kind that is among them.
pub fn sum(values: &[Value]) -> Value {
    let total = total(values);
    if values.iter().any(|value| matches!(value, Value::F64(_))) {
        return Value::float(total.nearest()).expect("the tests add small numbers");
    }
    let scales = values.iter().filter_map(|value| match value {
        Value::Decimal(decimal) => Some(decimal.scale()),
        _ => None,
    });
    match scales.max() {
        None => Value::integer(total.above / total.below),
        Some(scale) => {
            let places = u32::try_from(scale.max(0)).expect("not negative");
            let coefficient = total.above * BigInt::from(10).pow(places) / total.below;
            Value::Decimal(nedb_types::Decimal::new(coefficient, scale.max(0)))
        }
    }
}

/// The mean of the numbers among some values; null when there are none.
pub fn mean(values: &[Value]) -> Value {
    let count = values.iter().filter(|value| rank(value) == 2).count() as u64;
    match count {
        0 => Value::Null,
        count => Value::float(total(values).over(count).nearest()).expect("the tests add small numbers"),
    }
}

fn total(values: &[Value]) -> Fraction {
    values.iter().filter_map(Fraction::of).fold(Fraction::whole(0), |sum, number| sum.plus(&number))
}

#[test]
fn the_naive_order_and_sums_are_exact() {
    let float = |number: f64| Value::float(number).expect("finite");
    let beyond = Value::from(9_007_199_254_740_993_i64);
    assert!(compare(&beyond, &float(9_007_199_254_740_992.0)).is_gt());
    assert!(compare(&Value::from(1), &float(1.0)).is_eq());
    assert_eq!(sum(&[float(1e16), float(1.0), float(-1e16)]), float(1.0));
    assert_eq!(mean(&[Value::from(1), Value::from(2), Value::Null]), float(1.5));
    assert_eq!(Fraction::of(&float(0.1)).expect("a number").nearest().to_bits(), 0.1_f64.to_bits());
}
