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
        let mut batches = Batches { lookup: self, reader, documents, joined: Joined::default() };
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

    /// Looks a batch up.
    fn join(&self, reader: &Reader, batch: Vec<Object>) -> Result<Joined> {
        let values: Vec<Vec<Value>> = batch.iter().map(|document| self.values(document)).collect();
        let wanted = Members::new(values.iter().flatten().cloned().collect());
        let mut budget = reader.budget("$lookup");
        let found = self.found(reader, &wanted, &mut budget)?;
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
        let documents = batch.into_iter().zip(values).collect::<Vec<_>>().into_iter();
        Ok(Joined { documents, found, by_value, budget })
    }
}

/// A batch that was looked up; partners are put into a document when it is asked for.
#[derive(Default)]
struct Joined {
    /// The documents with the values that each is looked up by.
    documents: std::vec::IntoIter<(Object, Vec<Value>)>,
    /// The documents of the other collection.
    found: Vec<Object>,
    /// The positions of the found documents that have a value.
    by_value: BTreeMap<Ordered, Vec<usize>>,
    /// What the found documents take.
    budget: Budget,
}

impl Joined {
    fn next(&mut self, into: &str) -> Option<Result<Object>> {
        let (document, values) = self.documents.next()?;
        Some(self.with_partners(document, values, into))
    }

    fn with_partners(&self, mut document: Object, values: Vec<Value>, into: &str) -> Result<Object> {
        let positions = values.into_iter().filter_map(|value| self.by_value.get(&Ordered(value))).flatten();
        let positions: BTreeSet<usize> = positions.copied().collect();
        // A document is given away before the next one is made, so that each begins with the same account.
        let mut budget = self.budget.passing();
        let mut partners = Vec::with_capacity(positions.len());
        for partner in positions.into_iter().filter_map(|position| self.found.get(position)) {
            budget.grow(document_bytes(partner))?;
            partners.push(Value::Object(partner.clone()));
        }
        document.insert(into, Value::Array(partners));
        Ok(document)
    }
}

/// Documents that are looked up batch by batch.
struct Batches {
    lookup: Lookup,
    reader: Reader,
    documents: Documents,
    joined: Joined,
}

impl Batches {
    fn next(&mut self) -> Result<Option<Object>> {
        if let Some(document) = self.joined.next(&self.lookup.into) {
            return document.map(Some);
        }
        // The last batch goes before the next one comes.
        self.joined = Joined::default();
        let batch = self.documents.by_ref().take(BATCH_DOCUMENTS).collect::<Result<Vec<_>>>()?;
        if batch.is_empty() {
            return Ok(None);
        }
        self.joined = self.lookup.join(&self.reader, batch)?;
        self.joined.next(&self.lookup.into).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::ErrorCode;

    #[test]
    fn partners_count_for_the_memory_of_the_query_one_document_at_a_time() {
        let partner = Object::from_fields(vec![("t".to_owned(), "t".repeat(1000).into())]).unwrap();
        let few = (Object::new(), vec![Value::from(1)]);
        let many = (Object::new(), vec![Value::from(2)]);
        let mut joined = Joined {
            documents: vec![few.clone(), few.clone(), few, many].into_iter(),
            found: vec![partner; 4],
            by_value: BTreeMap::from([(Ordered(Value::from(1)), vec![0, 3]), (Ordered(Value::from(2)), vec![0, 1, 2])]),
            budget: Budget::new("$lookup", 2_500),
        };
        for _ in 0..3 {
            let document = joined.next("partners").unwrap().unwrap();
            assert_eq!(document.get("partners").and_then(Value::as_array).map(<[Value]>::len), Some(2));
        }
        assert_eq!(joined.next("partners").unwrap().unwrap_err().code(), ErrorCode::QueryMemoryExceeded);
        assert!(joined.next("partners").is_none());
    }
}
