//! An exact sum of floats.
//!
//! ```text
//! place 0, the least float's bit                                            place 2097
//! | limb 0: 32 bits | limb 1: 32 bits | ...                                  | limb 66 |
//! ```
//!
//! Each limb has room for the carries of a billion additions, so that adding touches three limbs and nothing else.

use nedb_types::BigInt;

/// Bits behind the binary point that the least float needs.
pub(super) const FRACTION_BITS: u32 = 1074;

/// Bits of a limb that hold the sum; the others hold carries.
const LIMB_BITS: u32 = 32;

/// Limbs for every place of a float, and two for what a sum has above.
const LIMBS: usize = 68;

/// Additions after which carries are moved up.
const ADDITIONS_MAX: u32 = 1 << 30;

/// Adds floats without rounding.
#[derive(Debug, Clone)]
pub(super) struct FloatSum {
    limbs: [i64; LIMBS],
    additions: u32,
}

impl Default for FloatSum {
    fn default() -> Self {
        Self { limbs: [0; LIMBS], additions: 0 }
    }
}

impl FloatSum {
    /// Adds a finite float.
    pub(super) fn add(&mut self, float: f64) {
        let bits = float.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let biased = u32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
        let (mantissa, place) = if biased == 0 { (fraction, 0) } else { (fraction | 1 << 52, biased - 1) };
        let mut shifted = u128::from(mantissa) << (place % LIMB_BITS);
        let first = usize::try_from(place / LIMB_BITS).unwrap_or_default();
        for limb in self.limbs.iter_mut().skip(first).take(3) {
            let part = i64::try_from(shifted & u128::from(u32::MAX)).unwrap_or_default();
            *limb += if float.is_sign_negative() { -part } else { part };
            shifted >>= LIMB_BITS;
        }
        self.additions += 1;
        if self.additions == ADDITIONS_MAX {
            self.carry();
        }
    }

    /// Adds what another sum has added.
    pub(super) fn join(&mut self, mut other: Self) {
        // Both fit the limbs once their carries have moved up.
        self.carry();
        other.carry();
        for (limb, other) in self.limbs.iter_mut().zip(other.limbs) {
            *limb += other;
        }
        self.carry();
    }

    /// Moves what exceeds a limb to the next one; the last keeps it.
    fn carry(&mut self) {
        let mut carried = 0;
        let last = LIMBS - 1;
        for (position, limb) in self.limbs.iter_mut().enumerate() {
            *limb += carried;
            if position < last {
                carried = *limb >> LIMB_BITS;
                *limb -= carried << LIMB_BITS;
            }
        }
        self.additions = 0;
    }

    /// Returns the sum in units of the least float.
    pub(super) fn units(&self) -> BigInt {
        self.limbs.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << LIMB_BITS) + *limb)
    }
}
