//! The newest value of each key of a delta, by the key's number.
//!
//! Promises: a value is written in place and read without a lock; blocks double, are never moved and live as long as
//! the delta, so that sorted runs need to keep only the number. Leaves to others: giving out the numbers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::entry::Packed;

/// Binary logarithm of the length of the first block.
const FIRST_BLOCK_BITS: u32 = 6;
/// Blocks that 2^32 numbers need.
const BLOCKS: usize = 33 - FIRST_BLOCK_BITS as usize;

#[derive(Debug, Default)]
pub(crate) struct Values {
    blocks: [OnceLock<Box<[AtomicU64]>>; BLOCKS],
}

impl Values {
    /// Returns the value of a number that was set before.
    #[inline]
    pub(crate) fn get(&self, item: u32) -> Option<Packed> {
        let (block, index) = locate(item);
        let value = self.blocks.get(block)?.get()?.get(index)?;
        Packed::from_word(value.load(Ordering::Acquire))
    }

    pub(crate) fn set(&self, item: u32, value: Packed) {
        let (block, index) = locate(item);
        let block = self.blocks.get(block).map(|cell| cell.get_or_init(|| new_block(block)));
        if let Some(place) = block.and_then(|block| block.get(index)) {
            place.store(value.word(), Ordering::Release);
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        let lengths = self.blocks.iter().filter_map(OnceLock::get).map(|block| block.len());
        (lengths.sum::<usize>() * size_of::<u64>()) as u64
    }
}

fn new_block(block: usize) -> Box<[AtomicU64]> {
    std::iter::repeat_with(AtomicU64::default).take(1 << (block + FIRST_BLOCK_BITS as usize)).collect()
}

/// Block b holds the numbers from (2^b - 1) x 64 on, 2^b x 64 of them.
#[inline]
fn locate(item: u32) -> (usize, usize) {
    let shifted = u64::from(item) + (1 << FIRST_BLOCK_BITS);
    let block = shifted.ilog2() - FIRST_BLOCK_BITS;
    let index = shifted - (1 << (block + FIRST_BLOCK_BITS));
    (block as usize, usize::try_from(index).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;
    use crate::KeyState;

    #[test]
    fn every_number_has_its_own_place() {
        let values = Values::default();
        for item in 0..5000_u32 {
            values.set(item, Packed::new(Address::new(16 * (u64::from(item) + 1)), KeyState::Live));
        }
        for item in 0..5000_u32 {
            assert_eq!(values.get(item).unwrap().address().get(), 16 * (u64::from(item) + 1));
        }
        assert_eq!(values.get(5000), None);
        assert_eq!(locate(u32::MAX).0, BLOCKS - 1);
    }
}
