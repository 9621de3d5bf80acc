//! A SELECT over several tables.
//!
//! Conditions on one table alone go to its input, before anything is joined, where that changes nothing: those of WHERE unless
//! the table is the right one of a LEFT JOIN, those of ON when they are about the right one.

use std::{cell::RefCell, collections::BTreeSet};

use nedb::{JoinInput, JoinKind, JoinOn, JoinPlan};
use nedb_nql::{Expr as Condition, Grouping, Params, Predicate, Query};
use nedb_types::{Collection, FieldPath, Result};
use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint};

use super::{Parts, Tables, given, given_moment};
use crate::sql::{
    condition::{Conditions, Effort, Subject, all, chain},
    params::Values,
    refusal::{unsupported, unsupported_but, wrong},
    scope::{Column, Scope, Table, single_name},
};

/// The plan of a join.
pub(super) fn plan(
    tables: &Tables<'_>,
    selection: Option<&Expr>,
    parts: Parts,
    values: &Values<'_>,
) -> Result<JoinPlan> {
    let mut join = Joining::new(tables, values);
    let mut ons = Vec::with_capacity(tables.joins.len());
    for (position, (kind, constraint)) in tables.joins.iter().enumerate() {
        ons.push((*kind, join.on(position + 1, *kind, constraint)?));
    }
    if let Some(selection) = selection {
        for condition in conjuncts(selection) {
            join.keep(condition)?;
        }
    }
    let Joining { filters, rest, .. } = join;
    let mut inputs = tables.scope.tables().iter().zip(filters).map(|(table, filter)| input(table, filter));
    let Some(first) = inputs.next() else { return Err(unsupported("a SELECT without FROM")) };
    let mut plan = JoinPlan::of(first?);
    for (input, (kind, on)) in inputs.zip(ons) {
        plan = plan.join(kind, input?, on);
    }
    plan.as_of = given_moment(tables.as_of.as_ref())?;
    plan.filter = predicate(all(rest))?;
    plan.grouping = parts.grouping.map(grouping).transpose()?;
    plan.order = parts.order;
    plan.limit = given(parts.limit, "LIMIT")?;
    plan.offset = given(parts.offset, "OFFSET")?.unwrap_or_default();
    plan.select = parts.select;
    Ok(plan)
}

fn input(table: &Table, filter: Vec<Condition>) -> Result<JoinInput> {
    let filter = predicate(all(filter))?;
    Ok(JoinInput { name: table.name.clone(), collection: table.collection.clone(), filter })
}

fn grouping(grouping: Grouping<Option<Condition>>) -> Result<Grouping<Predicate>> {
    let Grouping { by, aggregates, having } = grouping;
    let having = having.map_or(Ok(Predicate::ALWAYS), predicate)?;
    Ok(Grouping { by, aggregates, having })
}

/// The normal form of a condition.
fn predicate(condition: Condition) -> Result<Predicate> {
    let mut query = Query::all_of(Collection::new("rows")?);
    query.filter = Some(condition);
    Ok(query.plan(&Params::new())?.filter)
}

/// The conditions that AND joins.
fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Nested(inner) => conjuncts(inner),
        expr => chain(expr, &BinaryOperator::And),
    }
}

/// Conditions while they find their places.
struct Joining<'j> {
    scope: &'j Scope,
    values: &'j Values<'j>,
    /// Whether rows without a document of the table come through.
    is_optional: Vec<bool>,
    /// The conditions on each input.
    filters: Vec<Vec<Condition>>,
    /// The conditions on joined rows.
    rest: Vec<Condition>,
    effort: Effort,
}

impl<'j> Joining<'j> {
    fn new(tables: &'j Tables<'_>, values: &'j Values<'j>) -> Self {
        let optional = tables.joins.iter().map(|(kind, _)| *kind == JoinKind::Left);
        let is_optional = std::iter::once(false).chain(optional).collect();
        let filters = tables.scope.tables().iter().map(|_| Vec::new()).collect();
        Self { scope: &tables.scope, values, is_optional, filters, rest: Vec::new(), effort: Effort::default() }
    }

