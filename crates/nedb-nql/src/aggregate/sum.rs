//! Sums of numbers of all types, exact until the end.
//!
//! With any float among them a sum is a float, else with any decimal a decimal, else an integer of whatever width it needs.

use nedb_types::{BigInt, Decimal, Error, ErrorCode, Result, Value, ValueRef};

use super::float_sum::FloatSum;
use super::ratio::Ratio;
use crate::evaluate::FieldRef;

/// Largest decimal scale, up or down, that is added exactly; beyond it a decimal counts as its nearest float, because
/// exact addition would build numbers of billions of digits, and one beyond the floats is refused.
const SCALE_MAX: u32 = 6_144;

/// Adds numbers exactly.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    numbers: u64,
    /// The sum of integers of 64 bits, moved to `wide` before it overflows.
    small: i128,
    /// The sum of all other integers.
    wide: Option<BigInt>,
    /// The sum of decimals as a coefficient, and its scale, which is not negative.
    decimals: Option<(BigInt, i32)>,
    floats: Option<Box<FloatSum>>,
}

impl Sum {
    /// Adds a value when it is a number; anything else changes nothing.
    ///
    /// Errors: `unsupported` for a decimal that neither can be added exactly nor has a nearest float.
    #[inline]
    pub(super) fn add(&mut self, value: &FieldRef<'_>) -> Result<()> {
        match value {
            FieldRef::Stored(ValueRef::I64(integer)) | FieldRef::Built(Value::I64(integer)) => {
                self.add_small(i128::from(*integer));
            }
            FieldRef::Stored(ValueRef::F64(float)) | FieldRef::Built(Value::F64(float)) => self.add_float(float.get()),
            FieldRef::Stored(ValueRef::BigInt(integer)) | FieldRef::Built(Value::BigInt(integer)) => {
                *self.wide.get_or_insert_default() += integer.get();
            }
            FieldRef::Stored(ValueRef::Decimal(decimal)) | FieldRef::Built(Value::Decimal(decimal)) => {
                self.add_decimal(decimal)?;
            }
            _ => return Ok(()),
        }
        self.numbers += 1;
        Ok(())
    }

    /// Adds what another sum has added.
    pub(super) fn join(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.add_small(other.small);
        if let Some(wide) = other.wide {
            *self.wide.get_or_insert_default() += wide;
        }
        if let Some((coefficient, scale)) = &other.decimals {
            self.add_scaled(coefficient, *scale);
        }
        if let Some(floats) = other.floats {
            self.floats.get_or_insert_default().join(*floats);
        }
    }

    /// Returns how much memory the first float will take.
    pub(super) fn float_growth_bytes(&self) -> usize {
        if self.floats.is_none() { size_of::<FloatSum>() } else { 0 }
    }

    fn add_small(&mut self, integer: i128) {
        if let Some(sum) = self.small.checked_add(integer) {
            self.small = sum;
        } else {
            *self.wide.get_or_insert_default() += self.small;
            self.small = integer;
        }
    }

    fn add_float(&mut self, float: f64) {
        self.floats.get_or_insert_default().add(float);
    }

    fn add_decimal(&mut self, decimal: &Decimal) -> Result<()> {
        if decimal.scale().unsigned_abs() <= SCALE_MAX {
            self.add_scaled(decimal.coefficient(), decimal.scale());
            return Ok(());
        }
        match decimal.to_string().parse::<f64>() {
            Ok(nearest) if nearest.is_finite() => self.add_float(nearest),
            _ => return Err(beyond_floats(decimal.scale())),
        }
        Ok(())
    }

    fn add_scaled(&mut self, coefficient: &BigInt, coefficient_scale: i32) {
        let (sum, scale) = self.decimals.get_or_insert_default();
        let common = (*scale).max(coefficient_scale);
        *sum = rescaled(sum, *scale, common) + rescaled(coefficient, coefficient_scale, common);
        *scale = common;
    }

    fn integers(&self) -> BigInt {
        let small = BigInt::from(self.small);
        self.wide.as_ref().map_or_else(|| small.clone(), |wide| wide + &small)
    }

    /// Returns the sum in the widest type that was added: integer, decimal, float.
    pub(super) fn total(self) -> Value {
        let integers = self.integers();
        match (self.floats, self.decimals) {
            (None, None) => Value::integer(integers),
            (None, Some((coefficient, scale))) => {
                Value::Decimal(Decimal::new(coefficient + rescaled(&integers, 0, scale), scale))
            }
            (Some(floats), decimals) => Ratio::of(&integers, decimals.as_ref(), Some(&floats.units())).round(),
        }
    }

    /// Returns the sum over the count, rounded once to a float; null of nothing.
    pub(super) fn mean(self) -> Value {
        if self.numbers == 0 {
            return Value::Null;
        }
        let floats = self.floats.as_deref().map(FloatSum::units);
        Ratio::of(&self.integers(), self.decimals.as_ref(), floats.as_ref()).divided_by(self.numbers).round()
    }
}

#[cold]
fn beyond_floats(scale: i32) -> Error {
    let exponent = -i64::from(scale);
    let message = format!("SUM and AVG add decimals up to an exponent of {SCALE_MAX}, and one has {exponent}");
    Error::new(ErrorCode::Unsupported, message)
}

/// Returns the coefficient of the same number at a scale that is not smaller.
fn rescaled(coefficient: &BigInt, scale: i32, common: i32) -> BigInt {
    coefficient * BigInt::from(10).pow(common.saturating_sub(scale).unsigned_abs())
}
