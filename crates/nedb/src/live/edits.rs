//! What is different between two lists of rows.
//!
//! Promises: taking the removed positions out of the old list and putting the inserted ones in gives the new list, whatever both are.
//! What stays is a longest ascending run of the rows that both have, so that a row which moved is removed and inserted, and no other;
//! rows that occur several times are taken in their order. It takes n log n steps. Leaves to others: what the rows are.

use std::collections::BTreeMap;

use nedb_types::Digest;

/// Positions, each list ascending.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edits {
    /// In the old list.
    pub(super) removed: Vec<usize>,
    /// In the new list.
    pub(super) inserted: Vec<usize>,
}

impl Edits {
    pub(super) fn between(old: &[Digest], new: &[Digest]) -> Self {
        let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let (old_rest, new_rest) = (old.iter().skip(start), new.iter().skip(start));
        let end = old_rest.rev().zip(new_rest.rev()).take_while(|(old, new)| old == new).count();
        let (old_end, new_end) = (old.len() - end, new.len() - end);
        let pairs = pairs(old, new, (start..old_end, start..new_end));
        let mut edits = Self::default();
        let (mut next_old, mut next_new) = (start, start);
        for (at_old, at_new) in kept(&pairs).into_iter().chain([(old_end, new_end)]) {
            edits.removed.extend(next_old..at_old);
            edits.inserted.extend(next_new..at_new);
            (next_old, next_new) = (at_old + 1, at_new + 1);
        }
        edits
    }
}

type Range = std::ops::Range<usize>;

/// The positions of the rows that both lists have, by the position in the new one.
fn pairs(old: &[Digest], new: &[Digest], (old_range, new_range): (Range, Range)) -> Vec<(usize, usize)> {
    let within = |list: &'_ [Digest], range: &Range| -> Vec<(usize, Digest)> {
        list.iter().copied().enumerate().take(range.end).skip(range.start).collect()
    };
    let mut places: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    for (at, row) in within(old, &old_range).into_iter().rev() {
        places.entry(row).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for (at_new, row) in within(new, &new_range) {
        if let Some(at_old) = places.get_mut(&row).and_then(Vec::pop) {
            pairs.push((at_old, at_new));
        }
    }
    pairs
}

/// A longest part of the pairs whose positions ascend in both lists.
fn kept(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair that ends the run of this length at the least position, and for each pair the one before it.
    let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), Vec::with_capacity(pairs.len()));
    let old_of = |pair: &usize| pairs.get(*pair).map(|(at_old, _)| *at_old);
    for (number, (at_old, _)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| old_of(end).is_some_and(|end| end < *at_old));
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter)).copied());
        match ends.get_mut(length) {
            Some(end) => *end = number,
            None => ends.push(number),
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(number) = next {
        run.extend(pairs.get(number));
        next = before.get(number).copied().flatten();
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use nedb_crypto::sha256;
    use nedb_io::{Random, SeededRandom};

    use super::*;

    fn digests(rows: &str) -> Vec<Digest> {
        rows.bytes().map(|row| sha256(&[&[row]])).collect()
    }

    fn between(old: &str, new: &str) -> (Vec<usize>, Vec<usize>) {
        let edits = Edits::between(&digests(old), &digests(new));
        let mut list: Vec<Option<u8>> = old.bytes().map(Some).collect();
        for at in &edits.removed {
            list[*at] = None;
        }
        let mut list: Vec<u8> = list.into_iter().flatten().collect();
        for at in &edits.inserted {
            list.insert(*at, new.as_bytes()[*at]);
        }
        assert_eq!(String::from_utf8(list).unwrap(), new, "{old} {edits:?}");
        (edits.removed, edits.inserted)
    }

    #[test]
    fn what_stays_is_not_told() {
        assert_eq!(between("abc", "abc"), (vec![], vec![]));
        assert_eq!(between("", "ab"), (vec![], vec![0, 1]));
        assert_eq!(between("ab", ""), (vec![0, 1], vec![]));
        assert_eq!(between("abcd", "abxcd"), (vec![], vec![2]));
        assert_eq!(between("abcd", "bcda"), (vec![0], vec![3]), "one row moved");
        assert_eq!(between("aab", "aba"), (vec![2], vec![1]), "one of two that changed places");
        assert_eq!(between("abcdef", "fabcde"), (vec![5], vec![0]));
    }

    #[test]
    fn the_edits_of_any_two_lists_lead_from_one_to_the_other() {
        for seed in 0..2_000 {
            let random = SeededRandom::new(seed);
            let list = || {
                let mut bytes = vec![0; usize::try_from(seed % 40).unwrap()];
                random.fill(&mut bytes);
                let length = bytes.first().map_or(0, |byte| usize::from(*byte) % bytes.len());
                bytes.iter().take(length).map(|byte| char::from(b'a' + byte % 6)).collect::<String>()
            };
            between(&list(), &list());
        }
    }
}
