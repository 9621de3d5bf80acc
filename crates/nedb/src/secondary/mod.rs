//! Secondary indexes: from values to documents, at any moment.
//!
//! ```text
//! catalogue records of the log ──> definitions ──> indexes: building ──> ready
//! records of the log ────────────────────────────> entries (added, removed), as far as they followed
//! ```
//! Indexes follow the log; commits know nothing of them. An index covers the operations below a position, and whoever
//! wants to ask it about a later moment reads the records in between first: a query, or a task in the background that
//! leaves queries little to read. So applying an index can neither fail nor slow a commit, and building one that was never
//! there is the same as following from the beginning.
//!
//! Promises: an answer never depends on whether an index is there; what an index says of a moment is a function of the
//! log. Leaves to others: whether a version has expired, which a reader finds out when it fetches the document.
//!
//! | file | what it does |
//! |---|---|
//! | `definition`, `definitions`, `info` | what an index is of, which are in force when, what is told about them |
//! | `search_rule`, `stemming` | what SEARCH means, with an index and without |
//! | `index`, `follow`, `versions`, `change_list` | one index, and how all follow the log |
//! | `build` | making one from the beginning of the log, in steps |
//! | `persist` | indexes in checkpoints |
//! | `automatic`, `causes` | indexes that nobody asked for; that of causes, which is of all collections |
//! | `read`, `texts` | what queries ask |
//! | `api` | what users ask |
//!
//! Lock order: `committer`, `following`, then any one of the others; `building` of an index before `following`.

mod api;
mod automatic;
mod build;
mod causes;
mod change_list;
mod definition;
mod definitions;
mod follow;
mod index;
mod index_at;
mod info;
mod persist;
mod read;
mod search_rule;
mod stemming;
mod texts;
mod versions;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use nedb_io::{CacheCounts, Mutex, RwLock};
use nedb_log::CatalogueRecord;
use nedb_types::Collection;

use self::definition::IndexDefinition;

pub(crate) use self::{
    automatic::{Wished, Wishes},
    build::Step,
    causes::EffectReader,
    definitions::{CatalogueChange, CatalogueMoment, Definitions},
    index::{Index, IndexId},
    persist::{FrozenIndexes, LoadedIndexes, SavedIndexes},
    read::{KeyOrder, Keys, OrderedReader, OrderedScan},
    search_rule::SearchRule,
    texts::TextReader,
};
pub use self::{
    definition::IndexKind,
    info::{IndexInfo, IndexOrigin, IndexState},
    stemming::Stemming,
};

/// The secondary indexes of a database.
pub(crate) struct Secondary {
    /// What the log says.
    definitions: RwLock<Definitions>,
    /// The number of the newest record among them.
    catalogue_number: AtomicU64,
    /// Every index that is there or is being built.
    indexes: ArcSwap<Vec<Arc<Index>>>,
    /// Held while the list of indexes changes.
    listing: Mutex<()>,
    /// Operations that every ready index covers.
    followed: AtomicU64,
    /// Held by whoever reads the log for the indexes.
    following: Mutex<()>,
    wishes: Mutex<Wishes>,
    /// Nodes of the files of all indexes that were in memory, and those that were read.
    pub(crate) nodes: Arc<CacheCounts>,
    /// Whether indexes are made that nobody asked for.
    is_automatic: bool,
    /// Whether a task to follow, and one to build, is under way.
    pub(crate) is_follow_due: AtomicBool,
    pub(crate) is_lag_due: AtomicBool,
    pub(crate) is_build_due: AtomicBool,
    /// Whether a checkpoint would say something new about the indexes even if nothing was written since the last one.
    pub(crate) is_unsaved: AtomicBool,
}

impl Secondary {
    /// The indexes that the definitions name; those that a checkpoint held are ready, all at one position.
    pub(crate) fn new(definitions: Definitions, loaded: LoadedIndexes, is_automatic: bool) -> Self {
        let LoadedIndexes { indexes, followed, nodes, .. } = loaded;
        let wishes = Wishes::after(&indexes);
        let secondary = Self {
            catalogue_number: AtomicU64::new(definitions.last_number()),
            definitions: RwLock::new(definitions),
            indexes: ArcSwap::from_pointee(indexes),
            listing: Mutex::new(()),
            followed: AtomicU64::new(followed),
            following: Mutex::new(()),
            wishes: Mutex::new(wishes),
            nodes,
            is_automatic,
            is_follow_due: AtomicBool::new(false),
            is_lag_due: AtomicBool::new(false),
            is_build_due: AtomicBool::new(false),
            is_unsaved: AtomicBool::new(false),
        };
        secondary.list_defined();
        secondary.is_unsaved.store(false, Ordering::Relaxed);
        secondary
    }

