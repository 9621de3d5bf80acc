//! Sums that do not depend on the order of what is added.
//!
//! Integers add exactly and widen; floats are kept as one exact fixed-point number and rounded once at the end; decimals add
//! exactly. With any float among them the sum is a float, else with any decimal a decimal, else an integer.
//!
//! ```text
//! float = sign * mantissa (53 bits) * 2^(position - 1074)      position 0..=2045
//! chunks[i] counts multiples of 2^(32 i - 1074): a mantissa falls into three neighbours, carries wait
//! ```

use nedb_types::{BigInt, Decimal, Float, Result, Value, ValueRef};

/// The power of two that makes every float an integer.
const SCALE: u32 = 1074;

/// Chunks of 32 bits for the positions of all floats and the carries beyond.
const CHUNKS: usize = 68;

/// How many additions the chunks take before the carries are settled: each adds less than 2^32 to a chunk of 63 bits.
const UNSETTLED_MAX: u32 = 1 << 30;

/// Largest scale of a decimal, up or down, that is added exactly; beyond it a decimal counts as its nearest float, because
/// exact addition would build numbers of billions of digits.
const DECIMAL_SCALE_MAX: u32 = 6_144;

/// A sum under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    /// How many numbers were added.
    count: u64,
    small: i128,
    wide: Option<BigInt>,
    floats: Option<Box<FloatSum>>,
    decimals: Option<Decimal>,
}

#[derive(Clone, Debug)]
struct FloatSum {
    chunks: [i64; CHUNKS],
    unsettled: u32,
}

/// An exact number as a fraction.
struct Fraction {
    numerator: BigInt,
    denominator: BigInt,
}

impl Sum {
    /// Adds a value when it is a number; anything else changes nothing.
    #[inline]
    pub(crate) fn add(&mut self, value: &ValueRef<'_>) {
        match value {
            ValueRef::I64(integer) => self.add_integer(i128::from(*integer)),
            ValueRef::F64(float) => self.floats.get_or_insert_default().add(float.get()),
            ValueRef::BigInt(integer) => *self.wide.get_or_insert_default() += integer.get(),
            ValueRef::Decimal(decimal) => self.add_decimal(decimal),
            _ => return,
        }
        self.count += 1;
    }

    /// How much memory the first float will take.
    pub(crate) fn float_growth(&self) -> usize {
        if self.floats.is_none() { size_of::<FloatSum>() } else { 0 }
    }

    fn add_integer(&mut self, integer: i128) {
        if let Some(sum) = self.small.checked_add(integer) {
            self.small = sum;
        } else {
            *self.wide.get_or_insert_default() += self.small;
            self.small = integer;
        }
    }

    fn add_decimal(&mut self, decimal: &Decimal) {
        if decimal.scale().unsigned_abs() > DECIMAL_SCALE_MAX {
            let nearest: f64 = decimal.to_string().parse().unwrap_or_default();
            return self.floats.get_or_insert_default().add(nearest.clamp(f64::MIN, f64::MAX));
        }
        let sum = match self.decimals.take() {
            Some(sum) => add_decimals(&sum, decimal),
            None => decimal.clone(),
        };
        self.decimals = Some(sum);
    }

    /// Adds what another sum has added.
    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.add_integer(other.small);
        if let Some(wide) = other.wide {
            *self.wide.get_or_insert_default() += wide;
        }
        if let Some(decimals) = &other.decimals {
            self.add_decimal(decimals);
        }
        if let Some(floats) = other.floats {
            self.floats.get_or_insert_default().merge(*floats);
        }
    }

    /// The sum; 0 of nothing.
    pub(crate) fn total(&self) -> Result<Value> {
        match (&self.floats, &self.decimals) {
            (None, None) => Ok(Value::integer(self.integers())),
            (None, Some(decimals)) => Ok(Value::Decimal(add_decimals(decimals, &Decimal::new(self.integers(), 0)))),
            _ => self.fraction().to_value(),
        }
    }

    /// The mean, rounded once to a float; null of nothing.
    pub(crate) fn mean(&self) -> Result<Value> {
        if self.count == 0 {
            return Ok(Value::Null);
        }
        let mut mean = self.fraction();
        mean.denominator *= self.count;
        mean.to_value()
    }

    fn integers(&self) -> BigInt {
        let small = BigInt::from(self.small);
        self.wide.as_ref().map_or_else(|| small.clone(), |wide| wide + &small)
    }

    fn fraction(&self) -> Fraction {
        let mut sum = Fraction { numerator: self.integers(), denominator: BigInt::from(1) };
        if let Some(floats) = &self.floats {
            sum.numerator = (sum.numerator << SCALE) + floats.scaled();
            sum.denominator = BigInt::from(1) << SCALE;
        }
        if let Some(decimals) = &self.decimals {
            let scale = decimals.scale();
            let power = BigInt::from(10).pow(scale.unsigned_abs());
            let (numerator, denominator) = if scale >= 0 {
                (decimals.coefficient().clone(), power)
            } else {
                (decimals.coefficient() * power, BigInt::from(1))
            };
            sum.numerator = sum.numerator * &denominator + numerator * &sum.denominator;
            sum.denominator *= denominator;
        }
        sum
    }
}

