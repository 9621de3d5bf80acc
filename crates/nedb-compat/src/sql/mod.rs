//! SQL: a subset of it, as queries and transactions of the engine.
//!
//! ```text
//! text ──parse──> statement ──translate──> plan ──engine──> rows ──shape──> rows of the statement
//!                                  └ values of placeholders are bound here, as values
//! ```
//! Promises: everything that a statement writes is one transaction; all of a SELECT is read as of one moment; what is outside
//! the subset is refused by its name (`sql_unsupported`); a mistake is told with line and column (`sql_syntax`). Logic has
//! three values, as in SQL; how that is said in a plan, whose logic has two, stands in `condition`.
//!
//! Filters, orders, groups, limits and joins are the engine's, with its indexes. The face's own is what SQL means differently,
//! done on the rows as they pass: names given with AS, the fields of `t.*`, SUM of nothing. EXPLAIN tells how the engine
//! answered.
//!
//! The subset is described in `docs/sql.md`.
//!
//! ```
//! use nedb_compat::sql::{self, SqlAnswer, SqlParams};
//! # fn main() -> nedb::Result<()> {
//! let db = nedb::Database::in_memory()?;
//! sql::exec(&db, "INSERT INTO users (_id, born) VALUES ('ada', 1815), ('alan', 1912)", &SqlParams::None)?;
//! let params = SqlParams::from(vec![1900.into()]);
//! let SqlAnswer::Rows(rows) = sql::exec(&db, "SELECT _id FROM users WHERE born > ?", &params)? else {
//!     unreachable!("a SELECT gives rows")
//! };
//! let rows: Vec<String> = rows.map(|row| row?.as_document().to_json()).collect::<Result<_, _>>()?;
//! assert_eq!(rows, [r#"{"_id":"alan"}"#]);
//! # Ok(())
//! # }
//! ```

mod answer;
mod condition;
mod constant;
mod dialect;
mod like;
mod outside;
mod params;
mod refusal;
mod scope;
mod select;
mod shape;
mod statement;
mod text;
mod write;

use nedb::{Database, Params, QueryOptions};
use nedb_types::Result;
use sqlparser::ast::{self, Statement};

pub use answer::{SqlAnswer, SqlRows, SqlWritten};
pub use params::SqlParams;
use params::Values;
use refusal::unsupported;
use select::{Asked, Question};

/// Runs one statement.
///
/// Errors: `sql_syntax`, `sql_unsupported`, `sql_parameter`, `sql_duplicate_key`, `query_too_large`, and those of queries and
/// writes.
pub fn exec(db: &Database, sql: &str, params: &SqlParams) -> Result<SqlAnswer> {
    exec_with(db, sql, params, &QueryOptions::new())
}

/// Runs one statement with the bounds of a query: its deadline, its memory, its cancellation.
pub fn exec_with(db: &Database, sql: &str, params: &SqlParams, options: &QueryOptions) -> Result<SqlAnswer> {
    let (statement, placeholders) = text::parse(sql)?;
    placeholders.check(params)?;
    let values = Values::Given(params);
    match &statement {
        Statement::Query(query) => rows(db, select::question(query, &values)?, options).map(SqlAnswer::Rows),
        Statement::Insert(insert) => write::insert(db, insert, &values).map(SqlAnswer::Written),
        Statement::Update(update) => write::update(db, update, &values, options).map(SqlAnswer::Written),
        Statement::Delete(delete) => write::delete(db, delete, &values, options).map(SqlAnswer::Written),
        Statement::Explain { statement, .. } => match statement.as_ref() {
            Statement::Query(query) => explain(db, select::question(query, &values)?, options).map(SqlAnswer::Rows),
            _ => Err(unsupported("EXPLAIN of a statement that is no SELECT")),
        },
        other => Err(statement::refused(other)),
    }
}

/// Says whether a text is a statement that writes, so that the database must be open for it.
///
/// Errors: `sql_syntax`, `query_too_large`.
///
/// ```
/// assert!(nedb_compat::sql::is_write("DELETE FROM users")?);
/// assert!(!nedb_compat::sql::is_write("SELECT * FROM users")?);
/// # Ok::<(), nedb::Error>(())
/// ```
pub fn is_write(sql: &str) -> Result<bool> {
    let (statement, _placeholders) = text::parse(sql)?;
    Ok(matches!(statement, Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_)))
}

/// Translates a SELECT over one table to the query language.
///
/// Placeholders become parameters: the first `?` is `$p1`, `:name` is `$name`. The text says what the statement means for
/// values that are not null; a comparison with null is decided when the value is there. Names given with AS are not in it.
///
/// Errors: `sql_syntax`; `sql_unsupported`, also for joins and for statements that write.
///
/// ```
/// let nql = nedb_compat::sql::to_nql("SELECT name FROM users WHERE NOT born = ? ORDER BY name LIMIT 3")?;
/// assert_eq!(nql, "FROM users WHERE born != $p1 AND born IS NOT NULL ORDER BY name LIMIT 3 SELECT name");
/// # Ok::<(), nedb::Error>(())
/// ```
pub fn to_nql(sql: &str) -> Result<String> {
    let (statement, _placeholders) = text::parse(sql)?;
    match &statement {
        Statement::Query(query) => translated(query),
        Statement::Explain { statement, .. } => match statement.as_ref() {
            Statement::Query(query) => translated(query).map(|nql| format!("EXPLAIN {nql}")),
            _ => Err(unsupported("EXPLAIN of a statement that is no SELECT")),
        },
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
            Err(unsupported("a statement that writes in the query language"))
        }
        other => Err(statement::refused(other)),
    }
}

fn translated(query: &ast::Query) -> Result<String> {
    match select::question(query, &Values::Open)?.asked {
        Asked::Query(query) => Ok(query.to_string()),
        Asked::Join(_) => Err(unsupported("JOIN in the query language")),
    }
}

/// Asks the engine.
fn rows(db: &Database, question: Question, options: &QueryOptions) -> Result<SqlRows> {
    let Question { asked, shape } = question;
    match asked {
        Asked::Query(query) => {
            let mut plan = query.plan(&Params::new())?;
            let held = shape.hold(&mut plan.order, &mut plan.offset, &mut plan.limit);
            shape.rows(db.execute(&plan, options)?, held)
        }
        Asked::Join(mut plan) => {
            let held = shape.hold(&mut plan.order, &mut plan.offset, &mut plan.limit);
            shape.rows(db.join(&plan, options)?, held)
        }
    }
}

/// Asks the engine, and how it answered.
fn explain(db: &Database, question: Question, options: &QueryOptions) -> Result<SqlRows> {
    let Question { asked, shape } = question;
    let explanation = match asked {
        Asked::Query(query) => {
            let mut plan = query.plan(&Params::new())?;
            let _held_for_the_rows = shape.hold(&mut plan.order, &mut plan.offset, &mut plan.limit);
            db.explain_plan(&plan, options)?
        }
        Asked::Join(mut plan) => {
            let _held_for_the_rows = shape.hold(&mut plan.order, &mut plan.offset, &mut plan.limit);
            db.explain_join(&plan, options)?
        }
    };
    Ok(SqlRows::made(explanation.rows()?))
}
