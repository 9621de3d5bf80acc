//! From a join plan to rows.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use nedb_nql::{OrderKey, Plan, Predicate, Selection, order_rows};
use nedb_types::{Error, ErrorCode, FieldPath, PathStep, Result, Value, limits::JOIN_INPUTS_MAX};

use super::{JoinInput, JoinPlan, JoinedRow, JoinedRows, step::JoinStep};
use crate::{
    query::{
        execute,
        field::read_value,
        guard::{Guard, Pace},
        operator::{group::Groups, group_rows, project::Projection},
        options::QueryOptions,
        rows::{RowSource, Rows},
    },
    read::Snapshot,
};

/// System fields that rows show only when they are asked for.
const HIDDEN_FIELDS: [&str; 3] = ["_seq", "_ts", "_client"];

/// Runs a join at the moment of a snapshot.
pub(crate) fn run(snapshot: &Snapshot, plan: &JoinPlan, options: &QueryOptions) -> Result<Rows> {
    check(plan)?;
    let inputs = Arc::new(Inputs::new(snapshot, plan, options));
    inputs.guard.check()?;
    let mut projection = Projection::new(&plan.select, options.row_fields);
    let rows = filtered(joined(plan, &inputs)?, &plan.filter);
    let source = if let Some(grouping) = &plan.grouping {
        let mut groups = Groups::new(&grouping.by, grouping.measures().cloned().collect(), grouping.has_count());
        let mut pace = Pace::default();
        for row in rows {
            pace.row(&inputs.guard)?;
            groups.take(&row?, &inputs.guard)?;
        }
        let rows = group_rows::rows(&plan.order, grouping, groups.finish()?, &projection)?;
        RowSource::Made(rows.into_iter())
    } else {
        let rows = if plan.order.is_empty() { rows } else { sorted(rows, &plan.order, &inputs.guard)? };
        RowSource::Joined(Box::new(rows.map(move |row| projection.joined_row(&row?))))
    };
    let rest = inputs.remaining();
    Ok(Rows::new(source, Guard::new(&snapshot.engine().io.clock, &rest), plan.offset, plan.limit))
}

/// Refuses too many inputs, and names that would hide each other.
fn check(plan: &JoinPlan) -> Result<()> {
    let (max, actual) = (JOIN_INPUTS_MAX as u64, plan.inputs().count() as u64);
    if actual > max {
        let what = "number of inputs of a join";
        return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "JOIN_INPUTS_MAX", max, actual));
    }
    let mut names = BTreeSet::new();
    match plan.inputs().find(|input| !names.insert(&input.name)) {
        None => Ok(()),
        Some(input) => {
            let message = format!("two inputs of a join have the name {:?}", input.name);
            Err(Error::new(ErrorCode::InvalidArgument, message))
        }
    }
}

/// What the steps of a join share.
pub(super) struct Inputs {
    pub(super) snapshot: Snapshot,
    pub(super) guard: Guard,
    options: QueryOptions,
    /// The hidden fields that the plan reads, by the names of the inputs.
    hidden: BTreeSet<(String, &'static str)>,
}

impl Inputs {
    fn new(snapshot: &Snapshot, plan: &JoinPlan, options: &QueryOptions) -> Self {
        let guard = Guard::new(&snapshot.engine().io.clock, options);
        Self { snapshot: snapshot.clone(), guard, options: options.clone(), hidden: hidden_fields(plan) }
    }

    /// The plan for the documents of an input.
    pub(super) fn plan(&self, input: &JoinInput, filter: Predicate) -> Plan {
        let hidden = self.hidden.iter().filter(|(name, _)| *name == input.name);
        let shown: Vec<FieldPath> = hidden.map(|(_, field)| FieldPath::field(*field)).collect();
        Plan {
            collection: input.collection.clone(),
            as_of: None,
            valid_as_of: None,
            filter,
            search: None,
            steps: Vec::new(),
            grouping: None,
            order: Vec::new(),
            limit: None,
            offset: 0,
            select: if shown.is_empty() { Selection::Default } else { Selection::DocumentAnd(shown) },
        }
    }