impl Default for FloatSum {
    fn default() -> Self {
        Self { chunks: [0; CHUNKS], unsettled: 0 }
    }
}

impl FloatSum {
    fn add(&mut self, float: f64) {
        let bits = float.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let biased = usize::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
        let (mantissa, position) = if biased == 0 { (fraction, 0) } else { (fraction | 1 << 52, biased - 1) };
        let shifted = u128::from(mantissa) << (position % 32);
        for (step, chunk) in self.chunks.iter_mut().skip(position / 32).take(3).enumerate() {
            let part = i64::try_from(shifted >> (32 * step) & 0xffff_ffff).unwrap_or_default();
            *chunk += if float.is_sign_negative() { -part } else { part };
        }
        self.unsettled += 1;
        if self.unsettled == UNSETTLED_MAX {
            self.settle();
        }
    }

    fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        for (chunk, other) in self.chunks.iter_mut().zip(other.chunks) {
            *chunk += other;
        }
        self.settle();
    }

    /// Moves the carries up, so that each chunk but the last lies between 0 and 2^32.
    fn settle(&mut self) {
        let mut carry = 0;
        let last = CHUNKS - 1;
        for (position, chunk) in self.chunks.iter_mut().enumerate() {
            *chunk += carry;
            if position < last {
                carry = *chunk >> 32;
                *chunk &= 0xffff_ffff;
            }
        }
        self.unsettled = 0;
    }

    /// The sum in units of 2^-1074.
    fn scaled(&self) -> BigInt {
        self.chunks.iter().rev().fold(BigInt::from(0), |sum, chunk| (sum << 32_u32) + *chunk)
    }
}

impl Fraction {
    /// The nearest float, ties to even; beyond all floats the whole part as an integer.
    fn to_value(&self) -> Result<Value> {
        match nearest_float(&self.numerator, &self.denominator) {
            Some(float) => Float::new(float).map(Value::F64),
            None => Ok(Value::integer(&self.numerator / &self.denominator)),
        }
    }
}

/// Rounds a fraction with a positive denominator to the nearest float, ties to even; `None` beyond the greatest.
fn nearest_float(numerator: &BigInt, denominator: &BigInt) -> Option<f64> {
    let zero = BigInt::from(0);
    if *numerator == zero {
        return Some(0.0);
    }
    let magnitude = BigInt::from(numerator.magnitude().clone());
    let bits = |number: &BigInt| i64::try_from(number.bits()).unwrap_or(i64::MAX);
    // The quotient gets some bits more than a mantissa, but none below a fourth of the least float.
    let shift = (66 - (bits(&magnitude) - bits(denominator))).min(i64::from(SCALE) + 2);
    let (dividend, divisor) = match u32::try_from(shift) {
        Ok(left) => (magnitude << left, denominator.clone()),
        Err(_negative) => (magnitude, denominator << u32::try_from(-shift).ok()?),
    };
    let quotient = &dividend / &divisor;
    let is_exact = &quotient * &divisor == dividend;
    let quotient = u128::try_from(quotient).ok()?;
    let quotient_bits = i64::from(128 - quotient.leading_zeros());
    let dropped = (quotient_bits - 53).max(shift - i64::from(SCALE)).max(0);
    let mantissa = round_even(quotient, u32::try_from(dropped).ok()?, is_exact);
    let float = scaled_float(mantissa, dropped - shift)?;
    Some(if *numerator < zero { -float } else { float })
}

/// Drops low bits, to the nearest, ties to even; `is_exact` tells that nothing was lost before.
fn round_even(number: u128, dropped: u32, is_exact: bool) -> u64 {
    let kept = u64::try_from(number >> dropped).unwrap_or(u64::MAX);
    if dropped == 0 {
        return kept;
    }
    let rest = number & ((1 << dropped) - 1);
    let half = 1_u128 << (dropped - 1);
    let is_up = rest > half || rest == half && (!is_exact || kept % 2 == 1);
    kept + u64::from(is_up)
}

