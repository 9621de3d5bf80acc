//! EXPLAIN of a join: on which way the documents of each input came, and what became of the rows.
//!
//! ```text
//! scan        p: people, all documents, by _id            the first input drives
//! look up     c: cities by _id, for 2 batches of rows     how the partners came, all batches together
//! join        p.city = c._id                              the rows that came out of it
//! filter, sort or group, rows                             as for any query
//! ```
//! A stage is timed with those before it, whose rows it asks for; the report takes these off again.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use nedb_io::Clock;

use super::{Join, JoinKind, JoinPlan, JoinedRows};
use crate::query::{
    explain::{Explanation, PlanStep, order_text},
    meter::Meters,
    operator::filter::Filter,
};

/// The figures of one running join.
#[derive(Debug)]
pub(super) struct Report {
    clock: Arc<dyn Clock>,
    inputs: Vec<InputReport>,
    filter: Arc<Tally>,
    /// What collects rows: groups or a sort.
    collected: Arc<Tally>,
}

/// What is known of one input.
#[derive(Debug, Default)]
struct InputReport {
    /// The queries that its documents came by; one for each batch of rows.
    queries: Mutex<Vec<Meters>>,
    joined: Arc<Tally>,
}

/// How many rows came out of a stage, and how long it and those before it took.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rows: AtomicU64,
    time_us: AtomicU64,
}

impl Tally {
    fn time_us(&self) -> u64 {
        self.time_us.load(Ordering::Relaxed)
    }

    fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    fn add(&self, rows: u64, time_us: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.time_us.fetch_add(time_us, Ordering::Relaxed);
    }
}

impl Report {
    pub(super) fn new(clock: &Arc<dyn Clock>, plan: &JoinPlan) -> Self {
        let inputs = plan.inputs().map(|_| InputReport::default()).collect();
        Self { clock: Arc::clone(clock), inputs, filter: Arc::default(), collected: Arc::default() }
    }

    /// Notes a query for documents of an input.
    pub(super) fn query(&self, input: usize, meters: Meters) {
        if let Some(input) = self.inputs.get(input) {
            input.queries.lock().unwrap_or_else(PoisonError::into_inner).push(meters);
        }
    }

    /// Counts the rows that have documents up to an input.
    pub(super) fn joined(&self, input: usize, rows: JoinedRows) -> JoinedRows {
        match self.inputs.get(input) {
            Some(input) => self.counted(rows, &input.joined),
            None => rows,
        }
    }

    /// Counts the rows that the filter keeps.
    pub(super) fn filtered(&self, rows: JoinedRows) -> JoinedRows {
        self.counted(rows, &self.filter)
    }

    fn counted(&self, mut rows: JoinedRows, tally: &Arc<Tally>) -> JoinedRows {
        let (clock, tally) = (Arc::clone(&self.clock), Arc::clone(tally));
        Box::new(std::iter::from_fn(move || {
            let start_us = clock.monotonic_us();
            let row = rows.next();
            tally.add(u64::from(row.is_some()), clock.monotonic_us().saturating_sub(start_us));
            row
        }))
    }

    /// Notes how many rows came out of what collects them, and in which time.
    pub(super) fn collected(&self, rows: usize, time_us: u64) {
        self.collected.add(rows as u64, time_us);
    }

    /// What was done, after so many rows were given in so much time.
    pub(super) fn explanation(&self, plan: &JoinPlan, rows: u64, elapsed_us: u64) -> Explanation {
        let (mut steps, mut before_us) = (Vec::new(), 0);
        for (position, (input, report)) in plan.inputs().zip(&self.inputs).enumerate() {
            let queries = report.queries.lock().unwrap_or_else(PoisonError::into_inner);
            let reads = merged(&input.name, &queries);
            let reads_us: u64 = reads.iter().map(|step| step.time_us).sum();
            steps.extend(reads);
            let (joined, whole_us) = (&report.joined, report.joined.time_us());
            if let Some(join) = position.checked_sub(1).and_then(|position| plan.joins.get(position)) {
                let own_us = whole_us.saturating_sub(before_us + reads_us);
                steps.push(PlanStep::new("join", detail(join), joined.rows(), own_us));
            }
            before_us = whole_us.max(before_us);
        }
        let mut stage = |operator: &str, detail: String, tally: &Tally| {
            steps.push(PlanStep::new(operator, detail, tally.rows(), tally.time_us().saturating_sub(before_us)));
            before_us = tally.time_us().max(before_us);
        };
        if !plan.filter.is_always() {
            stage("filter", Filter::new(plan.filter.clone(), None).text(), &self.filter);
        }
        if let Some(grouping) = &plan.grouping {
            stage("group", grouping.columns().join(", "), &self.collected);
        } else if !plan.order.is_empty() {
            stage("sort", order_text(&plan.order, None), &self.collected);
        }
        let own_us = elapsed_us.saturating_sub(before_us);
        steps.push(PlanStep::new("rows", "offset, limit, projection", rows, own_us));
        Explanation { steps, hints: Vec::new() }
    }
}

/// The steps of all queries for one input, those of one kind as one.
fn merged(name: &str, queries: &[Meters]) -> Vec<PlanStep> {
    let mut steps: Vec<(PlanStep, u64)> = Vec::new();
    for meter in queries.iter().flat_map(Meters::steps) {
        let step = PlanStep::of(meter);
        match steps.iter_mut().find(|(known, _)| known.operator == step.operator) {
            Some((known, count)) => {
                known.rows += step.rows;
                known.time_us += step.time_us;
                known.estimated_rows = known.estimated_rows.zip(step.estimated_rows).map(|(a, b)| a + b);
                *count += 1;
            }
            None => steps.push((step, 1)),
        }
    }
    let named = steps.into_iter().map(|(mut step, count)| {
        let batches = if count > 1 { format!(", for {count} batches of rows") } else { String::new() };
        step.detail = format!("{name}: {}{batches}", step.detail);
        step
    });
    named.collect()
}

fn detail(join: &Join) -> String {
    let ons: Vec<String> = join.on.iter().map(|on| format!("{} = {}.{}", on.left, join.input.name, on.right)).collect();
    let kept = if join.kind == JoinKind::Left { ", rows without a partner stay" } else { "" };
    format!("{}{kept}", ons.join(" and "))
}
