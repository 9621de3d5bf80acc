//! From what was written to what it means.

use nedb_types::{Error, ErrorCode, Result};

use super::normalise::predicate;
use super::{BoundStatement, Plan, Predicate};
use crate::ast::{Expr, GraphStep, Grouping, Query, Statement};
use crate::check::check;
use crate::params::{Binder, Params};

impl Statement {
    /// Gives the parameters their values.
    ///
    /// # Errors
    ///
    /// `query_parameter` when one is missing, unknown or of the wrong type; those of [`Query::plan`].
    pub fn bind(&self, params: &Params) -> Result<BoundStatement> {
        let mut binder = Binder::new(params);
        let bound = match self {
            Self::Query(query) => BoundStatement::Query(Box::new(plan(query, &mut binder)?)),
            Self::Explain(query) => BoundStatement::Explain(Box::new(plan(query, &mut binder)?)),
            Self::History { collection, id } => {
                BoundStatement::History { collection: collection.clone(), id: binder.doc_id(id)? }
            }
            Self::Diff { collection, from, to } => BoundStatement::Diff {
                collection: collection.clone(),
                from: binder.moment(from)?,
                to: binder.moment(to)?,
            },
        };
        binder.finish()?;
        Ok(bound)
    }
}

impl Query {
    /// Makes the plan of the query.
    ///
    /// # Errors
    ///
    /// `query_parameter` when a parameter is missing, unknown or of the wrong type; `query_syntax` when clauses contradict each
    /// other, `query_too_large` when conditions nest too deeply: both only for queries that were not parsed.
    pub fn plan(&self, params: &Params) -> Result<Plan> {
        let mut binder = Binder::new(params);
        let plan = plan(self, &mut binder)?;
        binder.finish()?;
        Ok(plan)
    }
}

fn plan(query: &Query, binder: &mut Binder<'_>) -> Result<Plan> {
    if let Err(fault) = check(query) {
        let message = format!("expected {}, found {}", fault.expected, fault.found);
        return Err(Error::new(ErrorCode::QuerySyntax, message));
    }
    Ok(Plan {
        collection: query.collection.clone(),
        as_of: query.as_of.as_ref().map(|arg| binder.moment(arg)).transpose()?,
        valid_as_of: query.valid_as_of.as_ref().map(|arg| binder.timestamp(arg)).transpose()?,
        filter: filter(query.filter.as_ref(), binder)?,
        search: query.search.as_ref().map(|arg| binder.search(arg)).transpose()?,
        steps: query.steps.iter().map(|step| bind_step(step, binder)).collect::<Result<_>>()?,
        grouping: query.grouping.as_ref().map(|grouping| bind_grouping(grouping, binder)).transpose()?,
        order: query.order.clone(),
        limit: query.limit.as_ref().map(|arg| binder.count(arg)).transpose()?,
        offset: query.offset.as_ref().map(|arg| binder.count(arg)).transpose()?.unwrap_or_default(),
        select: query.select.clone(),
    })
}

fn filter(expr: Option<&Expr>, binder: &mut Binder<'_>) -> Result<Predicate> {
    expr.map_or(Ok(Predicate::ALWAYS), |expr| predicate(expr, binder))
}

fn bind_step(step: &GraphStep<Option<Expr>>, binder: &mut Binder<'_>) -> Result<GraphStep<Predicate>> {
    let filter = filter(step.filter.as_ref(), binder)?;
    Ok(GraphStep { kind: step.kind.clone(), direction: step.direction, filter })
}

fn bind_grouping(grouping: &Grouping<Option<Expr>>, binder: &mut Binder<'_>) -> Result<Grouping<Predicate>> {
    let having = filter(grouping.having.as_ref(), binder)?;
    Ok(Grouping { by: grouping.by.clone(), aggregates: grouping.aggregates.clone(), having })
}
