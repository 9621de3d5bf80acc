//! Conditions: OR of ANDs of NOTs of comparisons.

use nedb_types::{FieldPath, Result};

use super::cursor::Cursor;
use super::paths::path;
use super::values::{arg, param, text, value};
use crate::ast::{CaseRule, CompareOp, Expr, InList};
use crate::syntax::{Symbol, Token};

/// Words that may follow a field, for hints.
const OPERATOR_WORDS: &[&str] = &["IN", "BETWEEN", "LIKE", "ILIKE", "IS", "CONTAINS", "NOT"];

/// Reads a condition.
pub(super) fn condition(cursor: &mut Cursor<'_>) -> Result<Expr> {
    let mut parts = vec![conjunction(cursor)?];
    while cursor.skip_word("OR")? {
        parts.push(conjunction(cursor)?);
    }
    Ok(Expr::any(parts))
}

fn conjunction(cursor: &mut Cursor<'_>) -> Result<Expr> {
    let mut parts = vec![factor(cursor)?];
    while cursor.skip_word("AND")? {
        parts.push(factor(cursor)?);
    }
    Ok(Expr::all(parts))
}

fn factor(cursor: &mut Cursor<'_>) -> Result<Expr> {
    if cursor.skip_word("NOT")? {
        return cursor.deeper(factor).map(Expr::negate);
    }
    if cursor.skip_symbol(Symbol::Open)? {
        let inner = cursor.deeper(condition)?;
        cursor.expect_symbol(Symbol::Close, "AND, OR or `)`")?;
        return Ok(inner);
    }
    cursor.count_term()?;
    if cursor.is_word("EXISTS") && cursor.look_ahead() == Token::Symbol(Symbol::Open) {
        return exists(cursor);
    }
    let path = path(cursor)?;
    comparison(cursor, path)
}

fn exists(cursor: &mut Cursor<'_>) -> Result<Expr> {
    cursor.advance()?;
    cursor.advance()?;
    let path = path(cursor)?;
    cursor.expect_symbol(Symbol::Close, "`)`")?;
    Ok(Expr::Exists { path })
}

fn comparison(cursor: &mut Cursor<'_>, path: FieldPath) -> Result<Expr> {
    if let Token::Symbol(symbol) = cursor.token()
        && let Some(op) = compare_op(*symbol)
    {
        cursor.advance()?;
        let value = arg(cursor, value)?;
        return Ok(Expr::Compare { path, op, value });
    }
    if cursor.skip_word("IS")? {
        let is_negated = cursor.skip_word("NOT")?;
        cursor.expect_word("NULL")?;
        return Ok(negate_if(is_negated, Expr::IsNull { path }));
    }
    if cursor.skip_word("CONTAINS")? {
        let value = arg(cursor, value)?;
        return Ok(Expr::Contains { path, value });
    }
    let is_negated = cursor.skip_word("NOT")?;
    let expr = word_comparison(cursor, path, is_negated)?;
    Ok(negate_if(is_negated, expr))
}

/// Reads the comparisons that may have a NOT before their word.
fn word_comparison(cursor: &mut Cursor<'_>, path: FieldPath, is_negated: bool) -> Result<Expr> {
    if cursor.skip_word("IN")? {
        let list = in_list(cursor)?;
        return Ok(Expr::In { path, list });
    }
    if cursor.skip_word("BETWEEN")? {
        let low = arg(cursor, value)?;
        cursor.expect_word("AND")?;
        let high = arg(cursor, value)?;
        return Ok(Expr::Between { path, low, high });
    }
    for (word, case) in [("LIKE", CaseRule::Exact), ("ILIKE", CaseRule::Folded)] {
        if cursor.skip_word(word)? {
            let pattern = arg(cursor, |cursor| text(cursor, "a pattern in quotes"))?;
            return Ok(Expr::Like { path, pattern, case });
        }
    }
    if is_negated {
        let expected = "IN, BETWEEN, LIKE or ILIKE after NOT";
        return Err(cursor.trouble_near(expected, &["IN", "BETWEEN", "LIKE", "ILIKE"]).into_error());
    }
    let expected = "a comparison (= != < <= > >= IN BETWEEN LIKE ILIKE IS CONTAINS)";
    Err(cursor.trouble_near(expected, OPERATOR_WORDS).into_error())
}

fn in_list(cursor: &mut Cursor<'_>) -> Result<InList> {
    if let Some(name) = param(cursor)? {
        return Ok(InList::Param(name));
    }
    cursor.expect_symbol(Symbol::Open, "`(` and a list of values, or a parameter")?;
    let mut items = Vec::new();
    if cursor.skip_symbol(Symbol::Close)? {
        return Ok(InList::Items(items));
    }
    loop {
        items.push(arg(cursor, value)?);
        if cursor.skip_symbol(Symbol::Close)? {
            return Ok(InList::Items(items));
        }
        cursor.expect_symbol(Symbol::Comma, "`,` or `)`")?;
    }
}

const fn compare_op(symbol: Symbol) -> Option<CompareOp> {
    Some(match symbol {
        Symbol::Equal => CompareOp::Equal,
        Symbol::NotEqual => CompareOp::NotEqual,
        Symbol::Less => CompareOp::Less,
        Symbol::LessOrEqual => CompareOp::LessOrEqual,
        Symbol::Greater => CompareOp::Greater,
        Symbol::GreaterOrEqual => CompareOp::GreaterOrEqual,
        _ => return None,
    })
}

fn negate_if(is_negated: bool, expr: Expr) -> Expr {
    if is_negated { expr.negate() } else { expr }
}
