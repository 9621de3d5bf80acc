//! Which runs a checkpoint merges.
//!
//! Promises: at most [`RUNS_MAX`] runs stay, and by itself a key is written again only when at least half as many newer
//! ones have gathered, so that the work of all checkpoints together is near-linear. Leaves to others: the merge.

/// Most runs of one index: each costs a cache miss for keys that only an older run holds.
pub const RUNS_MAX: usize = 5;

/// Runs up to this many entries are merged at once: writing them again costs less than looking into them.
const SMALL_RUN_ENTRIES: u64 = 64 * 1024;

/// How much a checkpoint does for later reads, each of which looks into every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merging {
    /// No more than keeps the number of runs bounded: for checkpoints that nobody asked for.
    #[default]
    Steady,
    /// Runs become one unless that writes more than about 16 keys for each new one: for a checkpoint that somebody waits for.
    Deep,
}

impl Merging {
    /// How many keys may be written again for each newer one.
    const fn rewritten_per_new(self) -> u64 {
        match self {
            Self::Steady => 2,
            Self::Deep => 16,
        }
    }
}

/// Returns how many of the newest runs are merged with `new_entries` more, given the entries of each, newest first.
pub(crate) fn merge_count(new_entries: u64, runs: &[u64]) -> usize {
    merge_count_of(Merging::Steady, new_entries, runs)
}

/// As [`merge_count`], for the merging that was asked for.
pub(crate) fn merge_count_of(merging: Merging, new_entries: u64, runs: &[u64]) -> usize {
    let mut total = new_entries;
    let mut count = 0;
    for (index, entries) in runs.iter().enumerate() {
        let stays = 1 + runs.len() - index;
        if *entries > total.saturating_mul(merging.rewritten_per_new())
            && *entries > SMALL_RUN_ENTRIES
            && stays <= RUNS_MAX
        {
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
    fn a_deep_merge_leaves_one_run_where_that_pays() {
        assert_eq!(merge_count_of(Merging::Deep, 25_000, &[75_000, 300_000, 600_000]), 3);
        assert_eq!(merge_count_of(Merging::Steady, 25_000, &[75_000, 300_000, 600_000]), 0);
        assert_eq!(merge_count_of(Merging::Deep, 1, &[100_000]), 0);
    }

    #[test]
    fn small_runs_are_merged_at_once() {
        assert_eq!(run_checkpoints(std::iter::repeat_n(1, 1000)).0, [1000]);
    }
}
