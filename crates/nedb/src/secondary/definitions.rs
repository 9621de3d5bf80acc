//! The definitions that the log names, with the moments at which they apply.
//!
//! ```text
//! created at seq a            dropped at seq b
//!        |----- in force AS OF t: a <= t < b -----|
//! ```
//! Promises: it is a function of the catalogue records alone. A definition that changes answers is kept after it was
//! dropped, because questions about the time before have to be answered by it. Leaves to others: the entries.

use std::collections::BTreeMap;

use nedb_log::{CATALOGUE_INDEX_CREATED, CATALOGUE_INDEX_DROPPED, CATALOGUE_SIGNER, CatalogueRecord, IndexBody};
use nedb_types::{
    Collection, Error, ErrorCode, Result, Seq,
    codec::{Reader, Writer},
    limits::{INDEXES_MAX, INDEXES_PER_COLLECTION_MAX},
};

use super::{
    definition::{IndexDefinition, Subject},
    search_rule::SearchRule,
};

/// A change of the definitions, as a request asks for it.
#[derive(Clone, Debug)]
pub(crate) enum CatalogueChange {
    /// Defines an index, unless the same one is in force.
    Create(IndexDefinition),
    /// Drops the index of this catalogue record, unless it was dropped before.
    Drop(u64),
}

impl CatalogueChange {
    /// The kind and body of the record that says so.
    pub(crate) fn encode(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Create(definition) => {
                let body = definition.to_body().expect("only what has a stored form is defined by a record");
                (CATALOGUE_INDEX_CREATED, body.encode())
            }
            Self::Drop(number) => (CATALOGUE_INDEX_DROPPED, number.to_le_bytes().to_vec()),
        }
    }
}

/// A definition of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) definition: IndexDefinition,
    pub(crate) created_at: Seq,
    pub(crate) dropped: Option<Dropped>,
}

/// The end of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) at: Seq,
    /// The record that says so; zero when it is older than this process.
    pub(crate) number: u64,
}

/// Whose definitions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CatalogueMoment {
    /// Those of the records up to this number: what a look at the head finds.
    Number(u64),
    /// Those of the records that stand before operations below this seq: AS OF.
    Below(Seq),
}

impl Logged {
    fn is_in_force(&self, number: u64, moment: CatalogueMoment) -> bool {
        match moment {
            CatalogueMoment::Number(last) => number <= last && self.dropped.is_none_or(|dropped| dropped.number > last),
            CatalogueMoment::Below(end) => {
                self.created_at < end && self.dropped.is_none_or(|dropped| dropped.at >= end)
            }
        }
    }
}

/// All definitions of the log, by the number of the record that created each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Definitions {
    logged: BTreeMap<u64, Logged>,
    last_number: u64,
}

impl Definitions {
    /// The definitions in force now.
    pub(crate) fn present(&self) -> impl Iterator<Item = (u64, &IndexDefinition)> {
        let present = self.logged.iter().filter(|(_, logged)| logged.dropped.is_none());
        present.map(|(number, logged)| (*number, &logged.definition))
    }

    /// The indexes that answer what is in force now: one for each order, and one for the search of each collection, which
    /// covers all fields that its definitions name and goes by the number of the newest of them.
    pub(crate) fn indexes(&self) -> Vec<(u64, IndexDefinition)> {
        let mut searches: BTreeMap<&Collection, (u64, SearchRule)> = BTreeMap::new();
        let mut indexes = Vec::new();
        for (number, definition) in self.present() {
            match &definition.subject {
                Subject::Value { .. } | Subject::Causes => indexes.push((number, definition.clone())),
                Subject::Words(rule) => {
                    let rule = match searches.remove(&definition.collection) {
                        Some((_, before)) => before.with(rule),
                        None => rule.clone(),
                    };
                    searches.insert(&definition.collection, (number, rule));
                }
            }
        }
        indexes.extend(searches.into_iter().map(|(collection, (number, rule))| {
            (number, IndexDefinition { collection: collection.clone(), subject: Subject::Words(rule) })
        }));
        indexes
    }

    /// What SEARCH means in a collection: all that the definitions of the moment name, else every string.
    pub(crate) fn search_rule(&self, collection: &Collection, moment: CatalogueMoment) -> SearchRule {
        let of = |(number, logged): &(&u64, &Logged)| {
            logged.definition.collection == *collection && logged.is_in_force(**number, moment)
        };
        let rules = self.logged.iter().filter(of).filter_map(|(_, logged)| logged.definition.search_rule().cloned());
        rules.reduce(|before, rule| before.with(&rule)).unwrap_or(SearchRule::EVERY)
    }

