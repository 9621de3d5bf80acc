//! Which runs a checkpoint merges.
//!
//! Promises: at most [`RUNS_MAX`] runs stay, and a key is written again only when at least half as many newer ones
//! have gathered, so that the work of all checkpoints together is near-linear. Leaves to others: the merge.

/// Most runs of one index: each costs a cache miss for keys that only an older run holds.
pub const RUNS_MAX: usize = 5;

/// Runs up to this many entries are merged at once: writing them again costs less than looking into them.
const SMALL_RUN_ENTRIES: u64 = 64 * 1024;

/// Returns how many of the newest runs are merged with `new_entries` more, given the entries of each, newest first.
pub(crate) fn merge_count(new_entries: u64, runs: &[u64]) -> usize {
    let mut total = new_entries;
    let mut count = 0;
    for (index, entries) in runs.iter().enumerate() {
        let stays = 1 + runs.len() - index;
        if *entries > total.saturating_mul(2) && *entries > SMALL_RUN_ENTRIES && stays <= RUNS_MAX {
            break;
        }
        total = total.saturating_add(*entries);
        count = index + 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_checkpoints(sizes: impl Iterator<Item = u64>) -> (Vec<u64>, u64) {
        let (mut runs, mut written) = (Vec::new(), 0);
        for size in sizes {
            let count = merge_count(size, &runs);
            let merged = size + runs.drain(..count).sum::<u64>();
            written += merged;
            runs.insert(0, merged);
            assert!(runs.len() <= RUNS_MAX, "{runs:?}");
        }
        (runs, written)
    }

    #[test]
    fn the_number_of_runs_is_bounded_and_writes_stay_near_linear() {
        let (runs, written) = run_checkpoints(std::iter::repeat_n(500_000, 200));
        assert_eq!(runs.iter().sum::<u64>(), 100_000_000);
        assert!(written <= 6 * 100_000_000, "{written}");
        let (_, written) = run_checkpoints((0..2_000).map(|number| 1 + number % 977 * 331));
        assert!(written <= 8 * 323_000_000, "{written}");
    }

    #[test]
    fn small_runs_are_merged_at_once() {
        assert_eq!(run_checkpoints(std::iter::repeat_n(1, 1000)).0, [1000]);
    }
}
