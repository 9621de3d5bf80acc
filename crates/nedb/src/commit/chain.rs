//! The pointers of a version to earlier versions of the same key.
//!
//! Myers' skew-binary jump pointers (E. W. Myers, "An applicative random-access stack", 1983): besides its predecessor a
//! version knows one much earlier version, chosen so that any earlier one is found in O(log n) steps. How far the jump
//! reaches depends on the depth alone, so a new version needs to look at two records at most.

use nedb_log::{Address, Chain, Link};

/// The depth of the version that a version of this depth jumps to; depth 0 jumps to itself.
pub(crate) fn jump_depth(depth: u32) -> u32 {
    // In skew-binary numbers a jump takes the lowest non-zero digit away: the digit of rank k weighs 2^(k+1) - 1.
    let mut rest = depth;
    let mut jumped = 0;
    for rank in (1..=32_u32).rev() {
        let weight = u32::try_from((1_u64 << rank) - 1).unwrap_or(u32::MAX);
        while rest >= weight {
            rest -= weight;
            if rest == 0 {
                return jumped;
            }
            jumped += weight;
        }
    }
    0
}

/// The chain of the version that follows `previous`, which has this chain itself; `chain_at` reads the chain of another
/// version of the key.
pub(crate) fn successor<E>(
    previous: Link,
    chain: Option<Chain>,
    chain_at: impl FnOnce(Address) -> Result<Option<Chain>, E>,
) -> Result<Chain, E> {
    // A first version is its own jump.
    let Some(chain) = chain else { return Ok(Chain::after(previous, previous, previous)) };
    let jump = Link { address: chain.jump, seq: chain.jump_seq, depth: jump_depth(previous.depth) };
    let further_depth = jump_depth(jump.depth);
    let is_near = previous.depth - jump.depth != jump.depth - further_depth;
    let further = if is_near { None } else { chain_at(jump.address)? };
    let jump_of_jump = match further {
        Some(further) => Link { address: further.jump, seq: further.jump_seq, depth: further_depth },
        None => Link { depth: further_depth, ..jump },
    };
    Ok(Chain::after(previous, jump, jump_of_jump))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use nedb_types::Seq;

    use super::*;

    /// Builds a chain of versions one by one, as the committer does; version n has seq and address n.
    fn versions(count: u64) -> Vec<Option<Chain>> {
        let mut chains: Vec<Option<Chain>> = vec![None];
        for at in 0..count - 1 {
            let depth = u32::try_from(at).unwrap();
            let previous = Link { address: Address::new(at), seq: Seq::new(at), depth };
            let chain = successor(previous, chains[depth as usize], |address| {
                Ok::<_, Infallible>(chains[usize::try_from(address.get()).unwrap()])
            });
            chains.push(Some(chain.unwrap()));
        }
        chains
    }

    #[test]
    fn the_jump_follows_the_rule_of_the_format_page() {
        let chains = versions(3000);
        let jump = |at: u64| chains[usize::try_from(at).unwrap()].map_or(0, |chain| chain.jump.get());
        for at in 1..3000_u64 {
            let previous = at - 1;
            let (j, k) = (jump(previous), jump(jump(previous)));
            let expected = if previous - j == j - k { k } else { previous };
            assert_eq!(jump(at), expected, "version {at}");
        }
    }

    #[test]
    fn any_of_a_thousand_versions_is_found_in_a_logarithm_of_steps() {
        let chains = versions(1000);
        for wanted in 0..1000_u64 {
            let (mut at, mut steps) = (999_u64, 0);
            while at > wanted {
                let chain = chains[usize::try_from(at).unwrap()].unwrap();
                at = if chain.jump.get() >= wanted { chain.jump.get() } else { chain.previous.get() };
                steps += 1;
            }
            assert_eq!(at, wanted);
            // Three times the logarithm is the bound of the skew-binary scheme.
            assert!(steps <= 30, "{steps} steps to version {wanted}");
        }
    }
}
