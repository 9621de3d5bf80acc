//! A SELECT that gives documents or columns of them.

use nedb_nql::{Query, Selection, column_name};
use nedb_types::{FieldPath, Result};
use sqlparser::ast::Expr;

use super::{Clauses, Parts, Tables, items::Item, order};
use crate::sql::{
    condition::{Conditions, Effort, Subject, unless_always},
    params::Values,
    refusal::{unsupported, unsupported_but, unsupported_expr},
    scope::Scope,
    shape::{Shape, Shown},
};

/// Everything behind the filter, with the shape of the rows.
pub(super) fn parts(clauses: &Clauses<'_>, scope: &Scope, items: &[Item]) -> Result<(Parts, Shape)> {
    let (select, shape) = selection(scope, items)?;
    let mut keys = Vec::with_capacity(clauses.order.len());
    for written in &clauses.order {
        let path = match order::item_named(&written.expr, items)? {
            Some(Item::Column { path, .. }) => path.clone(),
            Some(_) => return Err(unsupported("an order by the position of a star")),
            None => match scope.column(&written.expr)? {
                Some(column) => scope.row_path(&column)?,
                None => return Err(unsupported_expr(&written.expr)),
            },
        };
        keys.push(order::key(written, path)?);
    }
    let (limit, offset) = (clauses.limit.clone(), clauses.offset.clone());
    Ok((Parts { grouping: None, order: keys, limit, offset, select }, shape))
}

/// The query of one collection.
pub(super) fn query(tables: &Tables<'_>, selection: Option<&Expr>, parts: Parts, values: &Values<'_>) -> Result<Query> {
    let mut query = collection_query(tables, selection, values)?;
    let Parts { grouping, order, limit, offset, select } = parts;
    (query.grouping, query.order, query.limit, query.offset) = (grouping, order, limit, offset);
    query.select = select;
    Ok(query)
}

/// The rows of one collection that a WHERE keeps.
pub(in crate::sql) fn collection_query(
    tables: &Tables<'_>,
    selection: Option<&Expr>,
    values: &Values<'_>,
) -> Result<Query> {
    let Some(table) = tables.scope.tables().first() else { return Err(unsupported("a SELECT without FROM")) };
    let mut query = Query::all_of(table.collection.clone());
    query.as_of.clone_from(&tables.as_of);
    if let Some(condition) = selection {
        let subject = |expr: &Expr| Ok(tables.scope.column(expr)?.map(|column| Subject::plain(column.path)));
        query.filter =
            unless_always(Conditions { values, subject: &subject, effort: &Effort::default() }.is_true(condition)?);
    }
    Ok(query)
}

fn selection(scope: &Scope, items: &[Item]) -> Result<(Selection, Shape)> {
    let stars = items.iter().filter(|item| matches!(item, Item::Everything | Item::EverythingOf(_))).count();
    if stars > 1 {
        return Err(unsupported("more than one star in SELECT"));
    }
    if items.contains(&Item::Everything) {
        return Ok((with_document(scope, items)?, Shape::default()));
    }
    let (mut paths, mut shown) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items {
        match item {
            Item::EverythingOf(table) => {
                let Some(table) = scope.tables().get(*table) else { continue };
                paths.push(FieldPath::field(table.name.clone()));
                shown.push(Shown::Fields { from: table.name.clone() });
            }
            Item::Column { name, path } => {
                shown.push(Shown::Column { from: column_name(path), name: name.clone() });
                paths.push(path.clone());
            }
            Item::Everything | Item::Figure { .. } => {}
        }
    }
    let is_as_it_is = shown.iter().all(|shown| matches!(shown, Shown::Column { from, name } if from == name));
    let shape = Shape { columns: (!is_as_it_is).then_some(shown), ..Shape::default() };
    Ok((Selection::Fields(paths), shape))
}

/// `*`, perhaps with further columns.
fn with_document(scope: &Scope, items: &[Item]) -> Result<Selection> {
    let mut paths = Vec::new();
    for item in items {
        match item {
            Item::Column { .. } if scope.is_join() => {
                return Err(unsupported_but("a column beside * in a join", "name the columns"));
            }
            Item::Column { name, path } if *name != column_name(path) => {
                return Err(unsupported_but("an alias beside *", "name the columns"));
            }
            Item::Column { path, .. } => paths.push(path.clone()),
            _ => {}
        }
    }
    Ok(if paths.is_empty() { Selection::Default } else { Selection::DocumentAnd(paths) })
}
