//! Repeatable choices from a seed.

use nedb_io::{Random, SeededRandom};

/// A die whose throws follow from its seed.
#[derive(Debug)]
pub struct Dice(SeededRandom);

impl Dice {
    /// The die of a seed.
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number below the bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound.max(1)
    }

    /// True once in this many throws.
    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.below(choices.len() as u64);
        choices[usize::try_from(at).expect("an index of a slice fits")]
    }
}

/// The seeds that a test runs: `NEDB_SEED` alone when it is set.
pub fn first_seed() -> (u64, bool) {
    match std::env::var("NEDB_SEED").ok().and_then(|text| text.parse().ok()) {
        Some(seed) => (seed, true),
        None => (1, false),
    }
}
