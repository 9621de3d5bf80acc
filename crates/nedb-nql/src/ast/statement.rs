//! Everything that can be written as one text.

use nedb_types::{Collection, DocId};

use super::{Arg, Moment, Query};

/// Is one statement, perhaps with parameters.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Statement, parse};
///
/// assert!(matches!(parse("EXPLAIN FROM blocks")?, Statement::Explain(_)));
/// assert!(matches!(parse("HISTORY people ada")?, Statement::History { .. }));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Asks for rows.
    Query(Box<Query>),
    /// Asks how a query is answered.
    Explain(Box<Query>),
    /// Asks for the versions of one document.
    History {
        /// The collection.
        collection: Collection,
        /// The document.
        id: Arg<DocId>,
    },
    /// Asks which documents of a collection differ between two moments.
    Diff {
        /// The collection.
        collection: Collection,
        /// The moment before.
        from: Arg<Moment>,
        /// The moment after.
        to: Arg<Moment>,
    },
}
