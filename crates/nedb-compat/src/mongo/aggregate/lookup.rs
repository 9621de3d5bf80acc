//! `$lookup`: the documents of another collection that are equal in one field.
//!
//! Documents come in batches; one find for all values of a batch asks the other collection, so that an index serves it and a scan is
//! shared. An array in the local field stands for its elements, a missing field for null.

use std::collections::{BTreeMap, BTreeSet};

use nedb_types::{Object, Result, Value};

use super::Documents;
use crate::mongo::{
    fault::{Refusal, refused, unsupported},
    filter::{Condition, Filter},
    memory::{Budget, document_bytes},
    order::{Members, Ordered},
    path::{Leaf, Path},
    read::Reader,
};

/// How many documents are looked up together: a find of so many values is still planned in a moment.
const BATCH_DOCUMENTS: usize = 256;

/// A `$lookup` that was read.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    from: String,
    local: Path,
    foreign: Path,
    into: String,
}

impl Lookup {
    /// Reads the operand of `$lookup`.
    pub(super) fn new(given: &Value) -> Result<Self> {
        let refusal = |what: String| refused(Refusal::FailedToParse, format!("$lookup needs {what}"));
        let object = given.as_object().ok_or_else(|| refusal("an object".to_owned()))?;
        let known = ["from", "localField", "foreignField", "as"];
        if let Some(other) = object.keys().find(|name| !known.contains(name)) {
            return Err(unsupported(format!("the option {other} of $lookup")));
        }
        let text = |name: &str| match object.get(name).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(refusal(format!("the string {name}"))),
        };
        let into = text("as")?;
        if into.contains('.') || into.starts_with('$') {
            return Err(unsupported(format!("the path {into} in the as of $lookup")));
        }
        Ok(Self {
            from: text("from")?.to_owned(),
            local: Path::checked(text("localField")?)?,
            foreign: Path::checked(text("foreignField")?)?,
            into: into.to_owned(),
        })
    }

    /// Adds to each document those that it is equal to.
    pub(super) fn run(self, documents: Documents, reader: Reader) -> Documents {
        let mut batches = Batches { lookup: self, reader, documents, ready: Vec::new().into_iter() };
        Box::new(std::iter::from_fn(move || batches.next().transpose()))
    }

    /// The values that a document is looked up by.
    fn values(&self, document: &Object) -> Vec<Value> {
        let mut values = Vec::new();
        self.local.any(document, Leaf::Members, |value| {
            values.push(value.cloned().unwrap_or_default());
            false
        });
        values
    }

    /// The documents of the other collection that any document of a batch is equal to.
    fn found(&self, reader: &Reader, wanted: &Members, budget: &mut Budget) -> Result<Vec<Object>> {
        let filter = Filter::Field(self.foreign.clone(), Condition::In(wanted.clone()));
        let mut found = Vec::new();
        for row in reader.find(&self.from, filter, None)? {
            let fields = row?.fields;
            budget.grow(document_bytes(&fields))?;
            found.push(fields);
        }
        Ok(found)
    }

    fn join(&self, reader: &Reader, batch: Vec<Object>) -> Result<Vec<Object>> {
        let values: Vec<Vec<Value>> = batch.iter().map(|document| self.values(document)).collect();
        let wanted = Members::new(values.iter().flatten().cloned().collect());
        let found = self.found(reader, &wanted, &mut Budget::default())?;
        let mut by_value: BTreeMap<Ordered, Vec<usize>> = BTreeMap::new();
        for (position, document) in found.iter().enumerate() {
            self.foreign.any(document, Leaf::Elements, |value| {
                let value = value.cloned().unwrap_or_default();
                if wanted.contains(&value) {
                    by_value.entry(Ordered(value)).or_default().push(position);
                }
                false
            });
        }
        let joined = batch.into_iter().zip(values).map(|(mut document, values)| {
            let positions = values.into_iter().filter_map(|value| by_value.get(&Ordered(value))).flatten();
            let positions: BTreeSet<usize> = positions.copied().collect();
            let partners = positions.into_iter().filter_map(|position| found.get(position));
            let partners = partners.map(|partner| Value::Object(partner.clone())).collect();
            document.insert(self.into.as_str(), Value::Array(partners));
            document
        });
        Ok(joined.collect())
    }
}

/// Documents that are looked up batch by batch.
struct Batches {
    lookup: Lookup,
    reader: Reader,
    documents: Documents,
    ready: std::vec::IntoIter<Object>,
}

impl Batches {
    fn next(&mut self) -> Result<Option<Object>> {
        if let Some(ready) = self.ready.next() {
            return Ok(Some(ready));
        }
        let batch = self.documents.by_ref().take(BATCH_DOCUMENTS).collect::<Result<Vec<_>>>()?;
        if batch.is_empty() {
            return Ok(None);
        }
        self.ready = self.lookup.join(&self.reader, batch)?.into_iter();
        Ok(self.ready.next())
    }
}
