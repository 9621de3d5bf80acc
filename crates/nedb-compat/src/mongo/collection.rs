//! The calls of a program: a client, its collections, and what can be done to one.

use nedb::{Database, IndexKind, QueryOptions, RESERVED_FIELDS};
use nedb_types::{Object, Result, Value};

use super::{
    aggregate::Pipeline,
    fault::{Refusal, refused, unsupported},
    filter::Filter,
    find::{self, Cursor, FindOptions},
    number::whole,
    path::Path,
    read::{ReadOptions, Reader},
    update::Update,
    write::{self, Change, Reach, Target, Updated, Upsert},
};

/// A database as programs for `MongoDB` see it.
///
/// ```
/// use nedb::{Database, Object};
/// use nedb_compat::mongo::Client;
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let people = Client::new(&db).collection("people");
/// let mut ada = Object::new();
/// ada.insert("_id", "ada");
/// people.insert_one(ada)?;
/// assert!(db.get("people", "ada")?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    db: Database,
}

impl Client {
    /// Takes a handle on the database.
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// A collection; it need not exist.
    pub fn collection(&self, name: impl Into<String>) -> Collection {
        Collection { db: self.db.clone(), name: name.into(), bounds: QueryOptions::new() }
    }
}

/// A collection as programs for `MongoDB` see it.
///
/// ```
/// use nedb::{Database, Object, Value};
/// use nedb_compat::mongo::{Client, FindOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let people = Client::new(&db).collection("people");
/// let mut ada = Object::new();
/// ada.insert("name", "Ada");
/// let id = people.insert_one(ada.clone())?;
/// assert!(matches!(id, Value::ObjectId(_)));
/// assert_eq!(people.count_documents(&ada, &FindOptions::new())?, 1);
/// assert_eq!(people.delete_many(&ada)?, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Collection {
    db: Database,
    name: String,
    /// What a write may take to find its documents.
    bounds: QueryOptions,
}

