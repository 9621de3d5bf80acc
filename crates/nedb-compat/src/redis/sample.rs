//! Picking elements at random: some of many, each as likely as the others.

use nedb::Result;

use super::args::Args;
use super::refusal;
use super::tx::Tx;

/// The most elements that a negative count gives: they may repeat, so the size of the value is no bound.
const REPEATED_MAX: u64 = 1 << 20;

/// The most bytes that they have together.
const REPEATED_BYTES_MAX: usize = 64 << 20;

/// How many elements a call asks for; the least number has no counterpart, and is refused.
pub(super) fn count(args: Args<'_>, position: usize) -> Result<i64> {
    match args.integer(position)? {
        i64::MIN => Err(refusal::out_of_both_ranges()),
        count => Ok(count),
    }
}

/// One element.
pub(super) fn one<T>(tx: &Tx<'_>, mut elements: Vec<T>) -> Option<T> {
    if elements.is_empty() {
        return None;
    }
    Some(elements.swap_remove(tx.random_below(elements.len())))
}

/// As many different elements as `count` says, or all; with a negative count so many, of which some may be the same.
pub(super) fn many<T: Clone>(
    tx: &Tx<'_>,
    mut elements: Vec<T>,
    count: i64,
    bytes_of: impl Fn(&T) -> usize,
) -> Result<Vec<T>> {
    if count >= 0 {
        let wanted = usize::try_from(count).unwrap_or(usize::MAX).min(elements.len());
        for place in 0..wanted {
            let other = place + tx.random_below(elements.len() - place);
            elements.swap(place, other);
        }
        elements.truncate(wanted);
        return Ok(elements);
    }
    if count.unsigned_abs() > REPEATED_MAX {
        return Err(refusal::refused("ERR value is out of range"));
    }
    let (mut chosen, mut bytes) = (Vec::new(), 0_usize);
    for _ in 0..if elements.is_empty() { 0 } else { count.unsigned_abs() } {
        let Some(element) = elements.get(tx.random_below(elements.len())) else { break };
        bytes += bytes_of(element);
        if bytes > REPEATED_BYTES_MAX {
            return Err(refusal::refused("ERR the elements that were asked for are too long together"));
        }
        chosen.push(element.clone());
    }
    Ok(chosen)
}
