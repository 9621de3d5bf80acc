//! SELECT: from a statement to a plan of the engine and the shape of its rows.

mod by;
mod grouped;
mod items;
mod joined;
mod order;
mod plain;
mod tables;

use nedb::JoinPlan;
use nedb_nql::{Arg, Moment, Query};
use nedb_types::Result;
use sqlparser::ast::{self, Distinct, GroupByExpr, LimitClause, Select, SetExpr};

use self::items::Item;
pub(super) use self::{
    plain::collection_query,
    tables::{Tables, tables},
};
use super::{
    params::Values,
    refusal::{refuse_if, unsupported, unsupported_body, wrong},
    shape::Shape,
};

/// A SELECT ready to be asked.
pub(super) struct Question {
    pub(super) asked: Asked,
    pub(super) shape: Shape,
}

/// What the engine is asked.
pub(super) enum Asked {
    /// One collection.
    Query(Box<Query>),
    /// Several of them.
    Join(Box<JoinPlan>),
}

/// LIMIT and OFFSET.
type Bounds = (Option<Arg<u64>>, Option<Arg<u64>>);

/// The clauses around the rows, which every kind of SELECT has.
struct Clauses<'q> {
    select: &'q Select,
    order: Vec<&'q ast::OrderByExpr>,
    limit: Option<Arg<u64>>,
    offset: Option<Arg<u64>>,
    /// The columns of GROUP BY.
    group_by: &'q [ast::Expr],
    is_distinct: bool,
}

/// Translates a query.
pub(super) fn question(query: &ast::Query, values: &Values<'_>) -> Result<Question> {
    let clauses = Clauses::of(query, values)?;
    let tables = tables(&clauses.select.from, values)?;
    let items = items::items(&clauses.select.projection, &tables.scope, values)?;
    let (parts, shape) = if clauses.is_grouped(&items) {
        grouped::parts(&clauses, &tables.scope, &items, values)?
    } else {
        plain::parts(&clauses, &tables.scope, &items)?
    };
    let selection = clauses.select.selection.as_ref();
    let asked = if tables.scope.is_join() {
        Asked::Join(Box::new(joined::plan(&tables, selection, parts, values)?))
    } else {
        Asked::Query(Box::new(plain::query(&tables, selection, parts, values)?))
    };
    Ok(Question { asked, shape })
}

/// What stands behind the filter of a plan.
struct Parts {
    grouping: Option<nedb_nql::Grouping<Option<nedb_nql::Expr>>>,
    order: Vec<nedb_nql::OrderKey>,
    limit: Option<Arg<u64>>,
    offset: Option<Arg<u64>>,
    select: nedb_nql::Selection,
}

impl<'q> Clauses<'q> {
    fn of(query: &'q ast::Query, values: &Values<'_>) -> Result<Self> {
        refuse_query_parts(query)?;
        let SetExpr::Select(select) = query.body.as_ref() else { return Err(unsupported_body(&query.body)) };
        refuse_select_parts(select)?;
        let (limit, offset) = bounds(query.limit_clause.as_ref(), values)?;
        let group_by = match &select.group_by {
            GroupByExpr::Expressions(columns, modifiers) if modifiers.is_empty() => columns.as_slice(),
            GroupByExpr::Expressions(..) => return Err(unsupported("ROLLUP, CUBE or GROUPING SETS")),
            GroupByExpr::All(_) => return Err(unsupported("GROUP BY ALL")),
        };
        let is_distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => return Err(unsupported("DISTINCT ON")),
        };
        let order = order::keys(query.order_by.as_ref())?;
        Ok(Self { select, order, limit, offset, group_by, is_distinct })
    }

    fn is_grouped(&self, items: &[Item]) -> bool {
        self.is_distinct
            || !self.group_by.is_empty()
            || self.select.having.is_some()
            || items.iter().any(|item| matches!(item, Item::Figure { .. }))
    }
}

fn bounds(clause: Option<&LimitClause>, values: &Values<'_>) -> Result<Bounds> {
    let (limit, offset) = match clause {
        None => (None, None),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            refuse_if(!limit_by.is_empty(), "LIMIT BY")?;
            (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
    };
    let limit = limit.map(|limit| values.count(limit, "LIMIT")).transpose()?;
    Ok((limit, offset.map(|offset| values.count(offset, "OFFSET")).transpose()?))
}

/// Refuses what may stand around a SELECT or VALUES.
pub(super) fn refuse_query_parts(query: &ast::Query) -> Result<()> {
    refuse_if(query.with.is_some(), "WITH (a common table expression)")?;
    refuse_if(query.fetch.is_some(), "FETCH FIRST (write LIMIT)")?;
    refuse_if(!query.locks.is_empty(), "FOR UPDATE or FOR SHARE")?;
    refuse_if(query.for_clause.is_some(), "FOR XML or FOR JSON")?;
    refuse_if(query.settings.is_some() || query.format_clause.is_some(), "SETTINGS or FORMAT")?;
    refuse_if(!query.pipe_operators.is_empty(), "a pipe")
}

fn refuse_select_parts(select: &Select) -> Result<()> {
    refuse_if(select.projection.is_empty(), "a SELECT of nothing")?;
    refuse_if(select.top.is_some(), "TOP (write LIMIT)")?;
    refuse_if(select.into.is_some(), "SELECT INTO")?;
    refuse_if(select.exclude.is_some(), "EXCLUDE")?;
    refuse_if(!select.lateral_views.is_empty(), "LATERAL VIEW")?;
    refuse_if(select.prewhere.is_some(), "PREWHERE")?;
    refuse_if(!select.connect_by.is_empty(), "CONNECT BY")?;
    let has_parts = !select.cluster_by.is_empty() || !select.distribute_by.is_empty() || !select.sort_by.is_empty();
    refuse_if(has_parts, "CLUSTER BY, DISTRIBUTE BY or SORT BY")?;
    refuse_if(!select.named_window.is_empty(), "WINDOW")?;
    refuse_if(select.qualify.is_some(), "QUALIFY")?;
    refuse_if(select.value_table_mode.is_some(), "SELECT AS VALUE")?;
    refuse_if(select.select_modifiers.is_some(), "a modifier behind SELECT")
}

/// The value that binding gave, for a plan that has no parameters.
fn given<T>(arg: Option<Arg<T>>, what: &str) -> Result<Option<T>> {
    match arg {
        None => Ok(None),
        Some(Arg::Given(value)) => Ok(Some(value)),
        Some(Arg::Param(_)) => Err(wrong(format!("{what} has no value"))),
    }
}

/// The moment of a plan.
fn given_moment(as_of: Option<&Arg<Moment>>) -> Result<Option<Moment>> {
    given(as_of.cloned(), "AS OF")
}
