//! Amounts as people read them: counts in groups of three, bytes, durations and rates.

const SECOND_US: u64 = 1_000_000;
const KIB: u64 = 1024;

/// A count with its digits in groups of three.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with the word for it.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A number of bytes in the largest unit that leaves at least one.
pub fn bytes(number: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut unit, mut scale) = (0, 1);
    while unit + 1 < units.len() && number >= scale * KIB {
        scale *= KIB;
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    if scale == 1 {
        return format!("{number} {name}");
    }
    let tenths = u128::from(number) * 10 / u128::from(scale);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// A duration in seconds, or in milliseconds below one second.
pub fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..SECOND_US => format!("{} ms", us / 1_000),
        _ => format!("{}.{:02} s", us / SECOND_US, us % SECOND_US / 10_000),
    }
}

/// How many per second.
pub fn rate(number: u64, us: u64) -> u64 {
    let per_second = u128::from(number) * u128::from(SECOND_US) / u128::from(us.max(1));
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_exact() {
        assert_eq!([count(0), count(999), count(1_000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([plural(1, "row", "rows"), plural(2_000, "row", "rows")], ["1 row", "2,000 rows"]);
        assert_eq!([bytes(0), bytes(1023), bytes(1024), bytes(1_600_000)], ["0 B", "1023 B", "1.0 KiB", "1.5 MiB"]);
        assert_eq!([duration(15), duration(15_900), duration(1_239_999)], ["15 µs", "15 ms", "1.23 s"]);
        assert_eq!([rate(500, 500_000), rate(1, 0)], [1_000, 1_000_000]);
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
    }
}
