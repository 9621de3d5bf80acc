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
    pub(super) fn run(&self, documents: Documents, mut budget: Budget) -> Result<Documents> {
        let mut groups: BTreeMap<Ordered, Vec<Collected>> = BTreeMap::new();
        for document in documents {
            let document = document?;
            let mut passing = budget.passing();
            let key = Ordered(self.key.value(&document, &mut passing)?.unwrap_or_default());
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
            let _counted_until_the_last = &budget;
            let mut row = Object::new();
            row.insert("_id", key.0);
            for (name, figure) in names.iter().zip(figures) {
                row.insert_new(name.as_str(), figure.finish())?;
            }
            Ok(row)
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nedb_types::{ErrorCode, document::json_to_value};

    /// Groups documents with the ids 0, 1, .. and a text of 1000 bytes each, in about 10,000 bytes.
    fn grouped(json: &str, documents: i64) -> Result<usize> {
        let group = Group::new(&json_to_value(json.as_bytes()).unwrap()).unwrap();
        let document =
            |n: i64| Object::from_fields(vec![("_id".into(), n.into()), ("t".into(), "t".repeat(1000).into())]);
        group.run(Box::new((0..documents).map(document)), Budget::new("$group", 10_000)).map(Iterator::count)
    }

    #[test]
    fn values_that_groups_keep_count_for_the_memory_of_the_query() {
        for measure in ["$first", "$last", "$min", "$max"] {
            let json = format!(r#"{{"_id": "$_id", "d": {{"{measure}": "$$ROOT"}}}}"#);
            assert_eq!(grouped(&json, 5).unwrap(), 5, "{measure}");
            assert_eq!(
                grouped(&json, 50).err().map(|error| error.code()),
                Some(ErrorCode::QueryMemoryExceeded),
                "{measure}"
            );
        }
    }

    #[test]
    fn a_value_that_another_replaced_counts_no_more() {
        for measure in ["$first", "$last", "$min", "$max"] {
            let json = format!(r#"{{"_id": null, "d": {{"{measure}": "$$ROOT"}}}}"#);
            assert_eq!(grouped(&json, 1000).unwrap(), 1, "{measure}");
        }
    }
}
