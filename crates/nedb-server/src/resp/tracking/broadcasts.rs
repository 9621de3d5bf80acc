//! What those who broadcast are told of together: the keys that one transaction wrote.
//!
//! Promises: keys in their order, one push for each prefix; for one who would be told of more than may wait for him no keys are kept, but that
//! every key may have changed. Leaves to others: whose prefixes a key begins with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pushes::{Key, Push, WAITING_BYTES_MAX, bytes_of};

/// By the number of who is told.
#[derive(Default)]
pub(super) struct Broadcasts(BTreeMap<i64, Collected>);

#[derive(Default)]
struct Collected {
    /// By the places of the prefixes with which they begin.
    keys: BTreeMap<usize, BTreeSet<Key>>,
    bytes: usize,
}

impl Broadcasts {
    /// Collects a key for one and a prefix of his.
    pub(super) fn add(&mut self, (tracker, place): (i64, usize), key: &Key) {
        let collected = self.0.entry(tracker).or_default();
        if collected.is_too_much() || !collected.keys.entry(place).or_default().insert(Arc::clone(key)) {
            return;
        }
        collected.bytes += bytes_of(key);
        if collected.is_too_much() {
            collected.keys.clear();
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Who is told what.
    pub(super) fn pushes(self) -> impl Iterator<Item = (i64, Push)> {
        self.0.into_iter().flat_map(|(tracker, collected)| {
            let everything = collected.is_too_much().then_some(Push::Everything);
            let changed = collected.keys.into_values().map(|keys| Push::Changed(keys.into_iter().collect()));
            everything.into_iter().chain(changed).map(move |push| (tracker, push))
        })
    }
}

impl Collected {
    fn is_too_much(&self) -> bool {
        self.bytes > WAITING_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_by_prefix_and_once() {
        let mut broadcasts = Broadcasts::default();
        for (place, key) in [(1, "b:2"), (0, "a:1"), (1, "b:1"), (1, "b:2")] {
            broadcasts.add((7, place), &Key::from(key.as_bytes()));
        }
        let changed = |keys: &[&str]| (7, Push::Changed(keys.iter().map(|key| Key::from(key.as_bytes())).collect()));
        assert_eq!(broadcasts.pushes().collect::<Vec<_>>(), [changed(&["a:1"]), changed(&["b:1", "b:2"])]);
    }

    #[test]
    fn what_is_more_than_may_wait_is_not_kept_for_anybody() {
        let mut broadcasts = Broadcasts::default();
        let keys: Vec<Key> = (0..20_000).map(|n| Key::from(format!("key:{n}").as_bytes())).collect();
        for key in &keys {
            for tracker in 0..3 {
                broadcasts.add((tracker, 0), key);
            }
        }
        assert!(keys.iter().all(|key| Arc::strong_count(key) == 1), "keys are held");
        broadcasts.add((3, 0), &Key::from(*b"one"));
        let told: Vec<(i64, Push)> = broadcasts.pushes().collect();
        assert_eq!(told[..3], [0, 1, 2].map(|tracker| (tracker, Push::Everything)));
        assert_eq!(told[3..], [(3, Push::Changed(vec![Key::from(*b"one")]))]);
    }
}
