//! Statements in SQL.

use nedb::{DocId, Object, Result, Seq, Value};

use crate::database::Database;
use crate::encode;
use crate::fields::{Fields, id_of};
use crate::retry::Again;
use crate::rows::Rows;

/// What a statement in SQL gives.
///
/// ```no_run
/// use nedb_client::{Daemon, Options, SqlAnswer, Value};
/// # fn main() -> nedb_client::Result<()> {
/// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
/// let params = Value::Array(vec![Value::from("17")]);
/// if let SqlAnswer::Written(written) = shop.sql("DELETE FROM orders WHERE _id = ?", params)? {
///     println!("{} rows", written.rowcount);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum SqlAnswer {
    /// The rows of a statement that reads.
    Rows(Rows),
    /// What a statement wrote.
    Written(SqlWritten),
}

/// What a statement wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlWritten {
    /// How many rows it inserted, changed or deleted.
    pub rowcount: u64,
    /// The seq of its last operation; `None` when it wrote nothing.
    pub seq: Option<Seq>,
    /// The ids of the rows that it inserted.
    pub ids: Vec<DocId>,
}

impl SqlWritten {
    fn read(mut answer: Fields) -> Result<Self> {
        let ids = answer.list("ids")?.iter().map(id_of).collect::<Result<_>>()?;
        Ok(Self { rowcount: answer.number("rowcount")?, seq: answer.maybe_seq("seq"), ids })
    }
}

impl Database {
    /// Runs one statement in SQL; `params` is a list for placeholders without a name, an object for named ones, or null.
    ///
    /// A statement has no idempotency key: it is sent again only when the daemon surely saw nothing of it.
    pub fn sql(&self, statement: &str, params: Value) -> Result<SqlAnswer> {
        let mut body = Object::new();
        body.insert("sql", statement);
        body.insert("params", params);
        match self.post_rows(&["sql"], encode::body(body)?, Again::Undone)? {
            Ok(rows) => Ok(SqlAnswer::Rows(rows)),
            Err(object) => SqlWritten::read(Fields(object)).map(SqlAnswer::Written),
        }
    }
}
