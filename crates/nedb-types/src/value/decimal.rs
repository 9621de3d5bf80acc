//! A decimal number of any precision.

use crate::limits::INTEGER_BYTES_MAX;
use crate::{Error, ErrorCode, Result};
use num_bigint::{BigInt, Sign};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Least exponent that is still written without `E`, so that tiny numbers stay short.
const PLAIN_EXPONENT_MIN: i64 = -6;

/// Is the exact number `coefficient / 10^scale`; 1.0 and 1.00 are different values that sort alike.
///
/// The text form is plain while the scale is not negative and the number not tiny, else scientific; it keeps the scale.
///
/// # Examples
///
/// ```
/// use nedb_types::{BigInt, Decimal};
///
/// let price: Decimal = "12.50".parse()?;
/// assert_eq!(price, Decimal::new(BigInt::from(1250), 2));
/// assert_eq!(price.to_string(), "12.50");
/// assert_eq!(Decimal::new(BigInt::from(12), -3).to_string(), "1.2E+4");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    coefficient: BigInt,
    scale: i32,
}

impl Decimal {
    /// Makes the number `coefficient / 10^scale`.
    pub const fn new(coefficient: BigInt, scale: i32) -> Self {
        Self { coefficient, scale }
    }

    /// Returns the coefficient.
    pub const fn coefficient(&self) -> &BigInt {
        &self.coefficient
    }

    /// Returns the scale: how many digits of the coefficient stand behind the point.
    pub const fn scale(&self) -> i32 {
        self.scale
    }

    /// Compares by numeric value, exactly, without building numbers larger than the two coefficients need.
    pub fn cmp_numeric(&self, other: &Self) -> Ordering {
        cmp_scaled((&self.coefficient, i64::from(self.scale)), (&other.coefficient, i64::from(other.scale)))
    }
}

/// Compares two numbers given as coefficient and scale.
pub(super) fn cmp_scaled(left: (&BigInt, i64), right: (&BigInt, i64)) -> Ordering {
    let signs = left.0.sign().cmp(&right.0.sign());
    if signs.is_ne() || left.0.sign() == Sign::NoSign {
        return signs;
    }
    let magnitudes = cmp_magnitudes(left, right);
    if left.0.sign() == Sign::Minus { magnitudes.reverse() } else { magnitudes }
}

fn cmp_magnitudes(left: (&BigInt, i64), right: (&BigInt, i64)) -> Ordering {
    let (left_low, left_high) = exponent_bounds(left);
    let (right_low, right_high) = exponent_bounds(right);
    if left_low > right_high {
        return Ordering::Greater;
    }
    if right_low > left_high {
        return Ordering::Less;
    }
    // The bounds overlap, so the scales differ by no more than the lengths of the coefficients.
    match left.1.cmp(&right.1) {
        Ordering::Equal => left.0.magnitude().cmp(right.0.magnitude()),
        Ordering::Less => shifted(left.0, right.1 - left.1).magnitude().cmp(right.0.magnitude()),
        Ordering::Greater => left.0.magnitude().cmp(shifted(right.0, left.1 - right.1).magnitude()),
    }
}

/// Returns bounds of the decimal logarithm of a number that is not zero.
fn exponent_bounds((coefficient, scale): (&BigInt, i64)) -> (i64, i64) {
    let bits = i64::try_from(coefficient.bits()).unwrap_or(i64::MAX / 100_000);
    // log10(2) lies between 0.30102 and 0.30103.
    ((bits - 1) * 30_102 / 100_000 - scale, bits * 30_103 / 100_000 + 1 - scale)
}

fn shifted(coefficient: &BigInt, digits: i64) -> BigInt {
    let digits = u32::try_from(digits).expect("overlapping bounds keep the scales close");
    coefficient * BigInt::from(10).pow(digits)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.magnitude().to_string();
        let scale = i64::from(self.scale);
        let adjusted = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - scale;
        if self.coefficient.sign() == Sign::Minus {
            f.write_str("-")?;
        }
        if scale < 0 || adjusted < PLAIN_EXPONENT_MIN {
            let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
            let point = if rest.is_empty() { "" } else { "." };
            return write!(f, "{first}{point}{rest}E{adjusted:+}");
        }
        let places = usize::try_from(scale).unwrap_or_default();
        if places == 0 {
            return f.write_str(&digits);
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at_checked(padded.len() - places).unwrap_or((&padded, ""));
        write!(f, "{whole}.{fraction}")
    }
}

impl FromStr for Decimal {
    type Err = Error;

    /// Takes digits with an optional sign, point and exponent.
    fn from_str(text: &str) -> Result<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, parse_exponent(exponent).ok_or_else(|| not_decimal(text))?),
            None => (text, 0),
        };
        let (negative, unsigned) = match number.strip_prefix(['-', '+']) {
            Some(unsigned) => (number.starts_with('-'), unsigned),
            None => (false, number),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits: String = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_decimal(text));
        }
        let scale = i64::try_from(fraction.len()).ok().and_then(|places| places.checked_sub(exponent));
        let scale = scale.and_then(|scale| i32::try_from(scale).ok()).ok_or_else(|| not_decimal(text))?;
        let magnitude = parse_integer(digits.as_bytes())?;
        Ok(Self { coefficient: if negative { -magnitude } else { magnitude }, scale })
    }
}

/// Parses decimal digits with an optional sign into an integer within the size limit.
pub(crate) fn parse_integer(digits: &[u8]) -> Result<BigInt> {
    // Each byte holds more than 2.4 digits, so nothing longer can fit; leading zeros do not count.
    let digits_max = INTEGER_BYTES_MAX * 5 / 2;
    let significant = digits.iter().skip_while(|byte| matches!(byte, b'0' | b'-')).count();
    let integer = if significant > digits_max { None } else { BigInt::parse_bytes(digits, 10) };
    match integer {
        Some(integer) if integer.bits() <= 8 * INTEGER_BYTES_MAX as u64 => Ok(integer),
        Some(_) => Err(too_large(significant)),
        None if significant > digits_max => Err(too_large(significant)),
        None => Err(Error::new(ErrorCode::InvalidValue, "the text of a number has other characters than digits")),
    }
}

fn too_large(digits: usize) -> Error {
    let limit = INTEGER_BYTES_MAX;
    Error::new(ErrorCode::InvalidValue, format!("an integer of {digits} digits exceeds the {limit} bytes of a number"))
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn not_decimal(text: &str) -> Error {
    let shown: String = text.chars().take(64).collect();
    Error::new(ErrorCode::InvalidValue, format!("{shown:?} is not a decimal number"))
}
