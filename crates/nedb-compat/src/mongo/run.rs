//! Calls as documents: what the daemon and the bindings hand over.
//!
//! A call names its `op` and `collection` and has the fields that the op takes; any other field is refused by name.

use nedb::{AsOf, Database, QueryOptions, Seq, Timestamp};
use nedb_types::{Object, Result, Value};

use super::{
    Client, Collection, Cursor, FindOptions, ReadOptions, Updated, Upsert,
    fault::{Refusal, refused, shown, unsupported},
    memory::document_bytes,
    number::{count, is_true, whole},
};

/// The fields that each op takes beside `op` and `collection`.
const OPS: [(&str, &[&str]); 14] = [
    ("find", &["filter", "projection", "sort", "skip", "limit", "as_of", "maxTimeMS"]),
    ("findOne", &["filter", "projection", "sort", "skip", "as_of", "maxTimeMS"]),
    ("count", &["filter", "skip", "limit", "as_of", "maxTimeMS"]),
    ("distinct", &["key", "filter", "as_of", "maxTimeMS"]),
    ("aggregate", &["pipeline", "as_of", "maxTimeMS"]),
    ("insertOne", &["document"]),
    ("insertMany", &["documents"]),
    ("updateOne", &["filter", "update", "upsert"]),
    ("updateMany", &["filter", "update", "upsert"]),
    ("replaceOne", &["filter", "replacement", "upsert"]),
    ("deleteOne", &["filter"]),
    ("deleteMany", &["filter"]),
    ("drop", &[]),
    ("createIndex", &["keys"]),
];

/// Does one call and returns its answer.
///
/// Errors: `mongo_refused` with MongoDB's number when the call is not well-formed, `mongo_duplicate_key`, `mongo_unsupported` naming
/// what is not there, and those of the engine: `query_timeout` when a read takes longer than its `maxTimeMS`.
///
/// ```
/// use nedb::Database;
/// use nedb_compat::mongo;
/// use nedb_types::document::{json_to_value, value_to_json};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let call = |json: &str| -> nedb::Result<String> {
///     let call = json_to_value(json.as_bytes())?;
///     value_to_json(&mongo::run(&db, call.as_object().expect("a call is an object"))?.into())
/// };
/// call(r#"{"op": "insertOne", "collection": "people", "document": {"_id": "ada", "born": 1815}}"#)?;
/// let answer = call(r#"{"op": "find", "collection": "people", "filter": {"born": {"$lt": 1900}}}"#)?;
/// assert_eq!(answer, r#"{"rows":[{"_id":"ada","born":1815}],"count":1,"seq":0}"#);
/// # Ok(())
/// # }
/// ```
pub fn run(db: &Database, call: &Object) -> Result<Object> {
    run_with(db, call, &QueryOptions::new())
}

/// Does one call, which keeps to the deadline, the cancellation and the memory of a query while it reads, also to find what it changes;
/// `maxTimeMS` of the call can only make the deadline an earlier one.
pub fn run_with(db: &Database, call: &Object, bounds: &QueryOptions) -> Result<Object> {
    let call = Call::new(db, call, bounds)?;
    match call.op {
        "find" | "aggregate" => rows(call.op, call.cursor()?),
        "findOne" => call.collection.find_one(&call.filter()?, &call.find_options()?).map(|found| {
            let doc = found.map_or(Value::Null, Value::Object);
            answer([("doc", doc)])
        }),
        "count" => {
            let count = call.collection.count_documents(&call.filter()?, &call.find_options()?)?;
            Ok(answer([("count", Value::from(count))]))
        }
        "distinct" => {
            let values = call.collection.distinct(call.text("key")?, &call.filter()?, call.read_options()?)?;
            Ok(answer([("values", Value::Array(values))]))
        }
        _ => write(&call),
    }
}

