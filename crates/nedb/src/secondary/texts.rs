//! What searches ask of indexes.
//!
//! ```text
//! texts(collection, rule) ──> catch up to the snapshot's size ──> reader of that moment
//! ```
//! Promises: a reader shows the documents that the rule finds at its moment, with their scores; only an index of the very
//! same rule answers. Damage in a file of an index is an error, and the index is built anew. Leaves to others: fetching
//! the documents, of which some may have expired.

use std::sync::{Arc, atomic::Ordering};

use nedb_index::{TextGuard, TextIndex, TextMatches, TextQuery, TextSnapshot};
use nedb_types::{Collection, ErrorKind, Result, Seq};

use super::{
    definition::{IndexDefinition, Subject},
    definitions::CatalogueMoment,
    index::{Index, IndexId},
    info::IndexOrigin,
    search_rule::SearchRule,
};
use crate::read::Snapshot;

/// A full-text index at one moment.
#[derive(Clone)]
pub(crate) struct TextReader {
    snapshot: Snapshot,
    index: Arc<Index>,
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
    pub(crate) fn texts(&self, collection: &Collection, rule: &SearchRule) -> Result<Option<TextReader>> {
        let engine = self.engine();
        let wanted = IndexDefinition { collection: collection.clone(), subject: Subject::Words(rule.clone()) };
        let Some(index) = engine.secondary.find(&wanted).filter(|index| index.is_ready()) else { return Ok(None) };
        engine.catch_up(self.size())?;
        if index.is_dropped() {
            // Dropped in between: whoever caught up may not have known it any more.
            return Ok(None);
        }
        let texts = match (index.texts(), self.seq()) {
            (Some(texts), Some(seq)) => texts.snapshot(seq),
            _ => TextIndex::new().snapshot(Seq::FIRST),
        };
        index.uses.fetch_add(1, Ordering::Relaxed);
        Ok(Some(TextReader { snapshot: self.clone(), index, texts }))
    }
}

impl TextReader {
    /// The documents that have what a query asks for, by id.
    pub(crate) fn matches(&self, query: &TextQuery, guard: &mut TextGuard<'_>) -> Result<TextMatches> {
        self.checked(self.texts.matches(query, guard))
    }

    pub(crate) fn origin(&self) -> IndexOrigin {
        self.index.origin()
    }

    /// Passes a result on; damage is also the end of the index that has it.
    pub(crate) fn checked<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.kind() == ErrorKind::Integrity {
                self.snapshot.engine().rebuild(&self.index);
            }
        })
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
