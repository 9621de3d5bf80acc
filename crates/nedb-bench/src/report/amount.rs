//! Numbers with a unit that a person can read.

use crate::Unit;

/// A value of a row with its unit.
pub(crate) fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => time(value),
        Unit::PerSecond => rate(value),
        Unit::Bytes => format!("{value:.1} B"),
    }
}

fn time(ns: f64) -> String {
    match ns {
        _ if ns < 1e3 => format!("{ns:.0} ns"),
        _ if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        _ if ns < 1e9 => format!("{:.1} ms", ns / 1e6),
        _ => format!("{:.2} s", ns / 1e9),
    }
}

fn rate(per_second: f64) -> String {
    match per_second {
        _ if per_second < 1e3 => format!("{per_second:.0}/s"),
        _ if per_second < 1e6 => format!("{:.1}k/s", per_second / 1e3),
        _ => format!("{:.2}M/s", per_second / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short_and_carry_their_unit() {
        let shown = [(431.2, Unit::Nanoseconds), (162_000.0, Unit::Nanoseconds), (812_345.0, Unit::PerSecond)];
        let shown = shown.map(|(value, unit)| amount(value, unit));
        assert_eq!(shown, ["431 ns", "162.00 µs", "812.3k/s"]);
    }
}