    /// The equal fields of one join; what else ON asks finds its place.
    fn on(&mut self, right: usize, kind: JoinKind, constraint: &JoinConstraint) -> Result<Vec<JoinOn>> {
        let condition = match constraint {
            JoinConstraint::On(condition) => condition,
            JoinConstraint::Using(columns) => {
                if right > 1 {
                    return Err(unsupported_but("USING behind more than one table", "write ON"));
                }
                return columns.iter().map(|column| self.using(single_name(column)?)).collect();
            }
            JoinConstraint::Natural => {
                return Err(unsupported_but("NATURAL JOIN", "collections have no list of columns"));
            }
            JoinConstraint::None => return Err(unsupported_but("JOIN without ON", "a join needs equal fields")),
        };
        let mut ons = Vec::new();
        for condition in conjuncts(condition) {
            match self.equality(condition, right)? {
                Some(on) => ons.push(on),
                None => self.beside(condition, right, kind)?,
            }
        }
        if ons.is_empty() {
            return Err(unsupported("ON without the equality of a column of this table and one before it"));
        }
        Ok(ons)
    }

    fn using(&self, name: &str) -> Result<JoinOn> {
        let column = Column { table: 0, path: FieldPath::field(name) };
        Ok(JoinOn { left: self.scope.row_path(&column)?, right: FieldPath::field(name) })
    }

    /// The equality of a column of the right table and one of a table before it.
    fn equality(&self, condition: &Expr, right: usize) -> Result<Option<JoinOn>> {
        let (one, other) = match condition {
            Expr::Nested(inner) => return self.equality(inner, right),
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => (left, right),
            _ => return Ok(None),
        };
        let (Some(one), Some(other)) = (self.scope.column(one)?, self.scope.column(other)?) else { return Ok(None) };
        let (before, partner) = if one.table == right { (other, one) } else { (one, other) };
        if partner.table != right || before.table >= right {
            return Err(wrong(format!("{condition} does not compare a column of this table with one before it")));
        }
        Ok(Some(JoinOn { left: self.scope.row_path(&before)?, right: partner.path }))
    }

    /// A condition of ON that is no equality of columns.
    fn beside(&mut self, condition: &Expr, right: usize, kind: JoinKind) -> Result<()> {
        let (translated, tables) = self.translated(condition, false)?;
        if tables.iter().all(|table| *table == right) {
            return self.push(right, translated);
        }
        if let Some(later) = tables.iter().find(|table| **table > right) {
            let name = self.scope.tables().get(*later).map_or("", |table| table.name.as_str());
            return Err(wrong(format!("ON speaks of {name}, which is joined later")));
        }
        match kind {
            JoinKind::Inner => self.keep(condition),
            JoinKind::Left => Err(unsupported("a condition on another table in the ON of a LEFT JOIN")),
        }
    }

    /// A condition that joined rows must satisfy.
    fn keep(&mut self, condition: &Expr) -> Result<()> {
        let (translated, tables) = self.translated(condition, false)?;
        let mut tables = tables.into_iter();
        match (tables.next(), tables.next()) {
            (Some(table), None) if self.is_optional.get(table) == Some(&false) => self.push(table, translated),
            _ => {
                let (translated, _) = self.translated(condition, true)?;
                self.rest.push(translated);
                Ok(())
            }
        }
    }

    fn push(&mut self, table: usize, condition: Condition) -> Result<()> {
        match self.filters.get_mut(table) {
            Some(filters) => filters.push(condition),
            None => return Err(wrong("a condition speaks of no table")),
        }
        Ok(())
    }

    /// A condition on documents of one table, or on joined rows, and the tables of which it speaks.
    fn translated(&self, condition: &Expr, is_of_rows: bool) -> Result<(Condition, BTreeSet<usize>)> {
        let tables = RefCell::new(BTreeSet::new());
        let subject = |expr: &Expr| {
            let Some(column) = self.scope.column(expr)? else { return Ok(None) };
            tables.borrow_mut().insert(column.table);
            let path = if is_of_rows { self.scope.row_path(&column)? } else { column.path };
            Ok(Some(Subject::plain(path)))
        };
        let conditions = Conditions { values: self.values, subject: &subject, effort: &self.effort };
        let translated = conditions.is_true(condition)?;
        Ok((translated, tables.into_inner()))
    }
}