/// Begins a `find` or an `aggregate` whose documents are read as they are asked for.
///
/// ```
/// use nedb::{Body, Database, Object};
/// use nedb_compat::mongo;
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("people", "ada", Body::json("{}"))?;
/// let mut call = Object::new();
/// call.insert("op", "find");
/// call.insert("collection", "people");
/// assert_eq!(mongo::cursor(&db, &call)?.count(), 1);
/// # Ok(())
/// # }
/// ```
pub fn cursor(db: &Database, call: &Object) -> Result<Cursor> {
    cursor_with(db, call, &QueryOptions::new())
}

/// Begins a `find` or an `aggregate` with the bounds of [`run_with`].
pub fn cursor_with(db: &Database, call: &Object, bounds: &QueryOptions) -> Result<Cursor> {
    Call::new(db, call, bounds)?.cursor()
}

fn write(call: &Call<'_>) -> Result<Object> {
    let collection = &call.collection;
    Ok(match call.op {
        "insertOne" => {
            let id = collection.insert_one(call.object("document")?.clone())?;
            answer([("insertedId", id), ("acknowledged", Value::Bool(true))])
        }
        "insertMany" => {
            let ids = collection.insert_many(call.objects("documents")?)?;
            answer([("insertedIds", Value::Array(ids)), ("acknowledged", Value::Bool(true))])
        }
        "updateOne" => updated(collection.update_one(call.object("filter")?, call.update()?, call.upsert())?),
        "updateMany" => updated(collection.update_many(call.object("filter")?, call.update()?, call.upsert())?),
        "replaceOne" => {
            updated(collection.replace_one(call.object("filter")?, call.object("replacement")?, call.upsert())?)
        }
        "deleteOne" => deleted(collection.delete_one(call.object("filter")?)?),
        "deleteMany" => deleted(collection.delete_many(call.object("filter")?)?),
        "drop" => answer([("dropped", Value::from(collection.drop_documents()?))]),
        "createIndex" => answer([("name", Value::from(collection.create_index(call.object("keys")?)?))]),
        other => return Err(unsupported(format!("the op {other}"))),
    })
}

/// A call that was looked through.
struct Call<'c> {
    op: &'c str,
    collection: Collection,
    given: &'c Object,
    bounds: &'c QueryOptions,
}

impl<'c> Call<'c> {
    fn new(db: &Database, given: &'c Object, bounds: &'c QueryOptions) -> Result<Self> {
        let text = |name: &str| match given.get(name).and_then(Value::as_str) {
            Some(text) => Ok(text),
            None => Err(refused(Refusal::FailedToParse, format!("a call needs the string {name}"))),
        };
        let op = text("op")?;
        let Some((_, known)) = OPS.iter().find(|(known, _)| *known == op) else {
            return Err(unsupported(format!("the op {op}")));
        };
        let is_known = |name: &str| name == "op" || name == "collection" || known.contains(&name);
        if let Some(other) = given.keys().find(|name| !is_known(name)) {
            return Err(unsupported(format!("the option {other} of {op}")));
        }
        let collection = Client::new(db).collection(text("collection")?).within(bounds.clone());
        Ok(Self { op, collection, given, bounds })
    }

