//! What users ask of indexes: make one, drop one, list them, wait for one.

use std::sync::Arc;

use nedb_types::{Collection, Error, ErrorCode, Result};

use super::{
    definition::{IndexDefinition, IndexKind},
    definitions::CatalogueChange,
    index::{Index, IndexId},
    info::IndexInfo,
};
use crate::{commit, database::Database, engine::Engine};

impl Database {
    /// Makes an index on a field of a collection and returns at once; it is built in the background, the past included.
    ///
    /// The field is a path such as `address.city`; for [`IndexKind::Search`] it may be several, divided by commas, or `*` for
    /// every string. An index never changes an answer, except that of a search: from now on SEARCH looks at the fields that
    /// the search indexes of the collection name together, and cuts words as they say. What is there already is left as it is.
    ///
    /// Errors: `invalid_argument` for a path that is none, `already_exists` when the collection has a search with another
    /// stemming, `too_many_indexes`, `read_only`, and those of a write.
    ///
    /// ```
    /// use nedb::{Body, Database, IndexKind};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json(r#"{"address": {"city": "London"}}"#))?;
    /// let info = db.create_index("users", "address.city", IndexKind::Eq)?;
    /// assert_eq!(info.kind, IndexKind::Eq);
    /// assert!(db.drop_index("users", "address.city", None)?);
    /// assert!(db.indexes().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_index(&self, collection: &str, field: &str, kind: IndexKind) -> Result<IndexInfo> {
        let engine = self.engine();
        engine.check_writable()?;
        let wanted = IndexDefinition::new(collection, field, kind)?;
        if kind == IndexKind::Causes {
            let message = "the index of causes is made by itself, after a TRACE that would have profited";
            return Err(Error::new(ErrorCode::Unsupported, message));
        }
        commit::commit_catalogue(engine, CatalogueChange::Create(wanted.clone()))?;
        engine.schedule_builds();
        // Another thread may have dropped it already.
        let index = engine.secondary.covering(&wanted);
        let index = index.unwrap_or_else(|| Index::new(IndexId::Logged(0), wanted.clone()));
        Ok(engine.info_of(&index, &wanted))
    }

    /// Drops the indexes on a field of a collection, or only those that answer for one kind; tells whether there were any.
    ///
    /// An automatic index that is dropped is not made again by this handle.
    pub fn drop_index(&self, collection: &str, field: &str, kind: Option<IndexKind>) -> Result<bool> {
        let engine = self.engine();
        engine.check_writable()?;
        let collection = Collection::new(collection)?;
        let kinds = [IndexKind::Eq, IndexKind::Search { stemming: None }, IndexKind::Causes];
        let (mut dropped, mut refused) = (false, None);
        for wanted in kinds.into_iter().filter(|one| kind.is_none_or(|kind| kind.is_alike(*one))) {
            match IndexDefinition::new(collection.as_str(), field, wanted) {
                Ok(wanted) => dropped |= engine.drop_alike(&wanted)?,
                // Hardly any field is that of the causes, and `*` is a search and no path.
                Err(_) if wanted == IndexKind::Causes => {}
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if !dropped && field.trim() != "*" => Err(error),
            _ => Ok(dropped),
        }
    }

    /// The indexes by collection and field, those that are being built and automatic ones included.
    ///
    /// ```
    /// use nedb::{Database, IndexKind};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.create_index("users", "city", IndexKind::Eq)?;
    /// assert_eq!(db.indexes()[0].field, "city");
    /// # Ok(())
    /// # }
    /// ```
    pub fn indexes(&self) -> Vec<IndexInfo> {
        self.engine().index_infos()
    }

    /// Waits until an index is ready, and helps to build it; `told` hears now and then how far it is.
    ///
    /// Errors: `not_found` when there is none, `cancelled` when it is dropped meanwhile, `closed`, and damage in the log.
    pub fn wait_for_index(
        &self,
        collection: &str,
        field: &str,
        kind: IndexKind,
        told: &mut dyn FnMut(&IndexInfo),
    ) -> Result<IndexInfo> {
        let engine = self.engine();
        let wanted = IndexDefinition::new(collection, field, kind)?;
        let missing = || Error::new(ErrorCode::NotFound, format!("there is no {wanted}"));
        let index = engine.secondary.covering(&wanted).ok_or_else(missing)?;
        engine.build(&index, &mut |index| told(&engine.info_of(index, &wanted)))?;
        Ok(engine.info_of(&index, &wanted))
    }
}

impl Engine {
    /// How an index stands for one of the definitions that it covers; that of a search may cover several.
    fn info_of(&self, index: &Index, wanted: &IndexDefinition) -> IndexInfo {
        let is_shared = index.definition.search_rule().is_some();
        let definition = if is_shared { wanted } else { &index.definition };
        index.info(definition, self.secondary.followed(), self.published.size())
    }

    /// All indexes as they stand, by collection and field.
    pub(crate) fn index_infos(&self) -> Vec<IndexInfo> {
        let definitions = self.secondary.definitions();
        let mut infos = Vec::new();
        for index in self.secondary.all() {
            let shared = definitions.present().map(|(_, definition)| definition).filter(|definition| {
                let is_logged = matches!(index.id, IndexId::Logged(_)) && index.definition.search_rule().is_some();
                is_logged && definition.search_rule().is_some() && definition.collection == index.definition.collection
            });
            let before = infos.len();
            infos.extend(shared.map(|definition| self.info_of(&index, definition)));
            if infos.len() == before {
                infos.push(self.info_of(&index, &index.definition));
            }
        }
        infos.sort_by(|a, b| {
            let key = |info: &IndexInfo| (info.collection.clone(), info.field.clone(), info.kind.to_string());
            key(a).cmp(&key(b))
        });
        infos
    }

    /// Operations that the ready indexes do not cover.
    pub(crate) fn index_lag(&self) -> u64 {
        let has_ready = self.secondary.all().iter().any(|index| index.is_ready());
        if has_ready { self.published.size().saturating_sub(self.secondary.followed()) } else { 0 }
    }

    fn drop_alike(&self, wanted: &IndexDefinition) -> Result<bool> {
        let definitions = self.secondary.definitions();
        let alike = definitions.present().filter(|(_, definition)| definition.is_alike(wanted));
        let numbers: Vec<u64> = alike.map(|(number, _)| number).collect();
        for number in &numbers {
            commit::commit_catalogue(self, CatalogueChange::Drop(*number))?;
        }
        let is_automatic =
            |index: &Arc<Index>| matches!(index.id, IndexId::Automatic(_)) && index.definition.is_alike(wanted);
        let automatic: Vec<_> = self.secondary.all().into_iter().filter(is_automatic).collect();
        for index in &automatic {
            self.secondary.bar(index);
        }
        if !numbers.is_empty() {
            // What is left of a search is an index of its own.
            self.schedule_builds();
        }
        Ok(!numbers.is_empty() || !automatic.is_empty())
    }
}

impl super::Secondary {
    /// The index that answers what another one would.
    pub(super) fn find(&self, wanted: &IndexDefinition) -> Option<Arc<Index>> {
        self.of(&wanted.collection).into_iter().find(|index| index.definition.is_same(wanted))
    }
}
