//! What the steps of a running query did: for EXPLAIN all of it, for logs what costs next to nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use nedb_io::Clock;
use nedb_types::Result;

use super::{
    course::QueryStep,
    guard::Guard,
    operator::{Source, Visit},
};

/// The figures of one step.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) operator: &'static str,
    pub(crate) detail: String,
    pub(crate) estimated: Option<u64>,
    rows: AtomicU64,
    time_us: AtomicU64,
}

impl Meter {
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(crate) fn time_us(&self) -> u64 {
        self.time_us.load(Ordering::Relaxed)
    }
}

/// The steps of a query in the order in which rows pass them.
#[derive(Debug)]
pub(crate) struct Meters {
    clock: Arc<dyn Clock>,
    steps: Vec<Arc<Meter>>,
    /// What logs may know of them.
    course: Vec<QueryStep>,
    /// Whether anybody will read the figures.
    is_on: bool,
}

impl Meters {
    pub(crate) fn new(clock: &Arc<dyn Clock>, is_on: bool) -> Self {
        Self { clock: Arc::clone(clock), steps: Vec::new(), course: Vec::new(), is_on }
    }

    pub(crate) fn steps(&self) -> &[Arc<Meter>] {
        &self.steps
    }

    /// What logs may know of the steps.
    pub(crate) fn take_course(&mut self) -> Vec<QueryStep> {
        std::mem::take(&mut self.course)
    }

    /// The time of all steps so far.
    pub(crate) fn time_us(&self) -> u64 {
        sum_us(&self.steps)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Adds a step that shows documents one by one.
    pub(crate) fn source(
        &mut self,
        operator: &'static str,
        detail: impl FnOnce() -> String,
        estimated: Option<u64>,
        source: Box<dyn Source>,
    ) -> Box<dyn Source> {
        self.course.push(QueryStep { operator, estimated_rows: estimated, collected: None });
        if !self.is_on {
            return source;
        }
        let inner = self.steps.clone();
        let meter = self.add(operator, detail(), estimated);
        Box::new(Metered { source, inner, meter, clock: Arc::clone(&self.clock) })
    }

    /// Does the work of a step that collects rows; `count` tells how many came out.
    pub(crate) fn collect<T>(
        &mut self,
        operator: &'static str,
        detail: impl FnOnce() -> String,
        work: impl FnOnce() -> Result<T>,
        count: impl Fn(&T) -> usize,
    ) -> Result<T> {
        let before_us = self.time_us();
        let start_us = self.clock.monotonic_us();
        let done = work()?;
        let elapsed_us = self.clock.monotonic_us().saturating_sub(start_us);
        let collected = Some((count(&done) as u64, elapsed_us));
        self.course.push(QueryStep { operator, estimated_rows: None, collected });
        if !self.is_on {
            return Ok(done);
        }
        let inner_us = self.time_us().saturating_sub(before_us);
        let meter = self.add(operator, detail(), None);
        meter.rows.store(count(&done) as u64, Ordering::Relaxed);
        meter.time_us.store(elapsed_us.saturating_sub(inner_us), Ordering::Relaxed);
        Ok(done)
    }

    fn add(&mut self, operator: &'static str, detail: String, estimated: Option<u64>) -> Arc<Meter> {
        let (rows, time_us) = (AtomicU64::new(0), AtomicU64::new(0));
        let meter = Arc::new(Meter { operator, detail, estimated, rows, time_us });
        self.steps.push(Arc::clone(&meter));
        meter
    }
}

fn sum_us(steps: &[Arc<Meter>]) -> u64 {
    steps.iter().map(|step| step.time_us()).sum()
}

/// A source whose rows are counted and whose own time is measured, without that of the steps before and behind it.
struct Metered {
    source: Box<dyn Source>,
    /// The steps that its rows come from.
    inner: Vec<Arc<Meter>>,
    meter: Arc<Meter>,
    clock: Arc<dyn Clock>,
}

impl Source for Metered {
    fn advance(&mut self, guard: &Guard, candidates: usize, visit: &mut Visit<'_>) -> Result<bool> {
        let Self { source, inner, meter, clock } = self;
        let before_us = sum_us(inner);
        let (start_us, mut elsewhere_us, mut rows) = (clock.monotonic_us(), 0, 0);
        let has_more = source.advance(guard, candidates, &mut |view| {
            rows += 1;
            let left_us = clock.monotonic_us();
            visit(view)?;
            elsewhere_us += clock.monotonic_us().saturating_sub(left_us);
            Ok(())
        });
        let elapsed_us = clock.monotonic_us().saturating_sub(start_us);
        meter.rows.fetch_add(rows, Ordering::Relaxed);
        elsewhere_us += sum_us(inner).saturating_sub(before_us);
        meter.time_us.fetch_add(elapsed_us.saturating_sub(elsewhere_us), Ordering::Relaxed);
        has_more
    }
}
