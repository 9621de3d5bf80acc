//! Numbers as C prints them with `%g`, which Lua and its libraries go by.

/// So many digits make every float readable again: what commands get.
pub(super) const OF_WORDS: usize = 17;

/// So many digits print Lua and JSON.
pub(super) const OF_TEXT: usize = 14;

/// Prints a number with so many digits at most, zeros at the end left out.
pub(super) fn general(number: f64, digits: usize) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan".to_owned() } else { "nan".to_owned() };
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let scientific = format!("{number:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let places = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= places {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let behind = usize::try_from(places - 1 - exponent).unwrap_or_default();
    trimmed(&format!("{number:.behind$}")).to_owned()
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn numbers_are_printed_as_c_does() {
        let cases = [
            (0.0, 14, "0"),
            (-0.0, 14, "-0"),
            (10.0, 17, "10"),
            (1e15, 17, "1000000000000000"),
            (1e15, 14, "1e+15"),
            (0.1, 17, "0.10000000000000001"),
            (0.1, 14, "0.1"),
            (1e20, 17, "1e+20"),
            (std::f64::consts::PI, 14, "3.1415926535898"),
            (123_456_789_012_345_680.0, 14, "1.2345678901235e+17"),
            (1e-5, 14, "1e-05"),
            (0.0001, 14, "0.0001"),
            (1.5e-7, 14, "1.5e-07"),
            (-99_999_999_999_999.9, 14, "-1e+14"),
            (f64::INFINITY, 14, "inf"),
        ];
        for (number, digits, text) in cases {
            assert_eq!(general(number, digits), text);
        }
    }
}