    /// The definitions of the log, as of now.
    pub(crate) fn definitions(&self) -> Definitions {
        self.definitions.read().clone()
    }

    /// The number of the newest catalogue record.
    #[inline]
    pub(crate) fn catalogue_number(&self) -> u64 {
        self.catalogue_number.load(Ordering::Acquire)
    }

    /// What SEARCH means in a collection at a moment.
    pub(crate) fn search_rule(&self, collection: &Collection, moment: CatalogueMoment) -> SearchRule {
        self.definitions.read().search_rule(collection, moment)
    }

    /// Takes records in that were checked before they were logged.
    pub(crate) fn apply_catalogue(&self, records: &[CatalogueRecord]) {
        if records.is_empty() {
            return;
        }
        let mut definitions = self.definitions.write();
        for record in records {
            definitions.apply(record).expect("the record was applied to a copy before it was logged");
        }
        self.catalogue_number.store(definitions.last_number(), Ordering::Release);
        drop(definitions);
        self.list_defined();
    }

    /// Makes the list of indexes that of the definitions; automatic ones that an explicit one makes needless go.
    fn list_defined(&self) {
        let _listing = self.listing.lock();
        let definitions = self.definitions.read();
        let present = self.indexes.load();
        let defined = definitions.indexes();
        // A search that was defined by hand leaves nothing to one that was not.
        let is_needless = |index: &IndexDefinition, defined: &IndexDefinition| {
            let are_searches = index.search_rule().is_some() && defined.search_rule().is_some();
            index.collection == defined.collection && are_searches || defined.is_same(index)
        };
        let is_kept = |index: &Arc<Index>| match index.id {
            // The index of a search covers other fields when its definitions change.
            IndexId::Logged(number) => {
                defined.iter().any(|(present, definition)| *present == number && *definition == index.definition)
            }
            IndexId::Automatic(_) => !defined.iter().any(|(_, defined)| is_needless(&index.definition, defined)),
        };
        let (mut kept, dropped): (Vec<_>, Vec<_>) = present.iter().cloned().partition(is_kept);
        for index in dropped {
            index.drop_entries();
        }
        for (number, definition) in defined {
            if !kept.iter().any(|index| index.id == IndexId::Logged(number)) {
                kept.push(Index::new(IndexId::Logged(number), definition));
            }
        }
        self.list(kept);
    }

    fn list(&self, indexes: Vec<Arc<Index>>) {
        self.indexes.store(Arc::new(indexes));
        self.is_unsaved.store(true, Ordering::Release);
    }

    /// Adds an index that the log does not know.
    fn add_automatic(&self, index: Arc<Index>) {
        let _listing = self.listing.lock();
        let mut indexes = self.all();
        indexes.push(index);
        self.list(indexes);
    }

    /// Puts an index without entries in the place of one whose entries cannot be read.
    fn replace(&self, damaged: &Arc<Index>) {
        let _listing = self.listing.lock();
        let anew = |index: Arc<Index>| {
            if Arc::ptr_eq(&index, damaged) { Index::new(index.id, index.definition.clone()) } else { index }
        };
        damaged.drop_entries();
        self.list(self.all().into_iter().map(anew).collect());
    }

    /// Takes an index away that the log does not know.
    fn remove_automatic(&self, id: IndexId) {
        let _listing = self.listing.lock();
        let (kept, dropped): (Vec<_>, Vec<_>) = self.all().into_iter().partition(|index| index.id != id);
        for index in dropped {
            index.drop_entries();
        }
        self.list(kept);
    }

    /// Every index, those under construction included.
    pub(crate) fn all(&self) -> Vec<Arc<Index>> {
        self.indexes.load().to_vec()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.indexes.load().is_empty()
    }

    /// Operations that every ready index covers.
    pub(crate) fn followed(&self) -> u64 {
        self.followed.load(Ordering::Acquire)
    }

    /// The indexes of a collection.
    fn of(&self, collection: &Collection) -> Vec<Arc<Index>> {
        self.indexes.load().iter().filter(|index| index.definition.collection == *collection).cloned().collect()
    }

    /// Bytes in memory for entries that no file holds yet.
    pub(crate) fn delta_bytes(&self) -> u64 {
        self.indexes.load().iter().map(|index| index.entries().delta_bytes()).sum()
    }
}
