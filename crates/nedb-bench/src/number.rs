//! Counts as numbers with a fraction.

/// A count for arithmetic with fractions; exact up to 2^53, which is far beyond what a run counts.
#[allow(
    clippy::cast_precision_loss,
    reason = "counts of a run stay below 2^53, and a measured value is not exact anyway"
)]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}
