//! Writes: each call is one transaction of the engine.
//!
//! An update, a replacement and a delete read a snapshot and write with the seqs that they read as preconditions; when another writer was
//! quicker, they read again, and after a few losses wait for the other calls on the collection. An insert demands that its `_id`s are
//! free. All of a call happens or none.

use std::collections::BTreeSet;

use nedb::{Database, Expected, Op, QueryBounds, QueryOptions, WriteBatch};
use nedb_types::{Error, ErrorCode, Object, Result, Value};

use super::{
    document::{Found, body, check_names, divided, with_id_first},
    fault::{Refusal, duplicate_key, refused, shown},
    filter::Filter,
    memory::document_bytes,
    order::equals,
    read::{ReadOptions, Reader},
    update::{Occasion, Update, equalities},
};
use crate::optimistic::{self, add};

/// The collection that a write is about, and the bounds of what it reads.
pub(super) struct Target<'c> {
    pub(super) db: &'c Database,
    pub(super) collection: &'c str,
    pub(super) bounds: &'c QueryOptions,
}

/// How many of the documents that a filter keeps a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    First,
    All,
}

/// What an update did.
///
/// ```
/// use nedb::{Database, Object, Value};
/// use nedb_compat::mongo::{Client, Upsert};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let counters = Client::new(&db).collection("counters");
/// let (mut filter, mut update, mut step) = (Object::new(), Object::new(), Object::new());
/// filter.insert("_id", "visits");
/// step.insert("n", 1);
/// update.insert("$inc", step);
/// let first = counters.update_one(&filter, &update, Upsert::Insert)?;
/// assert_eq!((first.matched, first.upserted_id), (0, Some(Value::from("visits"))));
/// let second = counters.update_one(&filter, &update, Upsert::Insert)?;
/// assert_eq!((second.matched, second.modified, second.upserted_id), (1, 1, None));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Updated {
    /// Documents that the filter kept.
    pub matched: u64,
    /// Documents that are different now.
    pub modified: u64,
    /// The `_id` of the document that was inserted because there was none.
    pub upserted_id: Option<Value>,
}

/// What happens when the filter of an update keeps no document.
///
/// ```
/// assert_eq!(nedb_compat::mongo::Upsert::default(), nedb_compat::mongo::Upsert::Nothing);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upsert {
    /// Nothing.
    #[default]
    Nothing,
    /// A document is inserted, made of the filter's equalities and the update.
    Insert,
}

/// What is put in the place of a document.
pub(super) enum Change {
    Update(Update),
    Replacement(Object),
}

impl Change {
    /// Reads a replacement, which has no operators.
    pub(super) fn replacement(document: &Object) -> Result<Self> {
        match document.keys().next().filter(|name| name.starts_with('$')) {
            Some(name) => {
                Err(refused(Refusal::FailedToParse, format!("a replacement has fields, not operators such as {name}")))
            }
            None => check_names(document, &Object::new()).map(|()| Self::Replacement(document.clone())),
        }
    }

    /// The document as the change makes it, with the `_id` that it had.
    fn changed(&self, found: &Found) -> Result<Object> {
        let id = found.fields.get("_id").cloned().unwrap_or_default();
        match self {
            Self::Update(update) => {
                let mut changed = found.fields.clone();
                update.apply(&mut changed, Occasion::Update)?;
                check_id(&id, changed.get("_id"))?;
                changed.insert("_id", id);
                check_names(&changed, &found.fields)?;
                Ok(changed)
            }
            Self::Replacement(document) => {
                if let Some(given) = document.get("_id") {
                    check_id(&id, Some(given))?;
                }
                with_id_first(id, document.clone())
            }
        }
    }

    /// The document that an upsert makes; it may have no `_id`.
    fn inserted(&self, filter: &Filter) -> Result<Object> {
        let mut document = equalities(filter)?;
        match self {
            Self::Update(update) => {
                let id = document.get("_id").cloned();
                update.apply(&mut document, Occasion::Insert)?;
                if let Some(id) = id {
                    check_id(&id, document.get("_id"))?;
                }
                Ok(document)
            }
            Self::Replacement(replacement) => match (document.get("_id"), replacement.get("_id")) {
                (Some(id), None) => with_id_first(id.clone(), replacement.clone()),
                (Some(id), given) => check_id(id, given).map(|()| replacement.clone()),
                (None, _) => Ok(replacement.clone()),
            },
        }
    }
}

/// Refuses another `_id`; equal numbers are one.
fn check_id(id: &Value, now: Option<&Value>) -> Result<()> {
    if now.is_some_and(|now| equals(now, id)) {
        return Ok(());
    }
    Err(refused(Refusal::ImmutableField, format!("the _id {} cannot be changed", shown(id))))
}