impl Collection {
    /// Lets the updates, replacements and deletes find their documents within the deadline, the cancellation and the memory of a
    /// query. What a write has found in time is written whole.
    ///
    /// ```
    /// use nedb::{CancelToken, Database, ErrorCode, Object, QueryOptions};
    /// use nedb_compat::mongo::Client;
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let token = CancelToken::new();
    /// let people = Client::new(&db).collection("people").within(QueryOptions::new().cancel(token.clone()));
    /// token.cancel();
    /// assert_eq!(people.delete_many(&Object::new()).unwrap_err().code(), ErrorCode::Cancelled);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn within(mut self, bounds: QueryOptions) -> Self {
        self.bounds = bounds;
        self
    }

    fn target(&self) -> Target<'_> {
        Target { db: &self.db, collection: &self.name, bounds: &self.bounds }
    }

    /// The documents that a filter keeps.
    ///
    /// Errors, also of those of the cursor: `query_timeout`, `cancelled` and `query_memory_exceeded` by the bounds of the options.
    pub fn find(&self, filter: &Object, options: &FindOptions) -> Result<Cursor> {
        find::find(&Reader::new(&self.db, &options.read)?, &self.name, filter, options)
    }

    /// The first document that a filter keeps.
    pub fn find_one(&self, filter: &Object, options: &FindOptions) -> Result<Option<Object>> {
        self.find(filter, &options.clone().limit(1))?.next().transpose()
    }

    /// How many documents a filter keeps; of the options, order and projection have no say.
    pub fn count_documents(&self, filter: &Object, options: &FindOptions) -> Result<u64> {
        find::count(&Reader::new(&self.db, &options.read)?, &self.name, filter, options)
    }

    /// The different values that a path leads to, in their order.
    pub fn distinct(&self, key: &str, filter: &Object, read: impl Into<ReadOptions>) -> Result<Vec<Value>> {
        find::distinct(&Reader::new(&self.db, &read.into())?, &self.name, key, filter)
    }

    /// What a pipeline makes of the documents.
    ///
    /// Errors, also of those of the cursor: `query_timeout`, `cancelled`, and `query_memory_exceeded` naming the stage.
    pub fn aggregate(&self, stages: &[Value], read: impl Into<ReadOptions>) -> Result<Cursor> {
        let pipeline = Pipeline::new(stages)?;
        let reader = Reader::new(&self.db, &read.into())?;
        Ok(Cursor::new(pipeline.run(&self.name, &reader)?, &reader))
    }

    /// Inserts a document and returns its `_id`, which is a new object id when it had none.
    ///
    /// Errors: `mongo_duplicate_key` when the `_id` is taken.
    pub fn insert_one(&self, document: Object) -> Result<Value> {
        self.insert_many(vec![document]).map(|ids| ids.into_iter().next().unwrap_or_default())
    }

    /// Inserts documents, all or none, and returns their `_id`s in order.
    pub fn insert_many(&self, documents: Vec<Object>) -> Result<Vec<Value>> {
        write::insert(&self.db, &self.name, documents)
    }

    /// Updates the first document that a filter keeps.
    pub fn update_one(&self, filter: &Object, update: &Object, upsert: Upsert) -> Result<Updated> {
        self.change((filter, Reach::First), &Change::Update(Update::new(update)?), upsert)
    }

    /// Updates all documents that a filter keeps, as they are at one moment, all or none.
    pub fn update_many(&self, filter: &Object, update: &Object, upsert: Upsert) -> Result<Updated> {
        self.change((filter, Reach::All), &Change::Update(Update::new(update)?), upsert)
    }

    /// Puts another document in the place of the first that a filter keeps; the `_id` stays.
    pub fn replace_one(&self, filter: &Object, replacement: &Object, upsert: Upsert) -> Result<Updated> {
        self.change((filter, Reach::First), &Change::replacement(replacement)?, upsert)
    }

    fn change(&self, (filter, reach): (&Object, Reach), change: &Change, upsert: Upsert) -> Result<Updated> {
        write::change(&self.target(), (&Filter::new(filter)?, reach), change, upsert)
    }

    /// Deletes the first document that a filter keeps; returns how many were deleted.
    pub fn delete_one(&self, filter: &Object) -> Result<u64> {
        write::delete(&self.target(), &Filter::new(filter)?, Reach::First)
    }

    /// Deletes all documents that a filter keeps, as they are at one moment, all or none; returns how many.
    pub fn delete_many(&self, filter: &Object) -> Result<u64> {
        write::delete(&self.target(), &Filter::new(filter)?, Reach::All)
    }

    /// Deletes every document; the history stays. Returns how many there were.
    pub fn drop_documents(&self) -> Result<u64> {
        self.db.drop_collection(&self.name)
    }

    /// Makes an index on one field, given as its path with 1 or -1, and returns its name.
    pub fn create_index(&self, keys: &Object) -> Result<String> {
        if keys.is_empty() {
            return Err(refused(Refusal::BadValue, "an index needs a field"));
        }
        let mut fields = keys.iter();
        let (Some((field, direction)), None) = (fields.next(), fields.next()) else {
            return Err(unsupported("an index on several fields"));
        };
        if let Value::String(kind) = direction {
            return Err(unsupported(format!("an index of the kind {kind:?}")));
        }
        let direction = whole(direction, "the direction of an index")?;
        if direction.abs() != 1 {
            return Err(refused(Refusal::BadValue, format!("the direction of an index is 1 or -1, not {direction}")));
        }
        let path = Path::checked(field)?;
        if field == "_id" {
            return Ok("_id_".to_owned());
        }
        if RESERVED_FIELDS.contains(&path.root()) || path.parts().iter().any(|part| part.index.is_some()) {
            return Err(unsupported(format!("an index on {field}")));
        }
        self.db.create_index(&self.name, field, IndexKind::Ordered)?;
        Ok(format!("{field}_{direction}"))
    }
}
