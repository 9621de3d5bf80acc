//! What a statement answers.

use nedb::QueryRow;
use nedb_types::{DocId, DocumentBuf, Result, Seq};

use super::shape::Shape;

/// The answer to a statement.
///
/// ```
/// use nedb_compat::sql::{self, SqlAnswer, SqlParams};
/// # fn main() -> nedb::Result<()> {
/// let db = nedb::Database::in_memory()?;
/// let answer = sql::exec(&db, "INSERT INTO users (_id, born) VALUES ('ada', 1815)", &SqlParams::None)?;
/// assert!(matches!(answer, SqlAnswer::Written(written) if written.rowcount == 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum SqlAnswer {
    /// The rows of a SELECT.
    Rows(SqlRows),
    /// What an INSERT, UPDATE or DELETE did.
    Written(SqlWritten),
}

/// What a statement that writes did.
///
/// ```
/// assert_eq!(nedb_compat::sql::SqlWritten::default().rowcount, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqlWritten {
    /// How many rows were inserted, matched or deleted.
    pub rowcount: u64,
    /// The seq of the last operation; none when nothing was written.
    pub seq: Option<Seq>,
    /// The ids of the rows that an INSERT wrote, in the order of the statement.
    pub ids: Vec<DocId>,
}

/// The rows of a SELECT; an iterator. The first error ends them.
///
/// ```
/// use nedb_compat::sql::{self, SqlAnswer, SqlParams};
/// # fn main() -> nedb::Result<()> {
/// let db = nedb::Database::in_memory()?;
/// db.put("users", "ada", nedb::Body::json(r#"{"born": 1815}"#))?;
/// let SqlAnswer::Rows(mut rows) = sql::exec(&db, "SELECT born AS year FROM users", &SqlParams::None)? else {
///     unreachable!("a SELECT gives rows")
/// };
/// let row = rows.next().expect("there is one")?;
/// assert_eq!(row.as_document().to_json()?, r#"{"year":1815}"#);
/// # Ok(())
/// # }
/// ```
pub struct SqlRows {
    rows: Box<dyn Iterator<Item = Result<QueryRow>> + Send>,
    shape: Shape,
    is_done: bool,
}

impl std::fmt::Debug for SqlRows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SqlRows").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

impl SqlRows {
    pub(super) fn new(rows: Box<dyn Iterator<Item = Result<QueryRow>> + Send>, shape: Shape) -> Self {
        Self { rows, shape, is_done: false }
    }

    /// Rows that are there already.
    pub(super) fn made(rows: Vec<QueryRow>) -> Self {
        Self::new(Box::new(rows.into_iter().map(Ok)), Shape::default())
    }
}

impl Iterator for SqlRows {
    type Item = Result<DocumentBuf>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let row = self.rows.next()?.and_then(|row| self.shape.row(row.into_document()));
        self.is_done = row.is_err();
        Some(row)
    }
}
