//! The course of a join, for logs: on which way the documents of each input came, and what collected the rows.
//!
//! Promises: it costs a lock for each query of an input, and nothing for each row; it has no value of the question. Leaves to others:
//! rows and times of each part, which EXPLAIN measures (`report.rs`).

use std::sync::atomic::Ordering;

use nedb_io::Mutex;

use super::JoinPlan;
use crate::query::course::{QueryCourse, QueryStep, Way};

/// What is known of a running join.
#[derive(Debug)]
pub(crate) struct JoinCourse(Mutex<Known>);

#[derive(Debug)]
struct Known {
    inputs: Vec<InputCourse>,
    /// Whether rows are filtered behind the joins.
    is_filtered: bool,
    /// What collects rows behind the joins, once it has.
    collected: Option<QueryStep>,
}

/// What is known of one input: all its queries together, one for each batch of rows.
#[derive(Debug, Default)]
struct InputCourse {
    steps: Vec<QueryStep>,
    /// The documents that queries before the last one looked at.
    scanned_before: u64,
    last: Option<Way>,
}

impl InputCourse {
    fn scanned(&self) -> u64 {
        self.scanned_before + self.last.as_ref().map_or(0, |way| way.visited.load(Ordering::Relaxed))
    }

    fn begin(&mut self, way: Way) {
        self.scanned_before = self.scanned();
        for step in &way.steps {
            match self.steps.iter_mut().find(|known| known.operator == step.operator) {
                Some(known) => known.estimated_rows = known.estimated_rows.zip(step.estimated_rows).map(|(a, b)| a + b),
                None => self.steps.push(*step),
            }
        }
        self.last = Some(way);
    }
}

impl JoinCourse {
    pub(super) fn new(plan: &JoinPlan) -> Self {
        let inputs = plan.inputs().map(|_| InputCourse::default()).collect();
        Self(Mutex::new(Known { inputs, is_filtered: !plan.filter.is_always(), collected: None }))
    }

    /// Notes the way of a query for documents of an input.
    pub(super) fn query(&self, input: usize, way: Way) {
        if let Some(input) = self.0.lock().inputs.get_mut(input) {
            input.begin(way);
        }
    }

    /// Notes how many rows came out of what collects them, and in which time.
    pub(super) fn collected(&self, operator: &'static str, rows: usize, time_us: u64) {
        let collected = Some((rows as u64, time_us));
        self.0.lock().collected = Some(QueryStep { operator, estimated_rows: None, collected });
    }

    pub(crate) fn so_far(&self) -> QueryCourse {
        let known = self.0.lock();
        let own = |operator| QueryStep { operator, estimated_rows: None, collected: None };
        let mut steps = Vec::new();
        for (position, input) in known.inputs.iter().enumerate() {
            steps.extend(&input.steps);
            if position > 0 && !input.steps.is_empty() {
                steps.push(own("join"));
            }
        }
        if known.is_filtered {
            steps.push(own("filter"));
        }
        steps.extend(known.collected);
        let first = known.inputs.first().and_then(|input| input.last.as_ref());
        QueryCourse {
            operator: first.map_or("join", |way| way.operator),
            estimated_rows: first.and_then(|way| way.estimated),
            documents_scanned: known.inputs.iter().map(InputCourse::scanned).sum(),
            steps,
        }
    }
}
