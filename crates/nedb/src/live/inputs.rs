//! What the answer to a query can depend on, beside the query.

use nedb_nql::{Plan, StepKind};
use nedb_types::{Collection, Relation, key};

/// What a query reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inputs {
    /// The documents of one collection.
    Collection(Collection),
    /// Documents of any collection, and the edges of one relation: they may lead anywhere.
    Relation(Relation),
    /// Every operation: any may be a cause, or have one.
    Everything,
}

impl Inputs {
    pub(super) fn of(plan: &Plan) -> Self {
        match plan.steps.as_slice() {
            [] => Self::Collection(plan.collection.clone()),
            [step] => match &step.kind {
                StepKind::Traverse { relation, .. } => Self::Relation(relation.clone()),
                StepKind::Trace => Self::Everything,
            },
            _ => Self::Everything,
        }
    }

    /// What the keys of the documents begin with that it reads.
    pub(super) fn document_prefix(&self) -> Vec<u8> {
        match self {
            Self::Collection(collection) => key::document_prefix(collection),
            Self::Relation(_) | Self::Everything => vec![key::SPACE_DOCUMENT],
        }
    }
}
