//! What a cell of a CSV file means.
//!
//! | cell | value |
//! |---|---|
//! | empty | null |
//! | `true`, `false` | a boolean |
//! | `0`, `-17`, digits without a leading zero or plus | an integer, exact at any size |
//! | a JSON number with a point or an exponent | a float |
//! | anything else, `007` and `+5` included | a string |

use nedb_types::{BigInt, Float, Result, document::DocumentBuilder};

/// Longer runs of digits stay strings: no amount or number has that many, and converting them takes quadratic time.
const INTEGER_DIGITS_MAX: usize = 1_000;

/// Writes the value of a cell.
pub fn write(cell: &str, builder: &mut DocumentBuilder) -> Result<()> {
    match cell {
        "" => return builder.null(),
        "true" => return builder.bool(true),
        "false" => return builder.bool(false),
        _ => {}
    }
    if !is_number(cell) {
        return builder.string(cell);
    }
    if cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return write_integer(cell, builder);
    }
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => builder.float(Float::new(number)?),
        _ => builder.string(cell),
    }
}

fn write_integer(cell: &str, builder: &mut DocumentBuilder) -> Result<()> {
    if let Ok(number) = cell.parse::<i64>() {
        return builder.i64(number);
    }
    match cell.parse::<BigInt>() {
        Ok(number) if cell.len() <= INTEGER_DIGITS_MAX => builder.integer(number),
        _ => builder.string(cell),
    }
}

/// Whether a cell is a number as JSON writes it.
fn is_number(cell: &str) -> bool {
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    let whole = digits(unsigned);
    let has_leading_zero = whole > 1 && unsigned.starts_with('0');
    if whole == 0 || has_leading_zero || cell.len() > INTEGER_DIGITS_MAX {
        return false;
    }
    let rest = unsigned.get(whole..).unwrap_or_default();
    let rest = match rest.strip_prefix('.') {
        Some(fraction) if digits(fraction) == 0 => return false,
        Some(fraction) => fraction.get(digits(fraction)..).unwrap_or_default(),
        None => rest,
    };
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

/// How many digits the text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(cell: &str) -> String {
        let mut builder = DocumentBuilder::new();
        builder.begin_object().unwrap();
        builder.key("v").unwrap();
        write(cell, &mut builder).unwrap();
        builder.end().unwrap();
        let json = builder.finish().unwrap().as_document().to_json().unwrap();
        json.strip_prefix("{\"v\":").unwrap().strip_suffix('}').unwrap().to_owned()
    }

    #[test]
    fn cells_mean_what_the_table_says() {
        for same in ["0", "-17", "9223372036854775808", "1.5", "-0.25", "true", "false"] {
            assert_eq!(json(same), same);
        }
        assert_eq!([json(""), json("1e3"), json("2.50"), json("1E-2")], ["null", "1000.0", "2.5", "0.01"]);
        for text in
            ["007", "+5", "1.", ".5", "1e", "--1", "-", "1e999", "0x10", "NaN", "inf", "True", "ä", " 1", "1_000"]
        {
            assert_eq!(json(text), format!("\"{text}\""));
        }
        let long = "9".repeat(INTEGER_DIGITS_MAX + 1);
        assert_eq!(json(&long), format!("\"{long}\""));
    }
}
