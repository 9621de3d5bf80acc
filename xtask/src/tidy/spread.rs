//! The spread of a list of sizes: median, 95th percentile, greatest.

/// Describes sizes in one line, such as `9 files: median 80, p95 210, max 240`.
pub fn describe(mut sizes: Vec<usize>, noun: &str) -> String {
    sizes.sort_unstable();
    let at = |percent: usize| {
        let rank = (sizes.len() * percent).div_ceil(100).saturating_sub(1);
        sizes.get(rank).copied().unwrap_or(0)
    };
    format!("{} {noun}: median {}, p95 {}, max {}", sizes.len(), at(50), at(95), at(100))
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn percentiles_are_of_the_sorted_sizes() {
        let sizes = (1..=100).rev().collect();
        assert_eq!(describe(sizes, "files"), "100 files: median 50, p95 95, max 100");
        assert_eq!(describe(vec![], "files"), "0 files: median 0, p95 0, max 0");
    }
}