    /// The number of the last record that was taken in, as far as it is known.
    pub(crate) const fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Whether a change has an effect, or why it is refused.
    pub(crate) fn check(&self, change: &CatalogueChange) -> Result<bool> {
        match change {
            CatalogueChange::Drop(number) => Ok(self.present().any(|(present, _)| present == *number)),
            CatalogueChange::Create(definition) => self.check_new(definition),
        }
    }

    fn check_new(&self, wanted: &IndexDefinition) -> Result<bool> {
        if self.present().any(|(_, present)| present.is_same(wanted)) {
            return Ok(false);
        }
        let is_search = |definition: &IndexDefinition| definition.search_rule().map(|rule| rule.stemming);
        let other = |present: &IndexDefinition| {
            present.collection == wanted.collection
                && is_search(present).zip(is_search(wanted)).is_some_and(|(a, b)| a != b)
        };
        if let Some((_, found)) = self.present().find(|(_, present)| other(present)) {
            let message =
                format!("there is a {found}: drop it first, a collection has one stemming for all its searches");
            return Err(Error::new(ErrorCode::AlreadyExists, message));
        }
        let of_collection = self.present().filter(|(_, present)| present.collection == wanted.collection).count();
        let limits = [
            (of_collection, INDEXES_PER_COLLECTION_MAX, "indexes of the collection", "INDEXES_PER_COLLECTION_MAX"),
            (self.present().count(), INDEXES_MAX, "indexes of the database", "INDEXES_MAX"),
        ];
        for (count, max, what, name) in limits {
            if count >= max {
                let code = ErrorCode::TooManyIndexes;
                return Err(Error::over_limit(code, what, name, max as u64, count as u64 + 1));
            }
        }
        Ok(true)
    }

    /// Takes a record of the catalogue in.
    ///
    /// Errors: `unknown_feature` for a kind that this version does not know, `corrupt` for a record that cannot be.
    pub(crate) fn apply(&mut self, record: &CatalogueRecord) -> Result<()> {
        self.last_number = record.number;
        match record.kind {
            CATALOGUE_SIGNER => Ok(()),
            CATALOGUE_INDEX_CREATED => {
                let definition = IndexDefinition::from_body(&IndexBody::decode(&record.body)?)?;
                let logged = Logged { definition, created_at: record.at_seq, dropped: None };
                self.logged.insert(record.number, logged);
                Ok(())
            }
            CATALOGUE_INDEX_DROPPED => {
                let mut body = Reader::new(&record.body, "dropped index");
                let number = body.u64()?;
                body.finish()?;
                self.drop_index(number, Dropped { at: record.at_seq, number: record.number })
            }
            kind => {
                let number = record.number;
                let message = format!("catalogue record {number} is of kind {kind}, which this version does not know");
                Err(Error::new(ErrorCode::UnknownFeature, message))
            }
        }
    }

    fn drop_index(&mut self, number: u64, dropped: Dropped) -> Result<()> {
        match self.logged.get_mut(&number) {
            Some(logged) if logged.dropped.is_none() => logged.dropped = Some(dropped),
            _ => return Err(Error::corrupt(format!("the catalogue drops index {number}, which is not in force"))),
        }
        // An order changes no answer, so that nobody asks for its past.
        let is_forgotten =
            |logged: &Logged| logged.dropped.is_some() && matches!(logged.definition.subject, Subject::Value { .. });
        if self.logged.get(&number).is_some_and(is_forgotten) {
            self.logged.remove(&number);
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.logged.is_empty()
    }

    /// The stored form, for a checkpoint.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.varint(self.logged.len() as u64);
        for (number, logged) in &self.logged {
            writer.u64(*number);
            writer.u64(logged.created_at.get());
            writer.u64(logged.dropped.map_or(u64::MAX, |dropped| dropped.at.get()));
            let body = logged.definition.to_body().map(|body| body.encode()).unwrap_or_default();
            writer.varint(body.len() as u64);
            writer.bytes(&body);
        }
        writer.into_bytes()
    }

