//! The seam for randomness: filling buffers with bytes nobody can guess, or with bytes a test can repeat.
//!
//! What the bytes are used for (salts, identities, keys) is left to the callers.

use std::fmt::Debug;

use crate::Mutex;

/// A source of random bytes.
pub trait Random: Send + Sync + Debug {
    /// Fills the whole buffer.
    fn fill(&self, buf: &mut [u8]);
}

/// A repeatable sequence of bytes for tests; never for production, since the seed tells all of it.
///
/// ```
/// use nedb_io::{Random, SeededRandom};
///
/// let (mut first, mut second) = ([0; 16], [0; 16]);
/// SeededRandom::new(7).fill(&mut first);
/// SeededRandom::new(7).fill(&mut second);
/// assert_eq!(first, second);
/// ```
#[derive(Debug)]
pub struct SeededRandom {
    sequence: Mutex<Sequence>,
}

impl SeededRandom {
    /// Creates the sequence that belongs to a seed.
    pub fn new(seed: u64) -> Self {
        Self { sequence: Mutex::new(Sequence::new(seed)) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, buf: &mut [u8]) {
        let mut sequence = self.sequence.lock();
        for chunk in buf.chunks_mut(size_of::<u64>()) {
            for (byte, random) in chunk.iter_mut().zip(sequence.next_u64().to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

/// The `SplitMix64` sequence: one addition and two multiplications per number, and every seed is a good one.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    state: u64,
}

impl Sequence {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below the bound, or 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        // The high half is below the bound, which is a u64.
        (wide >> 64) as u64
    }

    /// Returns true with the given chance.
    pub(crate) fn has_chance(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < u64::from(per_mille)
    }
}
