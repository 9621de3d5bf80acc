//! Counting into buckets, from any thread and without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::page::Page;

/// A histogram whose bounds are fixed; `N` of them, and one bucket for what is above all.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    buckets: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    pub(crate) const fn new(bounds: &'static [u64; N]) -> Self {
        Self { bounds, buckets: [const { AtomicU64::new(0) }; N], above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    /// Counts a value `times` times.
    pub(crate) fn count(&self, value: u64, times: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.buckets.get(place).unwrap_or(&self.above).fetch_add(times, Ordering::Relaxed);
        self.sum.fetch_add(value.saturating_mul(times), Ordering::Relaxed);
    }

    /// Whether nothing was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts().all(|count| count == 0)
    }

    /// How many values were counted.
    pub(crate) fn total(&self) -> u64 {
        self.counts().sum()
    }

    fn counts(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().chain([&self.above]).map(|bucket| bucket.load(Ordering::Relaxed))
    }

    /// Writes the buckets, the sum and the count; `scale` is how many of the counted units make one of those shown.
    pub(crate) fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)], scale: f64) {
        let sum = self.sum.load(Ordering::Relaxed);
        let counted = Counted { bounds: self.bounds, counts: self.counts(), sum, scale };
        counted.write(page, name, labels);
    }
}

/// What a histogram counted, here or elsewhere.
pub(super) struct Counted<'b, I> {
    pub(super) bounds: &'b [u64],
    /// How many values each bound has, and one more what is above all.
    pub(super) counts: I,
    pub(super) sum: u64,
    /// How many of the counted units make one of those shown.
    pub(super) scale: f64,
}

impl<I: Iterator<Item = u64>> Counted<'_, I> {
    /// Writes the buckets, the sum and the count.
    pub(super) fn write(self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        let bounds = self.bounds.iter().map(|bound| (as_float(*bound) / self.scale).to_string());
        let mut total = 0;
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(self.counts) {
            total += count;
            let labels = [labels, &[("le", bound.as_str())]].concat();
            page.sample(&format!("{name}_bucket"), &labels, total);
        }
        page.sample(&format!("{name}_sum"), labels, as_float(self.sum) / self.scale);
        page.sample(&format!("{name}_count"), labels, total);
    }
}

/// A number for people and graphs: above 2^53 its last digits do not matter.
#[allow(clippy::cast_precision_loss, reason = "figures of graphs, whose last digits nobody reads")]
pub(crate) fn as_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_the_first_bucket_that_holds_it_and_in_all_above() {
        let histogram = Histogram::new(&[10, 100]);
        assert!(histogram.is_empty());
        for (value, times) in [(0, 1), (10, 1), (11, 2), (1_000, 1)] {
            histogram.count(value, times);
        }
        let mut page = Page::default();
        histogram.write(&mut page, "x", &[("of", "it")], 10.0);
        let wanted = "x_bucket{of=\"it\",le=\"1\"} 2\nx_bucket{of=\"it\",le=\"10\"} 4\nx_bucket{of=\"it\",le=\"+Inf\"} 5\n\
                      x_sum{of=\"it\"} 103.2\nx_count{of=\"it\"} 5\n";
        assert_eq!(page.finish(), wanted);
    }
}
