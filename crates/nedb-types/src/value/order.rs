//! The total order of values.
//!
//! ```text
//! null < booleans < numbers < strings < binary < datetimes < uuids < object ids < arrays < objects
//! ```
//!
//! Numbers of all types compare by their exact value, so 1, 1.0 and the decimal 1.00 sort alike, and no comparison
//! rounds: the integer 2^53 + 1 lies above the float 2^53. Strings compare by their UTF-8 bytes. Arrays compare element by
//! element, a shorter one before its extensions. Objects compare as lists of (name, value) pairs sorted by name, so the
//! order of insertion does not count.

use super::decimal::cmp_scaled;
use super::{Object, Value};
use num_bigint::{BigInt, Sign};
use std::cmp::Ordering;

/// Two to the 63rd: the first float above every `i64`.
const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;

/// Compares two values in the total order.
pub(super) fn cmp_total(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Bytes(left), Value::Bytes(right)) => left.cmp(right),
        (Value::DateTime(left), Value::DateTime(right)) => left.cmp(right),
        (Value::Uuid(left), Value::Uuid(right)) => left.cmp(right),
        (Value::ObjectId(left), Value::ObjectId(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => cmp_lists(left.iter(), right.iter(), cmp_total),
        (Value::Object(left), Value::Object(right)) => cmp_objects(left, right),
        _ => rank(left).cmp(&rank(right)).then_with(|| cmp_numbers(left, right)),
    }
}

/// Returns the place of a value's type among the types.
fn rank(value: &Value) -> u8 {
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

/// Compares two numbers; two nulls, which also come here, are equal.
fn cmp_numbers(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::I64(left), Value::I64(right)) => left.cmp(right),
        (Value::F64(left), Value::F64(right)) => cmp_floats(left.get(), right.get()),
        (Value::I64(left), Value::F64(right)) => cmp_integer_float(*left, right.get()),
        (Value::F64(left), Value::I64(right)) => cmp_integer_float(*right, left.get()).reverse(),
        (Value::BigInt(left), Value::BigInt(right)) => left.cmp(right),
        _ => match (scaled(left), scaled(right)) {
            (Some(left), Some(right)) => cmp_scaled((&left.0, left.1), (&right.0, right.1)),
            _ => Ordering::Equal,
        },
    }
}

fn cmp_floats(left: f64, right: f64) -> Ordering {
    // `total_cmp` would put -0.0 below 0.0.
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

/// Compares an integer and a finite float without rounding either.
fn cmp_integer_float(integer: i64, float: f64) -> Ordering {
    if float >= TWO_POW_63 {
        return Ordering::Less;
    }
    if float < -TWO_POW_63 {
        return Ordering::Greater;
    }
    let (mantissa, exponent) = decompose(float);
    // Between -2^63 and 2^63 the exponent is at most 10, so that the shift stays within 128 bits.
    let whole = match u32::try_from(exponent) {
        Ok(left_shift) => i128::from(mantissa) << left_shift,
        Err(_negative) => i128::from(mantissa.checked_div(power_of_two(-exponent)).unwrap_or_default()),
    };
    i128::from(integer).cmp(&whole).then_with(|| cmp_floats(0.0, float.fract()))
}

/// Returns two to a power, saturated beyond 62, where it exceeds every mantissa.
fn power_of_two(exponent: i32) -> i64 {
    1 << exponent.clamp(0, 62)
}

/// Divides a finite float into a whole mantissa and a power of two, exactly.
fn decompose(float: f64) -> (i64, i32) {
    let bits = float.to_bits();
    let fraction = (bits & ((1 << 52) - 1)).cast_signed();
    let biased = i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
    let (magnitude, exponent) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    (if float.is_sign_negative() { -magnitude } else { magnitude }, exponent)
}

/// Writes a number exactly as a coefficient and a decimal scale; `None` for what is no number.
fn scaled(value: &Value) -> Option<(BigInt, i64)> {
    match value {
        Value::I64(integer) => Some((BigInt::from(*integer), 0)),
        Value::BigInt(integer) => Some((integer.get().clone(), 0)),
        Value::Decimal(decimal) => Some((decimal.coefficient().clone(), i64::from(decimal.scale()))),
        Value::F64(float) => {
            let (mantissa, exponent) = decompose(float.get());
            let mantissa = BigInt::from(mantissa);
            if mantissa.sign() == Sign::NoSign {
                return Some((mantissa, 0));
            }
            match u32::try_from(exponent) {
                Ok(exponent) => Some((mantissa << exponent, 0)),
                // m / 2^k = m * 5^k / 10^k
                Err(_negative) => Some((mantissa * BigInt::from(5).pow(exponent.unsigned_abs()), -i64::from(exponent))),
            }
        }
        _ => None,
    }
}

fn cmp_objects(left: &Object, right: &Object) -> Ordering {
    cmp_lists(sorted(left).into_iter(), sorted(right).into_iter(), |left, right| {
        left.0.as_bytes().cmp(right.0.as_bytes()).then_with(|| cmp_total(left.1, right.1))
    })
}

fn sorted(object: &Object) -> Vec<(&str, &Value)> {
    let mut fields: Vec<_> = object.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    fields
}

fn cmp_lists<T>(
    mut left: impl Iterator<Item = T>,
    mut right: impl Iterator<Item = T>,
    compare: impl Fn(T, T) -> Ordering,
) -> Ordering {
    loop {
        match (left.next(), right.next()) {
            (Some(left), Some(right)) => match compare(left, right) {
                Ordering::Equal => {}
                decided => return decided,
            },
            (left, right) => return left.is_some().cmp(&right.is_some()),
        }
    }
}
