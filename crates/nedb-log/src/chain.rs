//! Version chains: how a version points back at earlier ones of its key.
//!
//! Each version knows the one before it and one jump further back, chosen by Myers' skew-binary rule, so that any
//! earlier version is found in a logarithmic number of steps. Chains are not hashed; a verification computes them anew.

use crate::Address;
use nedb_types::Seq;

/// Points from a version to earlier versions of the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The record of the previous version.
    pub previous: Address,
    /// The record of the jump version.
    pub jump: Address,
    /// The seq of the jump version, so that a search need not read it to pass by.
    pub jump_seq: Seq,
    /// How many versions lie before this one.
    pub depth: u32,
}

/// Names one version of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The version's record.
    pub address: Address,
    /// The version's seq.
    pub seq: Seq,
    /// How many versions lie before it.
    pub depth: u32,
}

impl Chain {
    /// Makes the chain of a version whose predecessor is `previous`.
    ///
    /// `jump` is the jump version of `previous`, and `jump_of_jump` that of `jump`; a first version (depth 0) is its own
    /// jump version.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_log::{Address, Chain, Link};
    /// use nedb_types::Seq;
    ///
    /// let first = Link { address: Address::new(4256), seq: Seq::new(0), depth: 0 };
    /// let chain = Chain::after(first, first, first);
    /// assert_eq!((chain.previous, chain.jump, chain.depth), (first.address, first.address, 1));
    /// ```
    pub fn after(previous: Link, jump: Link, jump_of_jump: Link) -> Self {
        let near = previous.depth.wrapping_sub(jump.depth);
        let far = jump.depth.wrapping_sub(jump_of_jump.depth);
        let target = if near == far { jump_of_jump } else { previous };
        Self {
            previous: previous.address,
            jump: target.address,
            jump_seq: target.seq,
            depth: previous.depth.saturating_add(1),
        }
    }

    /// Returns the version to look at next in a search for the newest one below `size`, from one that is not below it.
    #[inline]
    pub fn toward(&self, size: u64) -> Address {
        // Jumping is right only while it does not pass the wanted version.
        if self.jump_seq.get() >= size { self.jump } else { self.previous }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds the chain of `count` versions; returns for each its link and the index of its jump version.
    fn chain_of(count: u32) -> Vec<(Link, usize)> {
        let link = |depth: u32| Link {
            address: Address::new(4096 + u64::from(depth) * 16),
            seq: Seq::new(u64::from(depth)),
            depth,
        };
        let mut versions = vec![(link(0), 0)];
        for depth in 1..count {
            let (previous, jump) = *versions.last().unwrap();
            let (jump, jump_of_jump) = versions[jump];
            let chain = Chain::after(previous, jump, versions[jump_of_jump].0);
            assert_eq!(chain.depth, depth);
            versions.push((link(depth), usize::try_from(chain.jump_seq.get()).unwrap()));
        }
        versions
    }

    #[test]
    fn any_earlier_version_is_found_in_a_logarithmic_number_of_steps() {
        let versions = chain_of(1000);
        for wanted in 0..1000 {
            let (mut at, mut steps) = (999, 0);
            while at != wanted {
                let jump = versions[at].1;
                at = if jump >= wanted { jump } else { at - 1 };
                steps += 1;
            }
            assert!(steps <= 3 * 10, "{steps} steps to version {wanted}");
        }
    }
}
