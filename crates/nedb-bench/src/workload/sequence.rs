//! Numbers that look random and are always the same (`SplitMix64`: Steele, Lea and Flood, 2014).

/// A sequence of 64-bit numbers that follows from its seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequence {
    state: u64,
}

impl Sequence {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // The highest bits of a product are spread evenly enough for choosing rows.
        let product = u128::from(self.next()) * end as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// Indices from 0 to below `count`, shuffled.
    pub(crate) fn shuffled(&mut self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// Turns each number into another one, no two into the same.
pub(crate) const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut sequence = Sequence::new(1_234_567);
        assert_eq!(sequence.next(), 6_457_827_717_110_365_317);
        assert_eq!(sequence.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_shuffle_holds_every_index_once() {
        let mut order = Sequence::new(7).shuffled(1000);
        assert_ne!(order.get(..3), Some([0, 1, 2].as_slice()));
        order.sort_unstable();
        assert!(order.into_iter().eq(0..1000));
    }
}
