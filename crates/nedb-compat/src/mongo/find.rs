//! Finds: which documents, in which order, how many, and what of them.

use std::{collections::BTreeSet, sync::Arc};

use nedb::{AsOf, QueryBounds, QueryOptions, Seq};
use nedb_types::{Object, Result, Value};

use super::{
    aggregate::{Documents, limited, skipped, sorted},
    filter::Filter,
    index_order::from_index,
    memory::Budget,
    order::Ordered,
    path::{Leaf, Path},
    projection::Projection,
    read::{ReadOptions, Reader},
    sort::SortKeys,
};

/// What a find gives of the documents that its filter keeps. Without an order they come by id.
///
/// ```
/// use nedb::{Database, Object};
/// use nedb_compat::mongo::{Client, FindOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let people = Client::new(&db).collection("people");
/// for born in [1906, 1815] {
///     let mut person = Object::new();
///     person.insert("born", born);
///     people.insert_one(person)?;
/// }
/// let mut by_birth = Object::new();
/// by_birth.insert("born", 1);
/// let mut first = people.find(&Object::new(), &FindOptions::new().sort(by_birth).limit(1))?;
/// let first = first.next().expect("there is one")?;
/// assert_eq!(first.get("born").and_then(|born| born.as_i64()), Some(1815));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct FindOptions {
    projection: Option<Object>,
    sort: Option<Object>,
    skip: u64,
    limit: Option<u64>,
    pub(super) read: ReadOptions,
}

impl FindOptions {
    /// Everything: all documents, whole, as they are now.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which fields the documents have in the answer.
    #[must_use]
    pub fn projection(mut self, projection: Object) -> Self {
        self.projection = Some(projection);
        self
    }

    /// The order: paths, each with 1 or -1, the most important one first.
    #[must_use]
    pub fn sort(mut self, keys: Object) -> Self {
        self.sort = Some(keys);
        self
    }

    /// How many documents are passed over first.
    #[must_use]
    pub fn skip(mut self, documents: u64) -> Self {
        self.skip = documents;
        self
    }

    /// How many documents at most; 0 sets no limit.
    #[must_use]
    pub fn limit(mut self, documents: u64) -> Self {
        self.limit = (documents > 0).then_some(documents);
        self
    }

    /// The moment that is asked.
    #[must_use]
    pub fn as_of(mut self, moment: impl Into<AsOf>) -> Self {
        self.read = self.read.as_of(moment);
        self
    }

    /// The deadline, the cancellation and the memory of the call; see [`ReadOptions::within`].
    #[must_use]
    pub fn within(mut self, bounds: QueryOptions) -> Self {
        self.read = self.read.within(bounds);
        self
    }
}

/// The documents of an answer, read as they are asked for; an iterator that ends with the first error.
///
/// ```
/// use nedb::{Body, Database, Object};
/// use nedb_compat::mongo::{Client, FindOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("people", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let found = Client::new(&db).collection("people").find(&Object::new(), &FindOptions::new())?;
/// assert_eq!(found.seq().map(|seq| seq.get()), Some(0));
/// assert_eq!(found.count(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Cursor {
    documents: Documents,
    bounds: Arc<QueryBounds>,
    seq: Option<Seq>,
    is_done: bool,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cursor").field("seq", &self.seq).field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

impl Cursor {
    pub(super) fn new(documents: Documents, reader: &Reader) -> Self {
        Self { documents, bounds: Arc::clone(reader.bounds()), seq: reader.seq(), is_done: false }
    }

    /// The account of who keeps all the documents.
    pub(super) fn budget(&self) -> Budget {
        Budget::within("the answer", &self.bounds)
    }

    /// The last operation that the answer includes.
    pub fn seq(&self) -> Option<Seq> {
        self.seq
    }
}

impl Iterator for Cursor {
    type Item = Result<Object>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let next = match self.bounds.check() {
            Ok(()) => self.documents.next(),
            Err(error) => Some(Err(error)),
        };
        self.is_done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Begins a find.
pub(super) fn find(reader: &Reader, collection: &str, filter: &Object, options: &FindOptions) -> Result<Cursor> {
    let filter = Filter::new(filter)?;
    let keys = options.sort.as_ref().filter(|keys| !keys.is_empty()).map(SortKeys::new).transpose()?;
    let projection = options.projection.as_ref().map(Projection::new).transpose()?;
    let wanted = options.limit.map(|limit| limit.saturating_add(options.skip));
    let mut documents = match keys {
        None => all(reader, collection, filter, wanted)?,
        Some(keys) => in_order(reader, collection, filter, keys, wanted)?,
    };
    if options.skip > 0 {
        documents = skipped(documents, options.skip);
    }
    if let Some(limit) = options.limit {
        documents = limited(documents, limit);
    }
    if let Some(projection) = projection {
        let budget = reader.budget("the projection");
        documents = Box::new(documents.map(move |document| projection.apply(document?, budget.passing())));
    }
    Ok(Cursor::new(documents, reader))
}

/// The documents that a filter keeps, by id.
pub(super) fn all(reader: &Reader, collection: &str, filter: Filter, wanted: Option<u64>) -> Result<Documents> {
    Ok(Box::new(reader.find(collection, filter, wanted)?.map(|found| Ok(found?.fields))))
}

/// The documents in order: from an index where only some are wanted and there is one, else sorted.
pub(super) fn in_order(
    reader: &Reader,
    collection: &str,
    filter: Filter,
    keys: SortKeys,
    wanted: Option<u64>,
) -> Result<Documents> {
    if let Some(wanted) = wanted
        && let Some(documents) = from_index(reader, collection, &filter, &keys, wanted)?
    {
        return Ok(documents);
    }
    sorted(all(reader, collection, filter, None)?, keys, wanted, reader)
}

/// Counts what a find would give.
pub(super) fn count(reader: &Reader, collection: &str, filter: &Object, options: &FindOptions) -> Result<u64> {
    let filter = Filter::new(filter)?;
    let whole = if filter.is_empty() {
        reader.count(collection)?
    } else {
        let wanted = options.limit.map(|limit| limit.saturating_add(options.skip));
        let matches = reader.find(collection, filter, wanted)?;
        let mut count = 0;
        for found in matches.take(wanted.and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(usize::MAX)) {
            found?;
            count += 1;
        }
        count
    };
    let behind = whole.saturating_sub(options.skip);
    Ok(options.limit.map_or(behind, |limit| behind.min(limit)))
}

/// The different values that a path leads to, in their order; an array counts by its elements.
pub(super) fn distinct(reader: &Reader, collection: &str, key: &str, filter: &Object) -> Result<Vec<Value>> {
    let (path, filter) = (Path::checked(key)?, Filter::new(filter)?);
    let (mut values, mut budget) = (BTreeSet::new(), reader.budget("distinct"));
    for found in reader.find(collection, filter, None)? {
        let mut given = Vec::new();
        path.any(&found?.fields, Leaf::Members, |value| {
            given.extend(value.cloned().map(Ordered));
            false
        });
        for value in given {
            if !values.contains(&value) {
                budget.grow(value.0.memory_bytes())?;
                values.insert(value);
            }
        }
    }
    Ok(values.into_iter().map(|value| value.0).collect())
}
