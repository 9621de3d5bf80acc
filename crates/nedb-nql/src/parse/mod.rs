//! From tokens to statements: recursive descent over the grammar of `docs/nql.md`.
//!
//! One token is looked ahead. Nesting is counted, so that no input exhausts the stack; conditions and values are
//! counted, so that none exhausts the memory.

mod clauses;
mod cursor;
mod expression;
mod graph;
mod lists;
mod paths;
mod statements;
mod values;

pub(crate) use values::moment_of_number;

use nedb_types::limits::QUERY_BYTES_MAX;
use nedb_types::{Error, ErrorCode, Result};

use crate::ast::{Expr, Statement};
use crate::syntax::Token;
use cursor::Cursor;

/// Reads one statement.
///
/// # Errors
///
/// `query_syntax` with line, column, what was expected and found, and perhaps a hint ([`nedb_types::Detail::Syntax`]);
/// `query_too_large` beyond a limit; `invalid_name` and the like for names that no collection or relation can have.
///
/// # Examples
///
/// ```
/// use nedb_nql::parse;
///
/// let error = parse("FROM blocks WHRE height > 5").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 1, column 13: expected a clause or the end, found `WHRE`; did you mean WHERE?",
/// );
/// ```
pub fn parse(text: &str) -> Result<Statement> {
    let mut cursor = open(text)?;
    let statement = statements::statement(&mut cursor)?;
    cursor.end()?;
    Ok(statement)
}

/// Reads a condition alone, as it stands behind WHERE.
///
/// # Errors
///
/// Those of [`parse`].
///
/// # Examples
///
/// ```
/// let condition = nedb_nql::parse_condition("a = 1 and not b in (2, 3)")?;
/// assert_eq!(condition.to_string(), "a = 1 AND b NOT IN (2, 3)");
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn parse_condition(text: &str) -> Result<Expr> {
    let mut cursor = open(text)?;
    let condition = expression::condition(&mut cursor)?;
    cursor.end()?;
    Ok(condition)
}

fn open(text: &str) -> Result<Cursor<'_>> {
    if text.len() > QUERY_BYTES_MAX {
        let (max, actual) = (QUERY_BYTES_MAX as u64, text.len() as u64);
        let what = "length of the query";
        return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "QUERY_BYTES_MAX", max, actual));
    }
    Cursor::open(text)
}

impl Cursor<'_> {
    /// Makes sure that nothing follows.
    fn end(&self) -> Result<()> {
        match self.token() {
            Token::End => Ok(()),
            _ => Err(self.trouble("the end").into_error()),
        }
    }
}
