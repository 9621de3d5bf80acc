//! Exact fractions and their rounding to floats.

use nedb_types::{BigInt, Value};

use super::float_sum::FRACTION_BITS;

/// Is an exact fraction; the denominator is positive.
pub(super) struct Ratio {
    numerator: BigInt,
    denominator: BigInt,
}

impl Ratio {
    /// Adds integers, decimals whose scale is not negative, and floats in units of the least one.
    pub(super) fn of(integers: &BigInt, decimals: Option<&(BigInt, i32)>, floats: Option<&BigInt>) -> Self {
        let mut ratio = Self { numerator: integers.clone(), denominator: BigInt::from(1) };
        if let Some((coefficient, scale)) = decimals {
            let power = BigInt::from(10).pow(scale.unsigned_abs());
            ratio.numerator = ratio.numerator * &power + coefficient;
            ratio.denominator = power;
        }
        if let Some(floats) = floats {
            ratio.numerator = (ratio.numerator << FRACTION_BITS) + floats * &ratio.denominator;
            ratio.denominator <<= FRACTION_BITS;
        }
        ratio
    }

    /// Divides by a count that is not zero.
    pub(super) fn divided_by(mut self, count: u64) -> Self {
        self.denominator *= count;
        self
    }

    /// Rounds to the nearest float, ties to even; beyond the floats the whole part is returned.
    pub(super) fn round(&self) -> Value {
        let magnitude = BigInt::from(self.numerator.magnitude().clone());
        let is_negative = self.numerator < BigInt::ZERO;
        let bits = |number: &BigInt| i64::try_from(number.bits()).unwrap_or(i64::MAX / 4);
        // The quotient gets 55 bits or 56, more than a float has, but not many more places than the least float has.
        let places = (55 - (bits(&magnitude) - bits(&self.denominator))).min(i64::from(FRACTION_BITS) + 2);
        let (scaled, divisor) = if places >= 0 {
            (magnitude << places, self.denominator.clone())
        } else {
            (magnitude, self.denominator.clone() << -places)
        };
        // Of the remainder only matters whether there is one.
        let quotient = &scaled / &divisor;
        let has_rest = &quotient * &divisor != scaled;
        let quotient = (quotient << 1_u32) + u32::from(has_rest);
        let quotient = u64::try_from(&quotient).unwrap_or(u64::MAX);
        let float = float_of(quotient, places + 1, is_negative);
        float.unwrap_or_else(|| Value::integer(&self.numerator / &self.denominator))
    }
}

/// Returns the float nearest to `quotient / 2^places`; `None` beyond the finite ones.
fn float_of(quotient: u64, places: i64, is_negative: bool) -> Option<Value> {
    let bits = i64::from(64 - quotient.leading_zeros());
    // Where the last bit of the result lies: 53 bits at most, and nothing below the least float.
    let dropped = (bits - 53).max(places - i64::from(FRACTION_BITS)).max(0);
    let shift = u32::try_from(dropped).ok()?;
    let kept = quotient >> shift;
    let rest = quotient & ((1_u64 << shift) - 1);
    let half = (1_u64 << shift) >> 1;
    let is_up = shift > 0 && (rest > half || (rest == half && kept & 1 == 1));
    let mantissa = kept + u64::from(is_up);
    let exponent = i32::try_from(dropped - places).ok()?;
    let float = scale_by_power_of_two(mantissa, exponent);
    Value::float(if is_negative { -float } else { float }).ok()
}

/// Returns `mantissa * 2^exponent`, which is exact for at most 53 bits and an exponent from -1074.
fn scale_by_power_of_two(mantissa: u64, exponent: i32) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 64 - mantissa.leading_zeros();
    let top = i64::from(exponent) + i64::from(bits) - 1;
    if top > 1023 {
        return f64::INFINITY;
    }
    if top < -1022 {
        // Subnormal: the mantissa counts units of the least float.
        let units = mantissa << u32::try_from(i64::from(exponent) + 1074).unwrap_or_default();
        return f64::from_bits(units);
    }
    let fraction = (mantissa << (53_u32.saturating_sub(bits))) & ((1 << 52) - 1);
    let biased = u64::try_from(top + 1023).unwrap_or_default();
    f64::from_bits(biased << 52 | fraction)
}