    /// The documents of a plan, within what is left of the bounds.
    pub(super) fn rows(&self, plan: &Plan) -> Result<Rows> {
        execute::run(&self.snapshot, plan, &self.remaining())
    }

    /// The bounds for a part that begins now.
    fn remaining(&self) -> QueryOptions {
        let mut rest = self.options.clone();
        rest.deadline_us = rest.deadline_us.map(|deadline_us| deadline_us.saturating_sub(self.guard.elapsed_us()));
        rest
    }
}

fn hidden_fields(plan: &JoinPlan) -> BTreeSet<(String, &'static str)> {
    let mut paths: Vec<&FieldPath> = plan.order.iter().map(|key| &key.path).collect();
    plan.filter.for_each_path(&mut |path| paths.push(path));
    if let Some(grouping) = &plan.grouping {
        paths.extend(&grouping.by);
        paths.extend(grouping.aggregates.iter().filter_map(|aggregate| aggregate.path()));
    }
    if let Selection::Fields(selected) | Selection::DocumentAnd(selected) = &plan.select {
        paths.extend(selected);
    }
    let mut hidden = BTreeSet::new();
    let mut note = |input: &str, field: Option<&PathStep>| {
        let known = HIDDEN_FIELDS.iter().find(|known| matches!(field, Some(PathStep::Field(field)) if field == *known));
        hidden.extend(known.map(|known| (input.to_owned(), *known)));
    };
    for join in &plan.joins {
        for on in &join.on {
            note(&join.input.name, on.right.steps().first());
            paths.push(&on.left);
        }
    }
    for path in paths {
        if let Some((PathStep::Field(input), inner)) = path.steps().split_first() {
            note(input, inner.first());
        }
    }
    hidden
}

/// The joined rows, before anything else.
fn joined(plan: &JoinPlan, inputs: &Arc<Inputs>) -> Result<JoinedRows> {
    let names: Arc<[String]> = plan.inputs().map(|input| input.name.clone()).collect();
    let first = inputs.rows(&inputs.plan(&plan.first, plan.first.filter.clone()))?;
    let mut rows: JoinedRows =
        Box::new(first.map(move |row| Ok(JoinedRow::new(Arc::clone(&names), row?.into_document()))));
    for join in &plan.joins {
        rows = Box::new(JoinStep::new(rows, join, inputs));
    }
    Ok(rows)
}

fn filtered(rows: JoinedRows, filter: &Predicate) -> JoinedRows {
    if filter.is_always() {
        return rows;
    }
    let filter = filter.clone();
    Box::new(rows.filter_map(move |row| match row.and_then(|row| Ok(filter.matches(&row)?.then_some(row))) {
        Ok(None) => None,
        Ok(Some(row)) => Some(Ok(row)),
        Err(error) => Some(Err(error)),
    }))
}

/// The rows by the keys of the order; equal ones stay as they come.
fn sorted(rows: JoinedRows, order: &[OrderKey], guard: &Guard) -> Result<JoinedRows> {
    let (mut kept, mut pace) = (Vec::new(), Pace::default());
    for row in rows {
        pace.row(guard)?;
        let row = row?;
        let keys: Vec<Value> = order.iter().map(|key| read_value(&row, &key.path)).collect::<Result<_>>()?;
        guard.grow(row.bytes() + keys.iter().map(Value::memory_bytes).sum::<usize>())?;
        kept.push((keys, row));
    }
    kept.sort_by(|(a, _), (b, _)| {
        let mut orders = a.iter().zip(b).zip(order).map(|((a, b), key)| order_rows(a, b, key.direction));
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(Box::new(kept.into_iter().map(|(_, row)| Ok(row))))
}
