//! From a plan to rows: the operators of a query put one behind the other.
//!
//! The meaning of a query is the order of its clauses: filter, search, graph, filter, group or order, limit, projection. What
//! has to be collected is collected here; the rest runs as rows are taken.

use std::collections::BTreeSet;

use nedb_nql::{Direction as Along, GraphStep, Plan, Predicate, StepKind};
use nedb_types::{Collection, DocId, NodeRef, Result};

use super::{
    QueryRow,
    explain::{Explanation, hints, order_text},
    guard::Guard,
    meter::Meters,
    operator::{
        Source, drain,
        filter::{Filter, Filtered},
        found::FoundSource,
        group::Groups,
        group_rows,
        keys::KeyLookup,
        project::Projection,
        scan::{CollectionScan, ScanOrder},
        search::search,
        sort::Sort,
        trace::{TraceDirection, TraceStarts, trace},
        traverse::{Walk, traverse},
    },
    options::QueryOptions,
    planner::{Access, choose},
    rows::{RowSource, Rows},
    view::Found,
};
use crate::read::{Direction, Snapshot};

/// Runs a plan at the moment of a snapshot.
pub(crate) fn run(snapshot: &Snapshot, plan: &Plan, options: &QueryOptions) -> Result<Rows> {
    Pipeline::new(snapshot, plan, options, false)?.rows(options).map(|(rows, _)| rows)
}

/// Runs a plan to its end and tells what each step did.
pub(crate) fn explain(snapshot: &Snapshot, plan: &Plan, options: &QueryOptions) -> Result<Explanation> {
    let pipeline = Pipeline::new(snapshot, plan, options, true)?;
    let hints = hints(snapshot, plan, &pipeline.access)?;
    let (mut rows, meters) = pipeline.rows(options)?;
    let start_us = rows.elapsed_us();
    let mut count = 0;
    for row in rows.by_ref() {
        row?;
        count += 1;
    }
    let elapsed_us = rows.elapsed_us();
    Ok(Explanation::new(&meters, count, elapsed_us.saturating_sub(start_us), hints))
}

/// The operators of one query while they are put together.
struct Pipeline<'p> {
    snapshot: &'p Snapshot,
    plan: &'p Plan,
    guard: Guard,
    meters: Meters,
    access: Access,
}

impl<'p> Pipeline<'p> {
    fn new(snapshot: &'p Snapshot, plan: &'p Plan, options: &QueryOptions, is_explained: bool) -> Result<Self> {
        let clock = &snapshot.engine().io.clock;
        let guard = Guard::new(clock, options);
        guard.check()?;
        let access = choose(plan);
        Ok(Self { snapshot, plan, guard, meters: Meters::new(clock, is_explained), access })
    }

    fn rows(mut self, options: &QueryOptions) -> Result<(Rows, Meters)> {
        let source = self.documents()?;
        let projection = Projection::new(&self.plan.select, options.row_fields);
        let source = if self.plan.grouping.is_some() {
            RowSource::Made(self.groups(source, &projection)?.into_iter())
        } else {
            RowSource::Documents { source: self.ordered(source)?, projection }
        };
        let Self { guard, meters, plan, .. } = self;
        Ok((Rows::new(source, guard, plan.offset, plan.limit), meters))
    }

    /// Everything up to the last filter.
    fn documents(&mut self) -> Result<Box<dyn Source>> {
        let filter = Filter::new(self.plan.filter.clone(), self.plan.valid_as_of);
        let mut source = match &self.plan.search {
            None => {
                let source = self.access.source(self.snapshot)?;
                let access = &self.access;
                let source =
                    self.meters.source(access.operator(), || access.detail(self.plan), access.estimated(), source);
                self.filtered(source, filter)
            }
            Some(query) => {
                let scan = CollectionScan::new(self.snapshot, &self.plan.collection, ScanOrder::Id)?;
                let found = self.meters.collect(
                    "search",
                    || format!("{query} in every text of {}, without an index", self.plan.collection),
                    || search(scan, query, &filter, &self.guard),
                    Vec::len,
                )?;
                Box::new(FoundSource::new(self.snapshot, found))
            }
        };
        for step in &self.plan.steps {
            source = self.step(source, step)?;
        }
        Ok(source)
    }

