//! The random decisions of one simulated life: all of them follow from its seed.
//!
//! It is not the randomness that the engine draws from, so that a change in the engine does not change the life.

/// A repeatable sequence of decisions.
///
/// ```
/// use nedb_sim::Dice;
/// let (mut one, mut other) = (Dice::new(7), Dice::new(7));
/// assert_eq!(one.below(100), other.below(100));
/// ```
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Begins the sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed ^ 0x6E65_6462_2D73_696D }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound, 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(bound)) >> 64) as u64
    }

    /// A place below a length, 0 when the length is 0.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of the choices.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.index(choices.len()))
    }

    /// One of the choices, copied; the fallback when there is none.
    pub fn pick_or<T: Copy>(&mut self, choices: &[T], fallback: T) -> T {
        self.pick(choices).copied().unwrap_or(fallback)
    }
}
