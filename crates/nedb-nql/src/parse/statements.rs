//! The four kinds of statement.

use nedb_types::Result;

use super::clauses::query;
use super::cursor::Cursor;
use super::values::{arg, collection, doc_id, moment};
use crate::ast::Statement;

const STATEMENT_WORDS: &[&str] = &["FROM", "EXPLAIN", "HISTORY", "DIFF"];

/// Reads a statement.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Statement> {
    if cursor.skip_word("EXPLAIN")? {
        return query(cursor).map(|query| Statement::Explain(Box::new(query)));
    }
    if cursor.skip_word("HISTORY")? {
        return history(cursor);
    }
    if cursor.skip_word("DIFF")? {
        return diff(cursor);
    }
    if cursor.is_word("FROM") {
        return query(cursor).map(|query| Statement::Query(Box::new(query)));
    }
    let expected = "FROM, EXPLAIN, HISTORY or DIFF";
    let mut trouble = cursor.trouble_near(expected, STATEMENT_WORDS);
    if cursor.is_word("SELECT") {
        trouble = trouble.hint("a query begins with FROM; SELECT is its last clause");
    }
    Err(trouble.into_error())
}

fn history(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let collection = collection(cursor)?;
    let id = arg(cursor, doc_id)?;
    Ok(Statement::History { collection, id })
}

fn diff(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let collection = collection(cursor)?;
    cursor.expect_word("FROM")?;
    let from = arg(cursor, moment)?;
    cursor.expect_word("TO")?;
    let to = arg(cursor, moment)?;
    Ok(Statement::Diff { collection, from, to })
}
