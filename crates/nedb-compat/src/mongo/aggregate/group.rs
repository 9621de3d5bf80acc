//! `$group`: documents put together by a key, and what is computed of each group.
//!
//! Groups come in the order of their keys; a missing key is null. The keys and figures are kept in memory, within the budget of a query.

use std::collections::BTreeMap;

use nedb_types::{Object, Result, Value};

use super::{
    Documents, Expression,
    accumulator::{Collected, Measure},
};
use crate::mongo::{
    fault::{Refusal, refused},
    memory::Budget,
    order::Ordered,
};

/// About what a group takes beside its key, for each figure, in bytes.
const FIGURE_BYTES: usize = 128;

/// A `$group` that was read.
#[derive(Clone, Debug)]
pub(super) struct Group {
    key: Expression,
    measures: Vec<(String, Measure)>,
}

impl Group {
    /// Reads the operand of `$group`.
    pub(super) fn new(given: &Value) -> Result<Self> {
        let refusal = |what: &str| refused(Refusal::FailedToParse, format!("$group {what}"));
        let object = given.as_object().ok_or_else(|| refusal("needs an object"))?;
        let key = Expression::new(object.get("_id").ok_or_else(|| refusal("needs an _id"))?)?;
        let mut measures = Vec::with_capacity(object.len());
        for (name, measure) in object.iter().filter(|(name, _)| *name != "_id") {
            if name.contains('.') || name.starts_with('$') {
                return Err(refusal(&format!("has the field {name:?}: a dot or a leading $ cannot stand there")));
            }
            measures.push((name.to_owned(), Measure::new(measure)?));
        }
        Ok(Self { key, measures })
    }

    /// Takes all documents and gives the groups.
    pub(super) fn run(&self, documents: Documents) -> Result<Documents> {
        let mut groups: BTreeMap<Ordered, Vec<Collected>> = BTreeMap::new();
        let mut budget = Budget::default();
        for document in documents {
            let document = document?;
            let key = Ordered(self.key.value(&document).unwrap_or_default());
            if !groups.contains_key(&key) {
                budget.grow(key.0.memory_bytes() + FIGURE_BYTES * (self.measures.len() + 1))?;
            }
            let figures =
                groups.entry(key).or_insert_with(|| self.measures.iter().map(|(_, measure)| measure.begin()).collect());
            for ((_, measure), collected) in self.measures.iter().zip(figures) {
                measure.add(&document, collected, &mut budget)?;
            }
        }
        let names: Vec<String> = self.measures.iter().map(|(name, _)| name.clone()).collect();
        Ok(Box::new(groups.into_iter().map(move |(key, figures)| {
            let mut row = Object::new();
            row.insert("_id", key.0);
            for (name, figure) in names.iter().zip(figures) {
                row.insert_new(name.as_str(), figure.finish())?;
            }
            Ok(row)
        })))
    }
}
