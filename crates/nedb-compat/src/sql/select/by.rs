//! GROUP BY: its columns by name, by alias, or by their position in SELECT.
//!
//! A name is that of a column before it is an alias, as in `SQLite` and `PostgreSQL`; only ORDER BY takes the alias first.
//! Collections have no list of columns that could say whether there is such a column. What says so is the rest of the
//! statement: the name is an alias where the column of that alias would otherwise stand in no group, which is no statement.

use nedb_types::{FieldPath, Result};
use sqlparser::ast::Expr;

use super::{items::Item, order};
use crate::sql::{refusal::unsupported_expr, scope::Scope};

/// The columns by which rows are grouped.
pub(super) fn columns(group_by: &[Expr], scope: &Scope, items: &[Item]) -> Result<Vec<FieldPath>> {
    let names = group_by.iter().map(|expr| Name::of(expr, scope, items)).collect::<Result<Vec<_>>>()?;
    let as_columns: Vec<&FieldPath> = names.iter().map(Name::first).collect();
    let chosen = names.iter().map(|name| match name {
        Name::Either { column, aliased } if as_columns.contains(&aliased) => column,
        Name::Either { aliased, .. } => aliased,
        Name::Plain(path) => path,
    });
    Ok(chosen.cloned().collect())
}

/// The way to the column that an expression is; none where several tables are joined and it does not say which is meant.
pub(super) fn column(expr: &Expr, scope: &Scope) -> Result<Option<FieldPath>> {
    match expr {
        Expr::Nested(inner) => column(inner, scope),
        Expr::Identifier(_) if scope.is_join() => Ok(None),
        expr => scope.column(expr)?.map(|column| scope.row_path(&column)).transpose(),
    }
}

/// What a name of GROUP BY may mean.
enum Name {
    Plain(FieldPath),
    /// It is an alias as well, and that of another column.
    Either {
        column: FieldPath,
        aliased: FieldPath,
    },
}

impl Name {
    fn of(expr: &Expr, scope: &Scope, items: &[Item]) -> Result<Self> {
        if let Some(Item::Column { path, .. }) = order::item_at(expr, items)? {
            return Ok(Self::Plain(path.clone()));
        }
        match (column(expr, scope)?, order::item_aliased(expr, items)) {
            (Some(column), Some(Item::Column { path, .. })) if column != *path => {
                Ok(Self::Either { column, aliased: path.clone() })
            }
            (Some(column), _) => Ok(Self::Plain(column)),
            (None, Some(Item::Column { path, .. })) => Ok(Self::Plain(path.clone())),
            (None, _) => match scope.column(expr)? {
                Some(column) => scope.row_path(&column).map(Self::Plain),
                None => Err(unsupported_expr(expr)),
            },
        }
    }

    /// What it means when it is a column.
    fn first(&self) -> &FieldPath {
        match self {
            Self::Plain(path) | Self::Either { column: path, .. } => path,
        }
    }
}