/// Inserts documents, and returns their `_id`s; one without gets an object id.
pub(super) fn insert(db: &Database, collection: &str, documents: Vec<Object>) -> Result<Vec<Value>> {
    if documents.is_empty() {
        return Err(refused(Refusal::BadValue, "an insert needs at least one document"));
    }
    let mut batch = WriteBatch::with_capacity(documents.len());
    let (mut ids, mut keys) = (Vec::with_capacity(documents.len()), BTreeSet::new());
    for document in documents {
        let (id, key, body) = identified(db, document)?;
        if !keys.insert(key.clone()) {
            return Err(duplicate_key(collection, &id));
        }
        batch.push(Op::put(collection, key, body).if_seq(Expected::Missing));
        ids.push(id);
    }
    match db.write(batch) {
        Ok(_receipt) => Ok(ids),
        Err(error) if error.code() == ErrorCode::PreconditionFailed => Err(taken(collection, &ids, error)),
        Err(error) => Err(error),
    }
}

/// The refusal of the first document whose `_id` is taken.
fn taken(collection: &str, ids: &[Value], error: Error) -> Error {
    let first = match error.detail() {
        nedb_types::Detail::Preconditions(failures) => {
            failures.first().and_then(|failure| usize::try_from(failure.index).ok())
        }
        _ => None,
    };
    let id = first.and_then(|first| ids.get(first)).cloned().unwrap_or_default();
    duplicate_key(collection, &id).with_source(error)
}

/// Gives a document an `_id` when it has none, and divides it.
fn identified(db: &Database, mut document: Object) -> Result<(Value, Vec<u8>, Object)> {
    let id = document.get("_id").cloned().unwrap_or_else(|| Value::ObjectId(db.new_object_id()));
    document.insert("_id", id.clone());
    let (key, body) = divided(document)?;
    Ok((id, key, body))
}

/// Changes documents.
pub(super) fn change(
    target: &Target<'_>,
    (filter, reach): (&Filter, Reach),
    change: &Change,
    upsert: Upsert,
) -> Result<Updated> {
    let Target { db, collection, .. } = *target;
    retried(target, |reader| {
        let (mut batch, mut done) = (WriteBatch::new(), Updated::default());
        let mut budget = reader.budget("the update");
        for found in matches(reader, collection, filter, reach)? {
            let found = found?;
            let changed = change.changed(&found)?;
            done.matched += 1;
            if changed != found.fields {
                done.modified += 1;
                budget.grow(document_bytes(&changed))?;
                add(&mut batch, put(collection, &found, changed))?;
            }
        }
        if done.matched == 0 && upsert == Upsert::Insert {
            let (id, key, body) = identified(db, change.inserted(filter)?)?;
            if reader.has(collection, &key)? {
                return Err(duplicate_key(collection, &id));
            }
            batch.push(Op::put(collection, key, body).if_seq(Expected::Missing));
            done.upserted_id = Some(id);
        }
        Ok((batch, done))
    })
}

/// Deletes documents, and returns how many.
pub(super) fn delete(target: &Target<'_>, filter: &Filter, reach: Reach) -> Result<u64> {
    let collection = target.collection;
    retried(target, |reader| {
        let (mut batch, mut deleted) = (WriteBatch::new(), 0);
        let mut budget = reader.budget("the delete");
        for found in matches(reader, collection, filter, reach)? {
            let found = found?;
            budget.grow(found.key.len() + size_of::<Op>())?;
            deleted += 1;
            add(&mut batch, Op::delete(collection, found.key).if_seq(Expected::Seq(found.seq)))?;
        }
        Ok((batch, deleted))
    })
}

fn matches(
    reader: &Reader,
    collection: &str,
    filter: &Filter,
    reach: Reach,
) -> Result<impl Iterator<Item = Result<Found>>> {
    let (wanted, most) = if reach == Reach::First { (Some(1), 1) } else { (None, usize::MAX) };
    Ok(reader.find(collection, filter.clone(), wanted)?.take(most))
}

/// A new version of a document that was read, with the lifetime and the valid time of the old one.
fn put(collection: &str, found: &Found, changed: Object) -> Op {
    found.times.on(Op::put(collection, &found.key, body(&found.key, changed)).if_seq(Expected::Seq(found.seq)))
}

/// Reads, decides and writes, again while another writer comes in between; one deadline holds for all of it.
fn retried<T>(target: &Target<'_>, mut decide: impl FnMut(&Reader) -> Result<(WriteBatch, T)>) -> Result<T> {
    let Target { db, collection, bounds } = *target;
    let conflict = |message| refused(Refusal::WriteConflict, message);
    let bounds = QueryBounds::begin(&db.snapshot(), bounds);
    let read = || {
        bounds.check()?;
        decide(&Reader::new(db, &ReadOptions::new().within(bounds.remaining()))?)
    };
    let (done, _last_seq) = optimistic::retried(db, collection, conflict, read)?;
    Ok(done)
}
