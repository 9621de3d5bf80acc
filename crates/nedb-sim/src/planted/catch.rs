//! Lives seeds with a bug planted until one of them notices.

use super::Plant;
use crate::power_cut;

/// How a planted bug was found.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The seed that found it.
    pub seed: u64,
    /// What was wrong.
    pub violation: String,
}

/// Lives so many seeds; `None` when none of them noticed.
pub fn catch(plant: Plant, seeds: u64) -> Option<Caught> {
    (0..seeds).find_map(|seed| match power_cut::live(seed, plant) {
        Ok(_) => None,
        Err(violation) => Some(Caught { seed, violation: violation.to_string() }),
    })
}
