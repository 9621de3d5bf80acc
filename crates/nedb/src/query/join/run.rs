//! From a join plan to rows.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use nedb_nql::{OrderKey, Plan, Predicate, Selection, order_rows};
use nedb_types::{Error, ErrorCode, FieldPath, PathStep, Result, Value, limits::JOIN_INPUTS_MAX};

use super::{JoinCourse, JoinInput, JoinPlan, JoinedRow, JoinedRows, report::Report, step::JoinStep};
use crate::{
    query::{
        QueryBounds,
        course::Course,
        execute,
        explain::Explanation,
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
    rows(plan, &Arc::new(Inputs::new(snapshot, plan, options, None)), options)
}

/// Runs a join to its end and tells what each part did.
pub(crate) fn explain(snapshot: &Snapshot, plan: &JoinPlan, options: &QueryOptions) -> Result<Explanation> {
    check(plan)?;
    let report = Arc::new(Report::new(&snapshot.engine().io.clock, plan));
    let inputs = Arc::new(Inputs::new(snapshot, plan, options, Some(Arc::clone(&report))));
    let mut count = 0;
    for row in rows(plan, &inputs, options)? {
        row?;
        count += 1;
    }
    Ok(report.explanation(plan, count, inputs.bounds.guard().elapsed_us()))
}

fn rows(plan: &JoinPlan, inputs: &Arc<Inputs>, options: &QueryOptions) -> Result<Rows> {
    let guard = inputs.bounds.guard();
    guard.check()?;
    let mut projection = Projection::new(&plan.select, options.row_fields);
    let mut rows = filtered(joined(plan, inputs)?, &plan.filter);
    if let Some(report) = &inputs.report {
        rows = report.filtered(rows);
    }
    let source = if let Some(grouping) = &plan.grouping {
        let group = || {
            let mut groups = Groups::new(&grouping.by, grouping.measures().cloned().collect(), grouping.has_count());
            let mut pace = Pace::default();
            for row in rows {
                pace.row(guard)?;
                groups.take(&row?, guard)?;
            }
            groups.finish()
        };
        let groups = inputs.collected("group", group, Vec::len)?;
        RowSource::Made(group_rows::rows(&plan.order, grouping, groups, &projection)?.into_iter())
    } else {
        let rows: JoinedRows = if plan.order.is_empty() {
            rows
        } else {
            let sorted = inputs.collected("sort", || sorted(rows, &plan.order, guard), Vec::len)?;
            Box::new(sorted.into_iter().map(|(_, row)| Ok(row)))
        };
        RowSource::Joined(Box::new(rows.map(move |row| projection.joined_row(&row?))))
    };
    let rest = inputs.bounds.remaining();
    let guard = Guard::new(&inputs.snapshot.engine().io.clock, &rest);
    Ok(Rows::new(source, guard, plan.offset, plan.limit).along(Course::Join(Arc::clone(&inputs.course))))
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
    pub(super) bounds: QueryBounds,
    /// The hidden fields that the plan reads, by the names of the inputs.
    hidden: BTreeSet<(String, &'static str)>,
    /// What EXPLAIN will tell.
    report: Option<Arc<Report>>,
    /// What logs may know.
    course: Arc<JoinCourse>,
}

impl Inputs {
    fn new(snapshot: &Snapshot, plan: &JoinPlan, options: &QueryOptions, report: Option<Arc<Report>>) -> Self {
        let bounds = QueryBounds::begin(snapshot, options);
        let course = Arc::new(JoinCourse::new(plan));
        Self { snapshot: snapshot.clone(), bounds, hidden: hidden_fields(plan), report, course }
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

    /// The documents of a plan for the input at a position, within what is left of the bounds.
    pub(super) fn rows(&self, position: usize, plan: &Plan) -> Result<Rows> {
        let options = self.bounds.remaining();
        let rows = if let Some(report) = &self.report {
            let (rows, meters) = execute::metered(&self.snapshot, plan, &options)?;
            report.query(position, meters);
            rows
        } else {
            execute::run(&self.snapshot, plan, &options)?
        };
        if let Some(way) = rows.way() {
            self.course.query(position, way.clone());
        }
        Ok(rows)
    }

    /// Does the work of what collects rows; `count` tells how many came out.
    fn collected<T>(
        &self,
        operator: &'static str,
        work: impl FnOnce() -> Result<T>,
        count: impl FnOnce(&T) -> usize,
    ) -> Result<T> {
        let clock = &self.snapshot.engine().io.clock;
        let start_us = clock.monotonic_us();
        let done = work()?;
        let (rows, time_us) = (count(&done), clock.monotonic_us().saturating_sub(start_us));
        self.course.collected(operator, rows, time_us);
        if let Some(report) = &self.report {
            report.collected(rows, time_us);
        }
        Ok(done)
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
    let first = inputs.rows(0, &inputs.plan(&plan.first, plan.first.filter.clone()))?;
    let mut rows: JoinedRows =
        Box::new(first.map(move |row| Ok(JoinedRow::new(Arc::clone(&names), row?.into_document()))));
    let counted = |position, rows| match &inputs.report {
        Some(report) => report.joined(position, rows),
        None => rows,
    };
    rows = counted(0, rows);
    for (join, position) in plan.joins.iter().zip(1..) {
        rows = counted(position, Box::new(JoinStep::new(rows, join, position, inputs)));
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

/// The rows with the keys of the order, in that order; equal ones stay as they come.
fn sorted(rows: JoinedRows, order: &[OrderKey], guard: &Guard) -> Result<Vec<(Vec<Value>, JoinedRow)>> {
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
    Ok(kept)
}
