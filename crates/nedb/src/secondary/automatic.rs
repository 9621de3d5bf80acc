//! Indexes that nobody asked for: made after queries that would have profited.
//!
//! Promises: they change no answer, are bounded in number, and go before an explicit one is missed. The log does not know
//! them; a checkpoint keeps them over a restart. Leaves to others: which queries would profit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use nedb_types::{Collection, FieldPath};

use super::{
    causes::CAUSES,
    definition::{IndexDefinition, Subject},
    index::{Index, IndexId},
    search_rule::SearchRule,
};
use crate::{engine::Engine, options::Access};

/// Most automatic indexes of one collection: each makes writes dearer, and the fields that queries name are few.
pub(crate) const AUTOMATIC_INDEXES_MAX: usize = 8;

/// Smallest collection that gets one: below it a scan takes about a millisecond.
pub(crate) const AUTOMATIC_DOCUMENTS_MIN: u64 = 10_000;

/// How often a query has to wish for an index.
pub(crate) const AUTOMATIC_WISHES_MIN: u64 = 3;

/// Rows that a single query may visit for nothing before one wish is enough.
pub(crate) const AUTOMATIC_SCANNED_MAX: u64 = 200_000;

/// Fields whose wishes are counted; further ones are forgotten, which a workload of so many fields does not notice.
const WISHES_MAX: usize = 4096;

/// What a query wished for in a collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wished {
    /// The order of a field.
    Field(FieldPath),
    /// The words of every string.
    Words,
    /// What followed from what, in all collections.
    Causes,
}

impl Wished {
    fn of(definition: &IndexDefinition) -> Self {
        match &definition.subject {
            Subject::Value { path, .. } => Self::Field(path.clone()),
            Subject::Words(_) => Self::Words,
            Subject::Causes => Self::Causes,
        }
    }

    /// The index that was wished for in a collection.
    fn definition(&self, collection: &Collection) -> IndexDefinition {
        let subject = match self {
            Self::Field(path) => Subject::Value { path: path.clone(), asked_eq: false },
            Self::Words => Subject::Words(SearchRule::EVERY),
            Self::Causes => return IndexDefinition::causes(),
        };
        IndexDefinition { collection: collection.clone(), subject }
    }
}

/// What queries wished for.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    counts: BTreeMap<(Collection, Wished), u64>,
    /// What was dropped by hand and is not made again.
    barred: BTreeSet<(Collection, Wished)>,
    /// The greatest number of an automatic index so far.
    made: u64,
}

impl Wishes {
    /// Begins with these indexes, whose numbers are taken.
    pub(super) fn after(indexes: &[Arc<Index>]) -> Self {
        let numbers = indexes.iter().filter_map(|index| match index.id {
            CAUSES | IndexId::Logged(_) => None,
            IndexId::Automatic(number) => Some(number),
        });
        Self { made: numbers.max().unwrap_or(0), ..Self::default() }
    }
}

impl Engine {
    /// Notes that a query visited many rows of a collection that an index would have spared it.
    pub(crate) fn wish(&self, collection: &Collection, wished: &Wished, scanned: u64) {
        let secondary = &self.secondary;
        if !secondary.is_automatic || self.access == Access::ReadOnly {
            return;
        }
        let definition = wished.definition(collection);
        let size = match wished {
            Wished::Causes => self.published.size(),
            Wished::Field(_) | Wished::Words => self.live_documents(collection),
        };
        if size < AUTOMATIC_DOCUMENTS_MIN || !secondary.is_granted(&definition.collection, wished, scanned) {
            return;
        }
        if secondary.find(&definition).is_none() && !secondary.is_defined_otherwise(&definition) {
            secondary.make_room(&definition.collection);
            let id = match wished {
                Wished::Causes => CAUSES,
                Wished::Field(_) | Wished::Words => IndexId::Automatic(secondary.next_automatic()),
            };
            secondary.add_automatic(Index::new(id, definition));
            self.schedule_builds();
        }
    }
}

impl Engine {
    /// Documents of a collection at the head, expired ones that were not swept yet included.
    pub(crate) fn live_documents(&self, collection: &Collection) -> u64 {
        self.collections.read().of(collection)
    }
}

impl super::Secondary {
    /// Whether the present searches of the collection are those of somebody's definition, which covers other fields.
    fn is_defined_otherwise(&self, wanted: &IndexDefinition) -> bool {
        let definitions = self.definitions.read();
        let mut of = definitions.present().filter(|(_, definition)| definition.collection == wanted.collection);
        wanted.search_rule().is_some() && of.any(|(_, definition)| definition.search_rule().is_some())
    }

    /// Counts a wish; true when it was the last one needed.
    fn is_granted(&self, collection: &Collection, wished: &Wished, scanned: u64) -> bool {
        let wish = (collection.clone(), wished.clone());
        let mut wishes = self.wishes.lock();
        if wishes.barred.contains(&wish) || wishes.counts.len() >= WISHES_MAX && !wishes.counts.contains_key(&wish) {
            return false;
        }
        let count = wishes.counts.entry(wish.clone()).or_default();
        *count += 1;
        let is_granted = *count >= AUTOMATIC_WISHES_MIN || scanned >= AUTOMATIC_SCANNED_MAX;
        if is_granted {
            wishes.counts.remove(&wish);
        }
        is_granted
    }

    /// Drops the automatic index of a collection that answered least, when it has as many as it may have.
    fn make_room(&self, collection: &Collection) {
        let of = self.of(collection).into_iter().filter(|index| matches!(index.id, IndexId::Automatic(_)));
        let mut automatic: Vec<Arc<Index>> = of.collect();
        automatic.sort_by_key(|index| (index.uses.load(Ordering::Relaxed), index.id));
        if automatic.len() >= AUTOMATIC_INDEXES_MAX
            && let Some(least) = automatic.first()
        {
            self.remove_automatic(least.id);
        }
    }

    /// Drops an automatic index for good.
    pub(super) fn bar(&self, index: &Index) {
        let definition = &index.definition;
        self.wishes.lock().barred.insert((definition.collection.clone(), Wished::of(definition)));
        self.remove_automatic(index.id);
    }

    fn next_automatic(&self) -> u64 {
        let mut wishes = self.wishes.lock();
        wishes.made += 1;
        wishes.made
    }
}