    /// A field that was given; null stands for none.
    fn value(&self, name: &str) -> Option<&'c Value> {
        self.given.get(name).filter(|value| **value != Value::Null)
    }

    fn refusal(&self, name: &str, what: &str) -> nedb_types::Error {
        refused(Refusal::FailedToParse, format!("the {name} of {} must be {what}", self.op))
    }

    fn text(&self, name: &str) -> Result<&'c str> {
        self.value(name).and_then(Value::as_str).ok_or_else(|| self.refusal(name, "a string"))
    }

    fn object(&self, name: &str) -> Result<&'c Object> {
        self.value(name).and_then(Value::as_object).ok_or_else(|| self.refusal(name, "an object"))
    }

    fn optional_object(&self, name: &str) -> Result<Option<&'c Object>> {
        self.value(name).map(|_| self.object(name)).transpose()
    }

    fn objects(&self, name: &str) -> Result<Vec<Object>> {
        let refusal = || self.refusal(name, "an array of objects");
        let values = self.value(name).and_then(Value::as_array).ok_or_else(refusal)?;
        values.iter().map(|value| value.as_object().cloned().ok_or_else(refusal)).collect()
    }

    fn filter(&self) -> Result<Object> {
        Ok(self.optional_object("filter")?.cloned().unwrap_or_default())
    }

    fn update(&self) -> Result<&'c Object> {
        if let Some(Value::Array(_)) = self.value("update") {
            return Err(unsupported("a pipeline as an update"));
        }
        self.object("update")
    }

    fn upsert(&self) -> Upsert {
        if self.value("upsert").is_some_and(is_true) { Upsert::Insert } else { Upsert::Nothing }
    }

    fn find_options(&self) -> Result<FindOptions> {
        let number = |name: &str| self.value(name).map(|value| count(value, name)).transpose();
        let mut options = FindOptions::new().as_of(self.as_of()?).within(self.bounds()?);
        options = options.skip(number("skip")?.unwrap_or_default()).limit(number("limit")?.unwrap_or_default());
        if let Some(projection) = self.optional_object("projection")? {
            options = options.projection(projection.clone());
        }
        if let Some(keys) = self.optional_object("sort")? {
            options = options.sort(keys.clone());
        }
        Ok(options)
    }

    /// The moment that is asked: a seq, -1, a datetime or its text.
    fn as_of(&self) -> Result<AsOf> {
        match self.value("as_of") {
            None => Ok(AsOf::Head),
            Some(Value::DateTime(at)) => Ok(AsOf::Time(*at)),
            Some(Value::String(text)) => Timestamp::parse(text).map(AsOf::Time),
            Some(number) => match whole(number, "as_of")? {
                seq if seq >= -1 => Ok(AsOf::from_number(seq)),
                _ => Err(refused(Refusal::BadValue, format!("as_of begins at -1, and is not {}", shown(number)))),
            },
        }
    }

    /// The bounds, with the deadline of the call where that is the earlier one; 0 sets none, as in `MongoDB`.
    fn bounds(&self) -> Result<QueryOptions> {
        let given = self.value("maxTimeMS").map(|value| count(value, "maxTimeMS")).transpose()?;
        Ok(match given {
            None | Some(0) => self.bounds.clone(),
            Some(millis) => self.bounds.clone().deadline_us_max(millis.saturating_mul(1000)),
        })
    }

    fn read_options(&self) -> Result<ReadOptions> {
        Ok(ReadOptions::from(self.as_of()?).within(self.bounds()?))
    }

    fn cursor(&self) -> Result<Cursor> {
        match self.op {
            "find" => self.collection.find(&self.filter()?, &self.find_options()?),
            "aggregate" => {
                let stages = self.value("pipeline").and_then(Value::as_array);
                let stages = stages.ok_or_else(|| self.refusal("pipeline", "an array of stages"))?;
                self.collection.aggregate(stages, self.read_options()?)
            }
            other => Err(unsupported(format!("a cursor over {other}"))),
        }
    }
}

fn answer<const N: usize>(fields: [(&str, Value); N]) -> Object {
    let mut answer = Object::new();
    for (name, value) in fields {
        answer.insert(name, value);
    }
    answer
}

fn rows(op: &str, cursor: Cursor) -> Result<Object> {
    let seq = seq_number(cursor.seq());
    let (mut rows, mut budget) = (Vec::new(), cursor.budget());
    for document in cursor {
        let document = document?;
        budget.grow(document_bytes(&document))?;
        rows.push(Value::Object(document));
    }
    let count = Value::from(rows.len() as u64);
    let mut answer = answer([("rows", Value::Array(rows)), ("count", count)]);
    if op == "find" {
        answer.insert("seq", seq);
    }
    Ok(answer)
}

/// A seq as answers have it: -1 when there is none.
fn seq_number(seq: Option<Seq>) -> Value {
    seq.map_or(Value::from(-1), |seq| Value::from(seq.get()))
}

fn updated(done: Updated) -> Object {
    answer([
        ("matchedCount", Value::from(done.matched)),
        ("modifiedCount", Value::from(done.modified)),
        ("upsertedId", done.upserted_id.unwrap_or_default()),
    ])
}

fn deleted(count: u64) -> Object {
    answer([("deletedCount", Value::from(count))])
}
