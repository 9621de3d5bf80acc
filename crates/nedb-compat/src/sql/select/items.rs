//! What a SELECT lists: columns, figures of groups, and the star.

use nedb_nql::{Aggregate, column_name};
use nedb_types::{FieldPath, Result, Value};
use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, SelectItem,
    SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

use super::super::{
    params::Values,
    refusal::{
        refuse_if, unsupported, unsupported_but, unsupported_expr, unsupported_function, unsupported_text, wrong,
    },
    scope::{Scope, single_name},
};

/// One item of a SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Item {
    /// `*`
    Everything,
    /// `t.*` of a join, by the position of the table.
    EverythingOf(usize),
    /// A column.
    Column { name: String, path: FieldPath },
    /// A figure of a group; its path, too, is one of the rows.
    Figure { name: String, aggregate: Aggregate },
}

impl Item {
    /// The name of its column.
    pub(in crate::sql) fn name(&self) -> Option<&str> {
        match self {
            Self::Everything | Self::EverythingOf(_) => None,
            Self::Column { name, .. } | Self::Figure { name, .. } => Some(name),
        }
    }
}

/// Reads the items of a SELECT, whose names must differ.
pub(in crate::sql) fn items(projection: &[SelectItem], scope: &Scope, values: &Values<'_>) -> Result<Vec<Item>> {
    let items: Vec<Item> = projection.iter().map(|given| item(given, scope, values)).collect::<Result<_>>()?;
    let mut names: Vec<&str> = items.iter().filter_map(Item::name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        None => Ok(items),
        Some(name) => Err(wrong(format!("two columns have the name {name}: give one of them another with AS"))),
    }
}

fn item(given: &SelectItem, scope: &Scope, values: &Values<'_>) -> Result<Item> {
    match given {
        SelectItem::Wildcard(options) => plain_star(options).map(|()| Item::Everything),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
            plain_star(options)?;
            let name = single_name(name)?;
            match scope.table(name) {
                Some(table) if scope.is_join() => Ok(Item::EverythingOf(table)),
                Some(_) => Ok(Item::Everything),
                None => Err(wrong(format!("{name}.* names no table of the statement"))),
            }
        }
        SelectItem::UnnamedExpr(expr) => expr_item(expr, None, scope, values),
        SelectItem::ExprWithAlias { expr, alias } => expr_item(expr, Some(&alias.value), scope, values),
        other => Err(unsupported_text(other)),
    }
}

fn plain_star(options: &WildcardAdditionalOptions) -> Result<()> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike: None,
        opt_exclude: None,
        opt_except: None,
        opt_replace: None,
        opt_rename: None,
        opt_alias: None,
    } = options
    else {
        return Err(unsupported("a star with exceptions or changes"));
    };
    Ok(())
}

fn expr_item(expr: &Expr, alias: Option<&str>, scope: &Scope, values: &Values<'_>) -> Result<Item> {
    if let Some(column) = scope.column(expr)? {
        let name = alias.map_or_else(|| column_name(&column.path), str::to_owned);
        return Ok(Item::Column { name, path: scope.row_path(&column)? });
    }
    let Expr::Function(function) = expr else {
        return Err(match values.constant(expr)? {
            Some(_) => unsupported("a constant in SELECT"),
            None => unsupported_expr(expr),
        });
    };
    let Figure { aggregate, own_name } = figure(function, scope, values)?;
    Ok(Item::Figure { name: alias.map_or(own_name, str::to_owned), aggregate })
}

/// A figure and the name that it has without an alias: that of the query language, without the table.
pub(in crate::sql) struct Figure {
    pub(in crate::sql) aggregate: Aggregate,
    own_name: String,
}

/// Reads an aggregate function.
pub(in crate::sql) fn figure(function: &Function, scope: &Scope, values: &Values<'_>) -> Result<Figure> {
    let Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args,
        filter,
        null_treatment: None,
        over: None,
        within_group,
    } = function
    else {
        return Err(unsupported_function(function));
    };
    let word = single_name(name)?.to_uppercase();
    let make: fn(FieldPath) -> Aggregate = match word.as_str() {
        "COUNT" => Aggregate::CountOf,
        "SUM" => Aggregate::Sum,
        "AVG" => Aggregate::Avg,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        _ => return Err(unsupported_function(function)),
    };
    refuse_if(filter.is_some(), "FILTER behind an aggregate")?;
    refuse_if(!within_group.is_empty(), "WITHIN GROUP")?;
    let FunctionArguments::List(list) = args else { return Err(unsupported_function(function)) };
    if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
        return Err(unsupported(format!("{word}(DISTINCT ...)")));
    }
    refuse_if(!list.clauses.is_empty(), "a clause inside an aggregate")?;
    let [FunctionArg::Unnamed(argument)] = list.args.as_slice() else {
        return Err(wrong(format!("{word} takes one argument")));
    };
    match argument {
        FunctionArgExpr::Wildcard if word == "COUNT" => Ok(Figure::rows()),
        FunctionArgExpr::Expr(expr) => match scope.column(expr)? {
            Some(column) => {
                let own_name = make(column.path.clone()).column();
                Ok(Figure { aggregate: make(scope.row_path(&column)?), own_name })
            }
            None if word == "COUNT" && is_counted(expr, values)? => Ok(Figure::rows()),
            None => Err(unsupported_but(&format!("{word} of something other than a column"), "name a column")),
        },
        _ => Err(wrong(format!("{word} takes a column"))),
    }
}

/// Whether COUNT of a constant counts every row.
fn is_counted(expr: &Expr, values: &Values<'_>) -> Result<bool> {
    Ok(values.constant(expr)?.is_some_and(|value| value != nedb_nql::Arg::Given(Value::Null)))
}

impl Figure {
    fn rows() -> Self {
        Self { aggregate: Aggregate::Count, own_name: Aggregate::Count.column() }
    }
}
