//! Numbers that requests give, and the arithmetic of updates.
//!
//! Integers stay exact and widen as they grow; with a float the result is one, and with a decimal it is a decimal.

use nedb_types::{BigInt, Decimal, Result, Value};

use super::fault::{Refusal, refused, shown};

/// Largest scale up to which decimals are brought to one another: exact arithmetic beyond it would build huge numbers.
const SCALE_MAX: u32 = 6_144;

/// What two numbers are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Multiply,
}

impl Arithmetic {
    /// The result for two numbers; `None` when one of the values is none.
    pub(super) fn apply(self, left: &Value, right: &Value) -> Option<Result<Value>> {
        let is_number = |value: &Value| super::order::Class::of(value) == super::order::Class::Number;
        if !is_number(left) || !is_number(right) {
            return None;
        }
        if let (Some(left), Some(right)) = (integer(left), integer(right)) {
            return Some(Ok(Value::integer(match self {
                Self::Add => left + right,
                Self::Multiply => left * right,
            })));
        }
        let has_decimal = matches!(left, Value::Decimal(_)) || matches!(right, Value::Decimal(_));
        Some(if has_decimal { self.decimals(left, right) } else { self.floats(left, right) })
    }

    fn floats(self, left: &Value, right: &Value) -> Result<Value> {
        let (left, right) = (float(left), float(right));
        Value::float(match self {
            Self::Add => left + right,
            Self::Multiply => left * right,
        })
    }

    fn decimals(self, left: &Value, right: &Value) -> Result<Value> {
        let (left, right) = (decimal(left)?, decimal(right)?);
        let too_wide = || refused(Refusal::BadValue, format!("the result of {left} and {right} has too many digits"));
        let scales = i64::from(left.scale()) - i64::from(right.scale());
        if scales.unsigned_abs() > u64::from(SCALE_MAX) {
            return Err(too_wide());
        }
        let sum = match self {
            Self::Multiply => {
                let scale = left.scale().checked_add(right.scale()).ok_or_else(too_wide)?;
                Decimal::new(left.coefficient() * right.coefficient(), scale)
            }
            Self::Add => {
                let scale = left.scale().max(right.scale());
                Decimal::new(rescaled(&left, scale) + rescaled(&right, scale), scale)
            }
        };
        Ok(Value::Decimal(sum))
    }
}

/// The coefficient of the same number at a scale that is not smaller.
fn rescaled(decimal: &Decimal, scale: i32) -> BigInt {
    decimal.coefficient() * BigInt::from(10).pow((scale - decimal.scale()).unsigned_abs())
}

fn integer(value: &Value) -> Option<BigInt> {
    match value {
        Value::I64(integer) => Some(BigInt::from(*integer)),
        Value::BigInt(integer) => Some(integer.get().clone()),
        _ => None,
    }
}

/// The nearest float of a number; text is the exact way between the types.
fn float(value: &Value) -> f64 {
    match value {
        Value::F64(float) => float.get(),
        Value::Decimal(decimal) => decimal.to_string().parse().unwrap_or_default(),
        other => integer(other).and_then(|integer| integer.to_string().parse().ok()).unwrap_or_default(),
    }
}

fn decimal(value: &Value) -> Result<Decimal> {
    match value {
        Value::Decimal(decimal) => Ok(decimal.clone()),
        Value::F64(float) => float.to_string().parse(),
        other => Ok(Decimal::new(integer(other).unwrap_or_default(), 0)),
    }
}

/// The whole number before the point, when the value is a number of at most 64 bits.
pub(super) fn truncated(value: &Value) -> Option<i64> {
    match value {
        Value::I64(integer) => Some(*integer),
        Value::F64(float) => format!("{:.0}", float.get().trunc()).parse().ok(),
        Value::Decimal(decimal) => {
            let text = decimal.to_string();
            let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
            if whole.contains('E') || text.contains('E') { whole_of_scientific(decimal) } else { whole.parse().ok() }
        }
        _ => None,
    }
}

/// The whole part of a decimal that is written with an exponent: a very large or a tiny one.
fn whole_of_scientific(decimal: &Decimal) -> Option<i64> {
    if decimal.scale() >= 0 {
        return Some(0);
    }
    let digits = decimal.scale().unsigned_abs();
    let power = 10_i64.checked_pow(digits)?;
    i64::try_from(decimal.coefficient()).ok()?.checked_mul(power)
}

/// A whole number that a request gives, whatever the type of the number.
pub(super) fn whole(value: &Value, what: &str) -> Result<i64> {
    let number = truncated(value).filter(|number| value.cmp_total(&Value::from(*number)).is_eq());
    number.ok_or_else(|| refused(Refusal::BadValue, format!("{what} must be a whole number, not {}", shown(value))))
}

/// A whole number of 0 or more that a request gives.
pub(super) fn count(value: &Value, what: &str) -> Result<u64> {
    let refusal = || refused(Refusal::BadValue, format!("{what} must be 0 or more, not {}", shown(value)));
    u64::try_from(whole(value, what)?).map_err(|error| refusal().with_source(error))
}

/// Whether a value counts as true: all do but false, null and zero.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Null => false,
        other => !other.cmp_total(&Value::from(0)).is_eq(),
    }
}