/// `mantissa * 2^exponent`, where the mantissa has at most 53 bits and the exponent is at least -1074.
fn scaled_float(mantissa: u64, exponent: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "at most 53 bits, or 2^53 itself, are exact")]
    let mantissa = mantissa as f64;
    let exponent = i32::try_from(exponent).ok()?;
    // In two steps, so that neither power leaves the floats; the result is exact or infinite.
    let first = exponent.clamp(-1000, 1000);
    let float = mantissa * 2_f64.powi(first) * 2_f64.powi(exponent - first);
    float.is_finite().then_some(float)
}

/// Adds two decimals whose scales are within the limit.
fn add_decimals(a: &Decimal, b: &Decimal) -> Decimal {
    let scale = a.scale().max(b.scale());
    let aligned = |decimal: &Decimal| decimal.coefficient() * BigInt::from(10).pow(scale.abs_diff(decimal.scale()));
    Decimal::new(aligned(a) + aligned(b), scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(values: &[Value]) -> Sum {
        let mut sum = Sum::default();
        for value in values {
            let bytes = nedb_types::document::encode_value(value).unwrap();
            sum.add(&ValueRef::read(&bytes).unwrap());
        }
        sum
    }

    fn floats(values: &[f64]) -> Sum {
        sum_of(&values.iter().map(|value| Value::float(*value).unwrap()).collect::<Vec<_>>())
    }

    fn total(sum: &Sum) -> Value {
        sum.total().unwrap()
    }

    fn float(number: f64) -> Value {
        Value::float(number).unwrap()
    }

    #[test]
    fn a_sum_of_integers_is_exact_and_widens() {
        let most = Value::from(i64::MAX);
        let sum = sum_of(&[most.clone(), most.clone(), Value::from(1)]);
        assert_eq!(sum.total().unwrap(), Value::integer(BigInt::from(i64::MAX) * 2 + 1));
        assert_eq!(sum_of(&[]).total().unwrap(), Value::from(0));
        assert_eq!(sum_of(&[]).mean().unwrap(), Value::Null);
        assert_eq!(sum_of(&[Value::from(1), Value::from(2)]).mean().unwrap(), Value::float(1.5).unwrap());
    }

    #[test]
    fn a_sum_of_floats_is_rounded_once_in_any_order() {
        assert_eq!(total(&floats(&[1e100, 1.0, -1e100])), float(1.0));
        assert_eq!(total(&floats(&[1.0, -1e100, 1e100])), float(1.0));
        // Ten times 0.1 is a little above one, but nearest to it.
        assert_eq!(total(&floats(&[0.1; 10])), float(1.0));
        assert_eq!(total(&floats(&[f64::MAX, f64::MAX, -f64::MAX])), float(f64::MAX));
        assert_eq!(total(&floats(&[5e-324, 5e-324])), float(1e-323));
        assert_eq!(total(&floats(&[f64::MIN_POSITIVE, -5e-324])), float(f64::MIN_POSITIVE.next_down()));
        assert_eq!(total(&floats(&[-2.5, 0.25])), float(-2.25));
        // Just above the middle between two floats: the last bit of the small one decides.
        assert_eq!(total(&floats(&[2_f64.powi(53), 1.0, 2_f64.powi(-900)])), float(2_f64.powi(53) + 2.0));
        assert_eq!(total(&floats(&[2_f64.powi(53), 1.0])), float(2_f64.powi(53)));
    }

    #[test]
    fn two_halves_of_a_sum_give_the_whole() {
        let values: Vec<f64> = (0..100).map(|n| f64::from(n).exp() * if n % 3 == 0 { -1.0 } else { 1.0 }).collect();
        let (left, right) = values.split_at(37);
        let mut merged = floats(right);
        merged.merge(floats(left));
        assert_eq!(total(&merged), total(&floats(&values)));
    }

    #[test]
    fn a_sum_of_mixed_numbers_takes_the_widest_type() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(sum_of(&[decimal("1.10"), decimal("2.205"), Value::from(3)]).total().unwrap(), decimal("6.305"));
        assert_eq!(total(&sum_of(&[decimal("0.1"), Value::float(0.5).unwrap(), Value::from(2)])), float(2.6));
        // Too far apart to be added exactly: it counts as its nearest float.
        assert_eq!(total(&sum_of(&[decimal("1E-30000"), decimal("1")])), float(1.0));
    }

    #[test]
    fn a_sum_beyond_all_floats_is_an_integer() {
        let expected = BigInt::from(2).pow(1024) - BigInt::from(2).pow(971);
        assert_eq!(floats(&[f64::MAX]).total().unwrap(), Value::float(f64::MAX).unwrap());
        assert_eq!(floats(&[f64::MAX, f64::MAX]).total().unwrap(), Value::integer(expected * 2));
    }
}
