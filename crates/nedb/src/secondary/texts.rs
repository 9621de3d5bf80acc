//! What searches ask of indexes.
//!
//! ```text
//! texts(collection, rule) ──> catch up to the snapshot's size ──> reader of that moment
//! ```
//! Promises: a reader shows the documents that the rule finds at its moment, with their scores; only an index of the very
//! same rule answers. Damage in a file of an index is an error, and the index is built anew. Leaves to others: fetching
//! the documents, of which some may have expired.

use std::sync::Arc;

use nedb_index::{TextGuard, TextMatches, TextQuery, TextSnapshot};
use nedb_types::{Collection, Result, Seq};

use super::{
    definition::{IndexDefinition, Subject},
    definitions::CatalogueMoment,
    follow::Look,
    index::{Index, IndexId},
    index_at::IndexAt,
    info::IndexOrigin,
    search_rule::SearchRule,
};
use crate::read::Snapshot;

/// A full-text index at one moment.
#[derive(Clone)]
pub(crate) struct TextReader {
    at: IndexAt,
    texts: TextSnapshot,
}

impl Snapshot {
    /// What SEARCH means in a collection at this moment.
    pub(crate) fn search_rule(&self, collection: &Collection) -> SearchRule {
        let end = CatalogueMoment::Below(Seq::new(self.size()));
        let moment = self.catalogue_number().map_or(end, CatalogueMoment::Number);
        self.engine().secondary.search_rule(collection, moment)
    }

    /// The index that answers a search by this rule; `None` when there is none or it is still being built.
    pub(crate) fn texts(
        &self,
        collection: &Collection,
        rule: &SearchRule,
        look: &Look<'_>,
    ) -> Result<Option<TextReader>> {
        let subject = Subject::Words(rule.clone());
        let at = self.index_at(&IndexDefinition { collection: collection.clone(), subject }, look)?;
        Ok(at.map(|at| TextReader { texts: at.texts(), at }))
    }
}

impl TextReader {
    /// The documents that have what a query asks for, by id.
    pub(crate) fn matches(&self, query: &TextQuery, guard: &mut TextGuard<'_>) -> Result<TextMatches> {
        self.checked(self.texts.matches(query, guard))
    }

    pub(crate) fn origin(&self) -> IndexOrigin {
        self.at.origin()
    }

    /// Notes that a query goes this way.
    pub(crate) fn note_use(&self) {
        self.at.note_use();
    }

    /// Passes a result on; damage is also the end of the index that has it.
    pub(crate) fn checked<T>(&self, result: Result<T>) -> Result<T> {
        self.at.checked(result)
    }
}

impl super::Secondary {
    /// The index that covers a definition of the log, also together with others.
    pub(super) fn covering(&self, wanted: &IndexDefinition) -> Option<Arc<Index>> {
        let of = self.of(&wanted.collection);
        let is_search =
            |index: &&Arc<Index>| matches!(index.id, IndexId::Logged(_)) && index.definition.search_rule().is_some();
        let is_defined = || self.definitions.read().present().any(|(_, present)| present.is_same(wanted));
        let found = of.iter().find(|index| index.definition.is_same(wanted));
        found.or_else(|| of.iter().find(is_search).filter(|_| is_defined())).cloned()
    }
}
