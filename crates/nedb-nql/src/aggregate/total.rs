//! Sums of numbers of all types, exact until the end.

use nedb_types::{BigInt, Decimal, Value};

use super::float_sum::FloatSum;
use super::ratio::Ratio;

/// Largest decimal scale, up or down, that is added exactly; beyond it a decimal counts as its nearest float.
const SCALE_MAX: i32 = 6_144;

/// Adds numbers exactly.
#[derive(Debug, Clone, Default)]
pub(super) struct Total {
    numbers: u64,
    /// The sum of small integers, moved to `wide` before it overflows.
    small: i64,
    /// The sum of all other integers.
    wide: BigInt,
    /// The sum of decimals as a coefficient, and its scale.
    decimals: Option<(BigInt, i32)>,
    floats: Option<FloatSum>,
}

impl Total {
    pub(super) fn add(&mut self, value: &Value) {
        match value {
            Value::I64(integer) => self.add_small(*integer),
            Value::BigInt(integer) => self.wide += integer.get(),
            Value::F64(float) => self.add_float(float.get()),
            Value::Decimal(decimal) => self.add_decimal(decimal),
            _ => return,
        }
        self.numbers += 1;
    }

    fn add_small(&mut self, integer: i64) {
        if let Some(sum) = self.small.checked_add(integer) {
            self.small = sum;
        } else {
            self.wide += self.small;
            self.small = integer;
        }
    }

    fn add_float(&mut self, float: f64) {
        self.floats.get_or_insert_default().add(float);
    }

    fn add_decimal(&mut self, decimal: &Decimal) {
        if decimal.scale().unsigned_abs() > SCALE_MAX.unsigned_abs() {
            // Exact addition would build numbers of billions of digits.
            let nearest: f64 = decimal.to_string().parse().unwrap_or_default();
            return self.add_float(nearest.clamp(f64::MIN, f64::MAX));
        }
        let (sum, scale) = self.decimals.get_or_insert_default();
        let common = (*scale).max(decimal.scale());
        *sum = rescaled(sum, *scale, common) + rescaled(decimal.coefficient(), decimal.scale(), common);
        *scale = common;
    }

    fn integers(&self) -> BigInt {
        &self.wide + self.small
    }

    /// Returns the sum in the widest type that was added: integer, decimal, float.
    pub(super) fn sum(self) -> Value {
        let integers = self.integers();
        match (self.floats, self.decimals) {
            (None, None) => Value::integer(integers),
            (None, Some((coefficient, scale))) => {
                Value::Decimal(Decimal::new(coefficient + rescaled(&integers, 0, scale), scale))
            }
            (Some(floats), decimals) => Ratio::of(&integers, decimals.as_ref(), Some(&floats.units())).round(),
        }
    }

    /// Returns the sum over the count, as a float.
    pub(super) fn average(self) -> Value {
        if self.numbers == 0 {
            return Value::Null;
        }
        let floats = self.floats.as_ref().map(FloatSum::units);
        Ratio::of(&self.integers(), self.decimals.as_ref(), floats.as_ref()).divided_by(self.numbers).round()
    }
}

/// Returns the coefficient of the same number at a scale that is not smaller.
fn rescaled(coefficient: &BigInt, scale: i32, common: i32) -> BigInt {
    coefficient * BigInt::from(10).pow(common.saturating_sub(scale).unsigned_abs())
}
