//! The lists of GROUP BY, of aggregates, of ORDER BY and of SELECT.

use nedb_types::limits::QUERY_FIELDS_MAX;
use nedb_types::{FieldPath, Result};

use super::cursor::Cursor;
use super::paths::path;
use crate::ast::{Aggregate, OrderKey, Selection, SortDirection};
use crate::check::CLAUSE_WORDS;
use crate::syntax::{Symbol, Token};

/// Reads the fields of GROUP BY; an aggregate behind a comma ends them.
pub(super) fn group_keys(cursor: &mut Cursor<'_>) -> Result<Vec<FieldPath>> {
    let mut keys = vec![path(cursor)?];
    while cursor.skip_symbol(Symbol::Comma)? {
        if begins_aggregate(cursor) {
            break;
        }
        push(cursor, &mut keys, path)?;
    }
    Ok(keys)
}

/// Says whether the word at hand is an aggregate and not a field of that name.
fn begins_aggregate(cursor: &Cursor<'_>) -> bool {
    let next = cursor.look_ahead();
    if cursor.is_word("COUNT") {
        return !matches!(next, Token::Symbol(Symbol::Dot | Symbol::OpenBracket));
    }
    let takes_field = ["SUM", "AVG", "MIN", "MAX"].iter().any(|word| cursor.is_word(word));
    takes_field && matches!(next, Token::Word(_) | Token::Quoted(_) | Token::Symbol(Symbol::Open))
}

/// Reads aggregates.
pub(super) fn aggregates(cursor: &mut Cursor<'_>) -> Result<Vec<Aggregate>> {
    list(cursor, aggregate)
}

fn aggregate(cursor: &mut Cursor<'_>) -> Result<Aggregate> {
    if cursor.skip_word("COUNT")? {
        no_parenthesis(cursor, "COUNT")?;
        return if begins_field(cursor) { path(cursor).map(Aggregate::CountOf) } else { Ok(Aggregate::Count) };
    }
    for word in ["SUM", "AVG", "MIN", "MAX"] {
        if cursor.skip_word(word)? {
            no_parenthesis(cursor, &format!("{word} and a field"))?;
            let path = path(cursor)?;
            return Ok(match word {
                "SUM" => Aggregate::Sum(path),
                "AVG" => Aggregate::Avg(path),
                "MIN" => Aggregate::Min(path),
                _ => Aggregate::Max(path),
            });
        }
    }
    Err(cursor.trouble_near("COUNT, SUM, AVG, MIN or MAX", &["COUNT", "SUM", "AVG", "MIN", "MAX"]).into_error())
}

/// Says whether the field of a COUNT is at hand, and not the clause behind it.
fn begins_field(cursor: &Cursor<'_>) -> bool {
    match cursor.token() {
        Token::Quoted(_) => true,
        Token::Word(word) => !CLAUSE_WORDS.iter().any(|taken| taken.eq_ignore_ascii_case(word)),
        _ => false,
    }
}

fn no_parenthesis(cursor: &Cursor<'_>, form: &str) -> Result<()> {
    if *cursor.token() == Token::Symbol(Symbol::Open) {
        let trouble = cursor.trouble("an aggregate without parentheses");
        return Err(trouble.hint(format!("write {form} alone")).into_error());
    }
    Ok(())
}

/// Reads the keys of ORDER BY.
pub(super) fn order_keys(cursor: &mut Cursor<'_>) -> Result<Vec<OrderKey>> {
    list(cursor, order_key)
}

fn order_key(cursor: &mut Cursor<'_>) -> Result<OrderKey> {
    let path = path(cursor)?;
    let direction = if cursor.skip_word("DESC")? {
        SortDirection::Descending
    } else {
        cursor.skip_word("ASC")?;
        SortDirection::Ascending
    };
    Ok(OrderKey { path, direction })
}

/// Reads what follows SELECT.
pub(super) fn selection(cursor: &mut Cursor<'_>) -> Result<Selection> {
    if !cursor.skip_symbol(Symbol::Star)? {
        return list(cursor, path).map(Selection::Fields);
    }
    let more = if cursor.skip_symbol(Symbol::Comma)? { list(cursor, path)? } else { Vec::new() };
    Ok(Selection::DocumentAnd(more))
}

/// Reads a list that has at least one item.
fn list<'a, T>(cursor: &mut Cursor<'a>, item: impl Fn(&mut Cursor<'a>) -> Result<T>) -> Result<Vec<T>> {
    let mut items = vec![item(cursor)?];
    while cursor.skip_symbol(Symbol::Comma)? {
        push(cursor, &mut items, &item)?;
    }
    Ok(items)
}

fn push<'a, T>(cursor: &mut Cursor<'a>, items: &mut Vec<T>, item: impl Fn(&mut Cursor<'a>) -> Result<T>) -> Result<()> {
    if items.len() == QUERY_FIELDS_MAX {
        let expected = format!("a list of at most {QUERY_FIELDS_MAX} fields (QUERY_FIELDS_MAX)");
        return Err(cursor.trouble(expected).too_large().into_error());
    }
    items.push(item(cursor)?);
    Ok(())
}
