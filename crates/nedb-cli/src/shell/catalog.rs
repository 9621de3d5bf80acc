//! The names that a database has: collections, fields and relations, for completion and for `.fields`.
//!
//! Names are sampled from a bounded part of the database, as of the moment of the session, and kept. What is not in the
//! sample is not proposed; it can be asked for all the same.

use std::collections::{BTreeMap, BTreeSet};

use nedb::{AsOf, ScanRange, Seq, Value};
use nedb_nql::Selection;
use nedb_types::{FieldPath, PathStep, Result};

use crate::subject::Opened;

/// Documents of a collection that are looked at for their fields.
const SAMPLE_DOCUMENTS: u64 = 64;

/// Fields that are kept of a collection, and how deep they may lie.
const FIELDS_MAX: usize = 512;
const DEPTH_MAX: usize = 4;

/// Newest operations that are looked at for relations.
const SAMPLE_OPERATIONS: u64 = 4096;

/// Fields that every row has, or may be asked for.
const SYSTEM_FIELDS: [&str; 4] = ["_id", "_score", "_seq", "_ts"];

/// What some documents of a collection have.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// How many were looked at.
    pub documents: u64,
    /// Their fields by path, as it stands in a query.
    pub fields: BTreeMap<String, Field>,
}

/// One field of a sample.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The types of its values.
    pub types: BTreeSet<&'static str>,
    /// How many documents have it.
    pub documents: u64,
}

/// Names, kept once they were looked up.
pub struct Catalog {
    db: Opened,
    moment: AsOf,
    samples: BTreeMap<String, Sample>,
    relations: Option<Vec<String>>,
    params: Vec<String>,
}

impl Catalog {
    /// Begins without any name.
    pub fn new(db: Opened, moment: AsOf) -> Self {
        Self { db, moment, samples: BTreeMap::new(), relations: None, params: Vec::new() }
    }

    /// Says which parameters have a value.
    pub fn set_params(&mut self, params: Vec<String>) {
        self.params = params;
    }

    /// The parameters with their `$`.
    pub fn params(&self) -> Vec<String> {
        self.params.iter().map(|name| format!("${name}")).collect()
    }

    /// The collections.
    pub fn collections(&self) -> Vec<String> {
        // What cannot be read is said where it is asked for; a completion has nothing to propose then.
        let counted = self.db.counted_collections().unwrap_or_default();
        counted.into_iter().map(|(name, _)| name).collect()
    }

    /// The fields of a collection, in order.
    pub fn fields(&mut self, collection: &str) -> Vec<String> {
        let sample = self.sample(collection).unwrap_or_default();
        let system = SYSTEM_FIELDS.iter().map(|name| (*name).to_owned());
        let fields: BTreeSet<String> = sample.fields.into_keys().chain(system).collect();
        fields.into_iter().collect()
    }

    /// What some documents of a collection have.
    pub fn sample(&mut self, collection: &str) -> Result<Sample> {
        if let Some(known) = self.samples.get(collection) {
            return Ok(known.clone());
        }
        let mut sample = Sample::default();
        let range = ScanRange::all().limit(SAMPLE_DOCUMENTS);
        for record in self.db.scan(collection, &range, self.moment)? {
            sample.documents += 1;
            let mut found = BTreeMap::new();
            collect(&record?.mirrored()?.as_document().to_value()?, &mut Vec::new(), &mut found);
            sample.add(found);
        }
        self.samples.insert(collection.to_owned(), sample.clone());
        Ok(sample)
    }

    /// The relations that recent operations name.
    pub fn relations(&mut self) -> Vec<String> {
        let known = self.relations.get_or_insert_with(|| {
            // As with collections: nothing to propose where nothing can be read.
            let size = self.db.tree().map_or(0, |tree| tree.size);
            let after = size.checked_sub(SAMPLE_OPERATIONS + 1).map(Seq::new);
            let names = self
                .db
                .since(after, SAMPLE_OPERATIONS)
                .filter_map(|entry| Some(entry.ok()?.get("relation")?.as_str()?.to_owned()));
            names.collect::<BTreeSet<String>>().into_iter().collect()
        });
        known.clone()
    }
}

impl Sample {
    fn add(&mut self, found: BTreeMap<String, &'static str>) {
        for (path, name) in found {
            if self.fields.len() >= FIELDS_MAX && !self.fields.contains_key(&path) {
                continue;
            }
            let field = self.fields.entry(path).or_default();
            field.types.insert(name);
            field.documents += 1;
        }
    }
}

/// Collects the paths of a document with the types of their values; of an array, the first element stands for all.
fn collect(value: &Value, path: &mut Vec<PathStep>, found: &mut BTreeMap<String, &'static str>) {
    if !path.is_empty()
        && let Ok(path) = FieldPath::from_steps(path.clone())
    {
        found.insert(path_text(path), value.type_name());
    }
    if path.len() >= DEPTH_MAX || found.len() >= FIELDS_MAX {
        return;
    }
    let mut inside = |step: PathStep, value: &Value| {
        path.push(step);
        collect(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| inside(PathStep::Field(name.to_owned()), value));
        }
        Value::Array(items) => items.iter().take(1).for_each(|value| inside(PathStep::Index(0), value)),
        _ => {}
    }
}

/// A path as it stands in a query.
fn path_text(path: FieldPath) -> String {
    Selection::Fields(vec![path]).to_string()
}

#[cfg(test)]
mod tests {
    use nedb::{Body, Database};

    use super::*;

    fn catalog() -> Catalog {
        let db = Database::in_memory().unwrap();
        let ada = r#"{"name": "Ada", "home": {"city": "London"}, "tags": [{"a b": 1}, 2]}"#;
        db.put("people", "ada", Body::json(ada)).unwrap();
        db.put("people", "bob", Body::json(r#"{"name": null}"#)).unwrap();
        db.link("people:ada", "knows", "people:bob").unwrap();
        Catalog::new(Opened::Directory(db), AsOf::Head)
    }

    #[test]
    fn fields_are_paths_as_a_query_writes_them() {
        let fields = catalog().fields("people");
        let expected =
            ["_id", "_score", "_seq", "_ts", "home", "home.city", "name", "tags", "tags[0]", "tags[0].`a b`"];
        assert_eq!(fields, expected);
        assert_eq!(catalog().fields("nothing"), SYSTEM_FIELDS);
    }

    #[test]
    fn a_sample_counts_types_and_documents() {
        let sample = catalog().sample("people").unwrap();
        let name = &sample.fields["name"];
        assert_eq!((sample.documents, name.documents), (2, 2));
        assert_eq!(name.types.iter().copied().collect::<Vec<_>>(), ["null", "string"]);
    }

    #[test]
    fn relations_come_from_recent_links() {
        assert_eq!(catalog().relations(), ["knows"]);
        assert_eq!(catalog().collections(), ["people"]);
    }

    #[test]
    fn the_fields_of_a_past_moment_are_those_it_had() {
        let db = catalog().db;
        let mut before = Catalog::new(db, AsOf::Empty);
        assert_eq!(before.sample("people").unwrap().documents, 0);
    }
}