    /// Reads the stored form.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, "index definitions section");
        let mut logged = BTreeMap::new();
        for _ in 0..reader.varint()? {
            let number = reader.u64()?;
            let created_at = Seq::new(reader.u64()?);
            let dropped = Some(reader.u64()?).filter(|at| *at != u64::MAX);
            let dropped = dropped.map(|at| Dropped { at: Seq::new(at), number: 0 });
            let length = reader.varint()?;
            let definition = IndexDefinition::from_body(&IndexBody::decode(reader.bytes(length)?)?)?;
            logged.insert(number, Logged { definition, created_at, dropped });
        }
        reader.finish()?;
        let last_number = logged.keys().next_back().copied().unwrap_or(0);
        Ok(Self { logged, last_number })
    }
}

#[cfg(test)]
mod tests {
    use nedb_log::CatalogueState;

    use super::*;

    fn create(fields: &str, kind: &str) -> CatalogueChange {
        CatalogueChange::Create(IndexDefinition::new("c", fields, kind.parse().unwrap()).unwrap())
    }

    fn log(definitions: &mut Definitions, state: &mut CatalogueState, at: u64, change: &CatalogueChange) {
        assert!(definitions.check(change).unwrap());
        let (kind, body) = change.encode();
        let record = state.record(Seq::new(at), kind, body);
        definitions.apply(&record).unwrap();
        *state = state.after(&record).unwrap();
    }

    #[test]
    fn a_search_is_answered_by_the_definition_of_its_moment() {
        let (mut definitions, mut state) = (Definitions::default(), CatalogueState::EMPTY);
        log(&mut definitions, &mut state, 5, &create("a", "search"));
        log(&mut definitions, &mut state, 9, &CatalogueChange::Drop(1));
        log(&mut definitions, &mut state, 9, &create("a", "search:english"));
        let collection = Collection::new("c").unwrap();
        let rule = |moment| definitions.search_rule(&collection, moment).to_string();
        let at = |t: u64| rule(CatalogueMoment::Below(Seq::new(t + 1)));
        assert_eq!([at(4), at(5), at(8), at(9)], ["*", "a", "a", "a by english stems"]);
        let head = |number| rule(CatalogueMoment::Number(number));
        assert_eq!([head(0), head(1), head(2), head(3)], ["*", "a", "*", "a by english stems"]);
        let read = Definitions::decode(&definitions.encode()).unwrap();
        assert_eq!(read.encode(), definitions.encode());
        assert_eq!(read.search_rule(&collection, CatalogueMoment::Number(3)).to_string(), "a by english stems");
    }

    #[test]
    fn a_collection_has_one_search_over_all_fields_that_were_named() {
        let (mut definitions, mut state) = (Definitions::default(), CatalogueState::EMPTY);
        log(&mut definitions, &mut state, 0, &create("b", "search"));
        log(&mut definitions, &mut state, 1, &create("a, b.c", "search"));
        let indexes = definitions.indexes();
        assert_eq!(indexes.len(), 1);
        assert_eq!((indexes[0].0, indexes[0].1.fields().as_str()), (2, "a, b"));
        let refused = definitions.check(&create("x", "search:english")).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::AlreadyExists);
        log(&mut definitions, &mut state, 2, &create("*", "search"));
        assert_eq!(definitions.indexes()[0].1.fields(), "*");
        log(&mut definitions, &mut state, 3, &CatalogueChange::Drop(3));
        assert_eq!(definitions.indexes(), indexes);
    }

    #[test]
    fn the_number_of_indexes_is_limited_by_name() {
        let (mut definitions, mut state) = (Definitions::default(), CatalogueState::EMPTY);
        for n in 0..INDEXES_PER_COLLECTION_MAX {
            log(&mut definitions, &mut state, 0, &create(&format!("f{n}"), "eq"));
        }
        let refused = definitions.check(&create("one_more", "eq")).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TooManyIndexes);
        assert!(!definitions.check(&create("f0", "ordered")).unwrap(), "the same index is no further one");
        log(&mut definitions, &mut state, 0, &CatalogueChange::Drop(7));
        assert!(definitions.check(&create("one_more", "eq")).unwrap());
    }

    #[test]
    fn a_kind_of_a_later_version_is_refused_by_number() {
        let record = CatalogueState::EMPTY.record(Seq::new(0), 9, Vec::new());
        let refused = Definitions::default().apply(&record).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::UnknownFeature);
        assert!(refused.message().contains("kind 9"));
    }
}
