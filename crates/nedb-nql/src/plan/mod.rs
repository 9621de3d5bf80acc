//! What a query means: no parameters, conditions in normal form, everything checked.
//!
//! The executor takes a [`Plan`]; the planner reads from its [`Predicate`]s which indexes could serve.

mod bind;
mod index_use;
mod normalise;
mod predicate;
mod range;

pub use index_use::{IndexKeys, IndexUse};
pub use predicate::{FieldTest, Polarity, Predicate, Test};
pub use range::{Cut, FieldRange, ValueClass};

use nedb_types::{Collection, DocId, Timestamp};

use crate::ast::{GraphStep, Grouping, Moment, OrderKey, Selection};
use crate::search::SearchQuery;

/// Is a query ready to be executed; its fields stand in the order in which they take effect.
///
/// # Examples
///
/// ```
/// use nedb_nql::{BoundStatement, Params, parse};
///
/// let bound = parse("FROM blocks WHERE height > 5 AND miner = 'ada'")?.bind(&Params::new())?;
/// let BoundStatement::Query(plan) = bound else { unreachable!() };
/// assert_eq!(plan.filter.conjuncts().len(), 2);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where the rows come from.
    pub collection: Collection,
    /// Which state is asked; `None` is the present.
    pub as_of: Option<Moment>,
    /// The moment at which a row must hold; closed-open intervals contain their start and not their end.
    pub valid_as_of: Option<Timestamp>,
    /// Which rows of the collection count.
    pub filter: Predicate,
    /// Which words they must have.
    pub search: Option<SearchQuery>,
    /// At most one traversal, then at most one trace.
    pub steps: Vec<GraphStep<Predicate>>,
    /// Groups and aggregates.
    pub grouping: Option<Grouping<Predicate>>,
    /// The keys of the order, the most important one first; ties go by id ascending.
    pub order: Vec<OrderKey>,
    /// How many rows at most.
    pub limit: Option<u64>,
    /// How many rows are passed over first.
    pub offset: u64,
    /// What each row has.
    pub select: Selection,
}

/// Is a statement whose parameters have values.
///
/// # Examples
///
/// ```
/// use nedb_nql::{BoundStatement, Params, parse};
///
/// let bound = parse("HISTORY people $who")?.bind(&Params::new().with("who", "ada"))?;
/// assert!(matches!(bound, BoundStatement::History { id, .. } if id.as_str() == Some("ada")));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundStatement {
    /// Asks for rows.
    Query(Box<Plan>),
    /// Asks how a query is answered.
    Explain(Box<Plan>),
    /// Asks for the versions of one document.
    History {
        /// The collection.
        collection: Collection,
        /// The document.
        id: DocId,
    },
    /// Asks which documents of a collection differ between two moments.
    Diff {
        /// The collection.
        collection: Collection,
        /// The moment before.
        from: Moment,
        /// The moment after.
        to: Moment,
    },
}
