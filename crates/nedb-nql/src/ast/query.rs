//! The clauses of a query, in the order in which they take effect.

use nedb_types::{Collection, FieldPath, Seq, Timestamp};

use super::{Arg, Expr, GraphStep, Grouping};
use crate::search::SearchQuery;

/// Is a query as it was written; its fields stand in the order in which they take effect.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Query, Statement, parse};
///
/// let Statement::Query(query) = parse("FROM blocks LIMIT 5 WHERE fee > 1 AS OF 7")? else { unreachable!() };
/// assert_eq!(query.to_string(), "FROM blocks AS OF 7 WHERE fee > 1 LIMIT 5");
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// FROM: where the rows come from.
    pub collection: Collection,
    /// AS OF: which state of the database is asked; without it, the present one.
    pub as_of: Option<Arg<Moment>>,
    /// VALID AS OF: the moment at which a row must hold.
    pub valid_as_of: Option<Arg<Timestamp>>,
    /// WHERE, and before a graph step: which rows of the collection count.
    pub filter: Option<Expr>,
    /// SEARCH: which words they must have.
    pub search: Option<Arg<SearchQuery>>,
    /// TRAVERSE, then TRACE, each with the WHERE behind it.
    pub steps: Vec<GraphStep<Option<Expr>>>,
    /// GROUP BY, aggregates and HAVING.
    pub grouping: Option<Grouping<Option<Expr>>>,
    /// ORDER BY: the keys, the most important one first.
    pub order: Vec<OrderKey>,
    /// LIMIT: how many rows at most.
    pub limit: Option<Arg<u64>>,
    /// OFFSET: how many rows are passed over first.
    pub offset: Option<Arg<u64>>,
    /// SELECT: what each row has.
    pub select: Selection,
}

impl Query {
    /// Makes the query that gives all rows of a collection.
    pub const fn all_of(collection: Collection) -> Self {
        Self {
            collection,
            as_of: None,
            valid_as_of: None,
            filter: None,
            search: None,
            steps: Vec::new(),
            grouping: None,
            order: Vec::new(),
            limit: None,
            offset: None,
            select: Selection::Default,
        }
    }
}

/// Is a moment of the history other than the present.
///
/// # Examples
///
/// ```
/// use nedb_nql::Moment;
/// use nedb_types::Seq;
///
/// assert_eq!(Moment::Seq(Seq::new(7)).to_string(), "7");
/// assert_eq!(Moment::Empty.to_string(), "-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Is before the first operation, written -1.
    Empty,
    /// Is straight after this operation.
    Seq(Seq),
    /// Is this time.
    Time(Timestamp),
}

/// Is one key of ORDER BY.
///
/// # Examples
///
/// ```
/// use nedb_nql::{OrderKey, SortDirection};
/// use nedb_types::FieldPath;
///
/// let key = OrderKey { path: FieldPath::field("height"), direction: SortDirection::Descending };
/// assert_eq!(key.to_string(), "height DESC");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderKey {
    /// The field, or a system field such as `_score`.
    pub path: FieldPath,
    /// Up or down.
    pub direction: SortDirection,
}

/// Says which end of an order comes first.
///
/// # Examples
///
/// ```
/// assert_ne!(nedb_nql::SortDirection::Ascending, nedb_nql::SortDirection::Descending);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    /// Is ASC, the default: the least first, null and missing last.
    Ascending,
    /// Is DESC: the reverse, null and missing first.
    Descending,
}

/// Says what each row has.
///
/// # Examples
///
/// ```
/// use nedb_nql::Selection;
/// use nedb_types::FieldPath;
///
/// let with_seq = Selection::DocumentAnd(vec![FieldPath::field("_seq")]);
/// assert_eq!(with_seq.to_string(), "*, _seq");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Nothing was written: the document or the columns, with the system fields that the face gives.
    Default,
    /// `SELECT *` with further fields, mostly system fields.
    DocumentAnd(Vec<FieldPath>),
    /// Lists the fields; a path makes a column of its own text.
    Fields(Vec<FieldPath>),
}
