//! ORDER BY: its keys by name, by alias, or by their position in SELECT.
//!
//! Null comes last ascending and first descending, as in `PostgreSQL`; NULLS FIRST and NULLS LAST are taken where they say so.

use nedb_nql::{OrderKey, SortDirection};
use nedb_types::{FieldPath, Result};
use sqlparser::ast::{Expr, Ident, OrderBy, OrderByExpr, OrderByKind, OrderBySort, Value as Literal, ValueWithSpan};

use super::items::Item;
use crate::sql::refusal::{refuse_if, unsupported, unsupported_but, wrong};

/// The keys as they were written.
pub(super) fn keys(order: Option<&OrderBy>) -> Result<Vec<&OrderByExpr>> {
    let Some(order) = order else { return Ok(Vec::new()) };
    refuse_if(order.interpolate.is_some(), "INTERPOLATE")?;
    match &order.kind {
        OrderByKind::Expressions(keys) => Ok(keys.iter().collect()),
        OrderByKind::All(_) => Err(unsupported("ORDER BY ALL")),
    }
}

/// A key of the plan from one of the statement and what it leads to.
pub(super) fn key(written: &OrderByExpr, path: FieldPath) -> Result<OrderKey> {
    refuse_if(written.with_fill.is_some(), "WITH FILL")?;
    let is_descending = match &written.options.sort {
        None | Some(OrderBySort::Asc) => false,
        Some(OrderBySort::Desc) => true,
        Some(OrderBySort::Using(_)) => return Err(unsupported("ORDER BY ... USING")),
    };
    if written.options.nulls_first.is_some_and(|nulls_first| nulls_first != is_descending) {
        let order = if is_descending { "DESC NULLS LAST" } else { "ASC NULLS FIRST" };
        return Err(unsupported_but(order, "null comes last ascending and first descending"));
    }
    let direction = if is_descending { SortDirection::Descending } else { SortDirection::Ascending };
    Ok(OrderKey { path, direction })
}

/// The item of SELECT that an expression names by its alias or, counted from 1, by its position. An alias comes before the
/// column of that name here, unlike in GROUP BY and HAVING.
pub(super) fn item_named<'i>(expr: &Expr, items: &'i [Item]) -> Result<Option<&'i Item>> {
    match item_aliased(expr, items) {
        Some(item) => Ok(Some(item)),
        None => item_at(expr, items),
    }
}

/// The item of SELECT that has an expression's name.
pub(super) fn item_aliased<'i>(expr: &Expr, items: &'i [Item]) -> Option<&'i Item> {
    match expr {
        Expr::Nested(inner) => item_aliased(inner, items),
        Expr::Identifier(Ident { value, .. }) => items.iter().find(|item| item.name() == Some(value)),
        _ => None,
    }
}

/// The item of SELECT at the position, counted from 1, that an expression is.
pub(super) fn item_at<'i>(expr: &Expr, items: &'i [Item]) -> Result<Option<&'i Item>> {
    match expr {
        Expr::Nested(inner) => item_at(inner, items),
        Expr::Value(ValueWithSpan { value: Literal::Number(digits, _), .. }) => {
            let position = digits.parse::<usize>().ok().and_then(|position| position.checked_sub(1));
            match position.and_then(|position| items.get(position)) {
                Some(item) => Ok(Some(item)),
                None => Err(wrong(format!("the position {digits} is not one of the {} items of SELECT", items.len()))),
            }
        }
        _ => Ok(None),
    }
}
