//! The choice of the way to the documents.
//!
//! Promises: every way shows at least the documents that the filter keeps, once each, and in the order that the query needs
//! where it says so; the filter judges each of them again. So the answer is the same whatever is chosen.

mod ids;

use nedb_index::KeyRange;
use nedb_nql::{IndexKeys, Plan, Predicate};
use nedb_types::{NodeRef, Result, key};

use super::operator::{
    Source,
    keys::KeyLookup,
    scan::{CollectionScan, ScanOrder},
};
use crate::read::Snapshot;

/// The way to the documents.
#[derive(Debug)]
pub(crate) enum Access {
    /// The filter holds for nothing.
    Nothing,
    /// Single documents by their ids, in the order of the ids.
    Keys(Vec<NodeRef>),
    /// The documents of a collection whose ids lie in a range.
    Scan { range: KeyRange, order: ScanOrder, is_whole: bool },
}

/// Chooses the way.
pub(crate) fn choose(plan: &Plan) -> Access {
    if plan.filter.is_never() {
        return Access::Nothing;
    }
    let mut range = KeyRange::prefix(&key::document_prefix(&plan.collection));
    let mut is_whole = true;
    for asked in plan.filter.conjuncts().iter().filter_map(Predicate::index_use) {
        if !ids::is_id(asked.path) {
            continue;
        }
        match asked.keys {
            IndexKeys::Points(values) => return Access::Keys(ids::nodes(&plan.collection, values)),
            IndexKeys::Range(values) => {
                range = ids::narrowed(range, &plan.collection, &values);
                is_whole = false;
            }
        }
    }
    let is_any = !plan.order.is_empty() || plan.grouping.is_some() || !plan.steps.is_empty();
    Access::Scan { range, order: if is_any { ScanOrder::Any } else { ScanOrder::Id }, is_whole }
}

impl Access {
    pub(crate) fn source(&self, snapshot: &Snapshot) -> Result<Box<dyn Source>> {
        Ok(match self {
            Self::Nothing => Box::new(KeyLookup::new(snapshot, Vec::new())),
            Self::Keys(nodes) => Box::new(KeyLookup::new(snapshot, nodes.clone())),
            Self::Scan { range, order, .. } => Box::new(CollectionScan::over(snapshot, range, *order)?),
        })
    }

    /// The name of the step.
    pub(crate) const fn operator(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Keys(_) => "look up",
            Self::Scan { .. } => "scan",
        }
    }

    /// What the step works on.
    pub(crate) fn detail(&self, plan: &Plan) -> String {
        let collection = &plan.collection;
        match self {
            Self::Nothing => "the filter holds for nothing".to_owned(),
            Self::Keys(_) => format!("{collection} by _id"),
            Self::Scan { order, is_whole, .. } => {
                let part = if *is_whole { "all documents" } else { "a range of _id" };
                let order = if *order == ScanOrder::Any { "in the order of the log" } else { "by _id" };
                format!("{collection}, {part}, {order}")
            }
        }
    }

    /// How many rows the step will give at most, where that is known beforehand.
    pub(crate) fn estimated(&self) -> Option<u64> {
        match self {
            Self::Nothing => Some(0),
            Self::Keys(nodes) => Some(nodes.len() as u64),
            Self::Scan { .. } => None,
        }
    }
}