    fn filtered(&mut self, source: Box<dyn Source>, filter: Filter) -> Box<dyn Source> {
        if filter.is_open() {
            return source;
        }
        let text = if self.meters.is_on() { filter.text() } else { String::new() };
        self.meters.source("filter", || text, None, Filtered::of(source, filter))
    }

    fn step(&mut self, source: Box<dyn Source>, step: &GraphStep<Predicate>) -> Result<Box<dyn Source>> {
        let reached = match &step.kind {
            StepKind::Traverse { relation, hops } => {
                let direction = match step.direction {
                    Along::Forward => Direction::Outbound,
                    Along::Reverse => Direction::Inbound,
                };
                let (hops_min, hops_max) = (hops.min(), hops.max());
                self.traverse(source, &Walk { relation: relation.clone(), direction, hops_min, hops_max })?
            }
            StepKind::Trace => {
                let direction = match step.direction {
                    Along::Forward => TraceDirection::Causes,
                    Along::Reverse => TraceDirection::Effects,
                };
                self.trace(source, direction)?
            }
        };
        Ok(self.filtered(reached, Filter::new(step.filter.clone(), None)))
    }

    fn traverse(&mut self, mut source: Box<dyn Source>, walk: &Walk) -> Result<Box<dyn Source>> {
        let (snapshot, guard) = (self.snapshot, &self.guard);
        let nodes = self.meters.collect(
            "traverse",
            || walk.text(),
            || {
                let mut starts = BTreeSet::new();
                drain(source.as_mut(), guard, &mut |view| {
                    let collection = Collection::new(view.collection())?;
                    guard.grow(view.id().len() + size_of::<NodeRef>())?;
                    starts.insert(NodeRef::new(collection, DocId::new(view.id())?));
                    Ok(())
                })?;
                traverse(snapshot, guard, starts, walk)
            },
            Vec::len,
        )?;
        let count = nodes.len() as u64;
        let lookup = Box::new(KeyLookup::new(snapshot, nodes));
        Ok(self.meters.source("look up", || "the documents reached".to_owned(), Some(count), lookup))
    }

    fn trace(&mut self, mut source: Box<dyn Source>, direction: TraceDirection) -> Result<Box<dyn Source>> {
        let (snapshot, guard) = (self.snapshot, &self.guard);
        let found = self.meters.collect(
            "trace",
            || direction.text().to_owned(),
            || {
                let mut starts = TraceStarts::default();
                drain(source.as_mut(), guard, &mut |view| starts.add(view, guard))?;
                trace(snapshot, guard, starts, direction)
            },
            Vec::len,
        )?;
        Ok(Box::new(FoundSource::new(snapshot, found)))
    }

    /// The documents in the order of ORDER BY.
    fn ordered(&mut self, mut source: Box<dyn Source>) -> Result<Box<dyn Source>> {
        let plan = self.plan;
        if plan.order.is_empty() {
            return Ok(source);
        }
        let rows_max = plan.limit.map(|limit| limit.saturating_add(plan.offset));
        let guard = &self.guard;
        let found: Vec<Found> = self.meters.collect(
            "sort",
            || order_text(&plan.order, rows_max),
            || {
                let mut sort = Sort::new(&plan.order, rows_max);
                drain(source.as_mut(), guard, &mut |view| sort.add(view, guard))?;
                Ok(sort.finish())
            },
            Vec::len,
        )?;
        Ok(Box::new(FoundSource::new(self.snapshot, found)))
    }

    /// The rows of the groups, in their order.
    fn groups(&mut self, mut source: Box<dyn Source>, projection: &Projection) -> Result<Vec<QueryRow>> {
        let (plan, guard) = (self.plan, &self.guard);
        let Some(grouping) = &plan.grouping else { return Ok(Vec::new()) };
        let groups = self.meters.collect(
            "group",
            || grouping.columns().join(", "),
            || {
                let measures = grouping.measures().cloned().collect();
                let mut groups = Groups::new(&grouping.by, measures, grouping.has_count());
                drain(source.as_mut(), guard, &mut |view| groups.add(view, guard))?;
                groups.finish()
            },
            Vec::len,
        )?;
        group_rows::rows(plan, grouping, groups, projection)
    }
}
