//! What a statement answers.

use nedb::{QueryCourse, QueryRow, Rows};
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
    rows: Found,
    shape: Shape,
    is_done: bool,
}

/// Where the rows of a statement come from.
enum Found {
    /// A query, as they are taken.
    Query(Box<Rows>),
    /// They are there already; with the course of the query that found them.
    Made(std::vec::IntoIter<QueryRow>, Option<QueryCourse>),
}

impl std::fmt::Debug for SqlRows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SqlRows").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

impl SqlRows {
    /// Rows of a query.
    pub(super) fn of(rows: Rows, shape: Shape) -> Self {
        Self { rows: Found::Query(Box::new(rows)), shape, is_done: false }
    }

    /// Rows that are there already.
    pub(super) fn made(rows: Vec<QueryRow>) -> Self {
        Self::held(rows, None, Shape::default())
    }

    /// Rows of a query that had to be collected.
    pub(super) fn held(rows: Vec<QueryRow>, course: Option<QueryCourse>, shape: Shape) -> Self {
        Self { rows: Found::Made(rows.into_iter(), course), shape, is_done: false }
    }

    /// How the rows were found, for logs: it has no value of the statement. `None` for what was made for EXPLAIN.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// use nedb_compat::sql::{SqlAnswer, SqlParams, exec};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
    /// let SqlAnswer::Rows(rows) = exec(&db, "SELECT * FROM users WHERE born > 1800", &SqlParams::None)? else {
    ///     panic!("it reads")
    /// };
    /// assert_eq!(rows.course().map(|course| course.operator), Some("scan"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn course(&self) -> Option<QueryCourse> {
        match &self.rows {
            Found::Query(rows) => rows.course(),
            Found::Made(_, course) => course.clone(),
        }
    }
}

impl Iterator for SqlRows {
    type Item = Result<DocumentBuf>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let row = match &mut self.rows {
            Found::Query(rows) => rows.next(),
            Found::Made(rows, _) => rows.next().map(Ok),
        };
        let row = row?.and_then(|row| self.shape.row(row.into_document()));
        self.is_done = row.is_err();
        Some(row)
    }
}
