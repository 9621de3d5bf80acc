//! Numbers as commands read and write them: integers in their one form, floats, and exact sums of decimals.
//!
//! Pure functions. Integers are accepted only as they would be printed, so that a value is a number or is not, whoever asks.

/// The digits behind the point that increments by floats keep.
const FRACTION_DIGITS: u32 = 17;
const FRACTION_ONE: i128 = 10_i128.pow(FRACTION_DIGITS);

/// From this magnitude on integral floats are no longer exact, and are printed as floats.
const INTEGRAL_MAX: f64 = 4_503_599_627_370_496.0;

/// Reads an integer: digits without leading zeros, with `-` before them or nothing.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_plain = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !is_plain {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads a float; `inf` and `0x1.8p3` are some, NaN is not.
pub(super) fn float(text: &[u8]) -> Option<f64> {
    let number = nearest_float(text)?;
    // What is written in digits and too great for a float, or too small, is none.
    let is_too_great = number.is_infinite() && text.iter().any(u8::is_ascii_digit);
    let mut mantissa = text.iter().take_while(|byte| !matches!(byte, b'e' | b'E'));
    let is_too_small = number == 0.0 && mantissa.any(|byte| matches!(byte, b'1'..=b'9'));
    (!is_too_great && !is_too_small).then_some(number)
}

/// Reads a float, that nearest to what is written: infinity where it is too great. NaN is none.
pub(super) fn nearest_float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let number: f64 = text.parse().ok().or_else(|| hexadecimal(text))?;
    (!number.is_nan()).then_some(number)
}

/// Reads a float in hexadecimal digits, at most 13 of them: so many are exact.
fn hexadecimal(text: &str) -> Option<f64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let (mantissa, exponent) = match text.split_once(['p', 'P']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.len() > 13 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let units = u64::from_str_radix(&digits, 16).ok()?;
    let shift = exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?;
    #[expect(clippy::cast_precision_loss, reason = "13 hexadecimal digits fit the 53 bits of a float")]
    let number = sign * units as f64 * f64::from(shift).exp2();
    number.is_finite().then_some(number)
}

/// Writes a float as Redis does: integral ones without a point, others with the fewest digits that read back the same.
///
/// ```
/// assert_eq!(nedb_compat::redis::double_text(3.0), "3");
/// assert_eq!(nedb_compat::redis::double_text(0.1), "0.1");
/// assert_eq!(nedb_compat::redis::double_text(1e30), "1e+30");
/// ```
pub fn double_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    if number.fract() == 0.0 && number.abs() < INTEGRAL_MAX {
        return format!("{number:.0}");
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..17).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Adds two floats given as text and writes the sum: exactly where both have at most 17 digits behind the point, and
/// never with an exponent. `None` when one is no float or the sum is not finite.
pub(super) fn sum_text(value: &[u8], increment: &[u8]) -> Option<String> {
    let (left, right) = (float(value)?, float(increment)?);
    if let (Some(left), Some(right)) = (fixed(value), fixed(increment))
        && let Some(sum) = left.checked_add(right)
    {
        return Some(fixed_text(sum));
    }
    let sum = left + right;
    sum.is_finite().then(|| trimmed(&format!("{sum:.17}")))
}

/// A decimal text without the zeros that end its fraction; zero has no sign.
fn trimmed(text: &str) -> String {
    let trimmed = text.trim_end_matches('0').trim_end_matches('.');
    if trimmed == "-0" { "0".to_owned() } else { trimmed.to_owned() }
}

/// A decimal text in units of its last kept digit, when it fits without loss.
fn fixed(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut units = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        units = units.checked_mul(10)?.checked_add(digit)?;
    }
    let shift =
        exponent.checked_add(i32::try_from(FRACTION_DIGITS).ok()?)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
    let units = match shift {
        0.. => units.checked_mul(factor)?,
        _ if units % factor == 0 => units / factor,
        _ => return None,
    };
    Some(if is_negative { -units } else { units })
}

fn fixed_text(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) =
        (units.unsigned_abs() / FRACTION_ONE.unsigned_abs(), units.unsigned_abs() % FRACTION_ONE.unsigned_abs());
    trimmed(&format!("{sign}{whole}.{fraction:017}"))
}

#[cfg(test)]
mod tests {
    use super::{double_text, float, integer, sum_text};

    #[test]
    fn floats_may_have_hexadecimal_digits() {
        for (text, number) in [("0x10", 16.0), ("-0X1.8p3", -12.0), ("+0x.8", 0.5), ("0xFp-1", 7.5)] {
            assert_eq!(float(text.as_bytes()), Some(number), "{text}");
        }
        for text in ["0x", "0x1p", "0x1p9999", "0xg", "0x-1", "x1", "0x12345678901234"] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn integers_are_read_only_as_they_are_printed() {
        for (text, value) in
            [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(integer(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1.0", "9223372036854775808", "x"] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_printed_with_the_fewest_digits() {
        let cases = [(0.0, "0"), (-3.0, "-3"), (1.5, "1.5"), (0.1, "0.1"), (1e20, "1e+20"), (1.5e-7, "1.5e-07")];
        for (number, text) in cases {
            assert_eq!(double_text(number), text);
        }
        assert_eq!((double_text(f64::INFINITY), float(b"nan")), ("inf".to_owned(), None));
        assert_eq!((float(b"1e-400"), float(b"0e-400"), float(b"5e-324")), (None, Some(0.0), Some(5e-324)));
    }

    #[test]
    fn increments_by_floats_are_exact_decimals() {
        let cases = [
            ("10.50", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("0.1", "0.2", "0.3"),
            ("-1.5", "1.5", "0"),
            ("3", "-1.000001", "1.999999"),
            ("0", "5e-324", "0"),
            ("0.5", "-1e-30", "0.5"),
            ("1e300", "-1e300", "0"),
        ];
        for (value, increment, sum) in cases {
            assert_eq!(sum_text(value.as_bytes(), increment.as_bytes()).as_deref(), Some(sum));
        }
        assert_eq!(sum_text(b"x", b"1"), None);
        assert_eq!(sum_text(b"inf", b"1"), None);
    }
}
