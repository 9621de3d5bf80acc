//! How many documents each collection has at the head.

use std::collections::BTreeMap;

use nedb_types::Collection;

use crate::commit::Staged;

/// Live documents by collection; a collection that lost its last document stays with a count of zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CollectionCounts {
    live: BTreeMap<Collection, i64>,
}

impl CollectionCounts {
    pub(crate) fn add(&mut self, staged: &[Staged<'_>]) {
        for (collection, change) in staged.iter().filter_map(Staged::live_change) {
            self.change(collection, change);
        }
    }

    /// Takes back what [`add`](Self::add) counted too much for a record whose previous version was not known then.
    pub(crate) fn correct(&mut self, settled: &Staged<'_>) {
        let was_live = settled.before.is_some_and(|before| before.is_live);
        if let Some((collection, _)) = settled.live_change().filter(|_| was_live) {
            self.change(collection, -1);
        }
    }

    fn change(&mut self, collection: &Collection, change: i64) {
        match self.live.get_mut(collection.as_str()) {
            Some(live) => *live += change,
            None => {
                self.live.insert(collection.clone(), change);
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Collection, i64)> {
        self.live.iter().map(|(name, live)| (name, *live))
    }

    /// Live documents of one collection.
    pub(crate) fn of(&self, collection: &Collection) -> u64 {
        self.live.get(collection).copied().unwrap_or(0).max(0).cast_unsigned()
    }

    pub(crate) fn from_counts(counts: impl IntoIterator<Item = (Collection, i64)>) -> Self {
        Self { live: counts.into_iter().collect() }
    }
}
