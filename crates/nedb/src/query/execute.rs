//! From a plan to rows: the operators of a query put one behind the other.
//!
//! The meaning of a query is the order of its clauses: filter, search, graph, filter, group or order, limit, projection. What
//! has to be collected is collected here; the rest runs as rows are taken.

use std::collections::BTreeSet;

use nedb_nql::{Direction as Along, GraphStep, Plan, Predicate, SearchQuery, StepKind};
use nedb_types::{Collection, DocId, NodeRef, Result};

use super::{
    QueryRow,
    course::{Course, Way},
    explain::{Explanation, hints, order_text},
    guard::Guard,
    meter::Meters,
    operator::{
        Source,
        collect::collect,
        drain,
        filter::{Filter, Filtered},
        found::FoundSource,
        group::Groups,
        group_rows,
        keys::KeyLookup,
        project::Projection,
        scan::{CollectionScan, ScanOrder, Visited},
        search::search,
        sort::Sort,
        trace::{TraceDirection, TraceStarts, trace},
        traverse::{Walk, traverse},
    },
    options::QueryOptions,
    planner::{Access, SearchChoice, SearchWay, choose, choose_search},
    rows::{RowSource, Rows, Wish},
    view::Found,
};
use crate::{
    read::{Direction, Snapshot},
    secondary::Wished,
};

/// Runs a plan at the moment of a snapshot.
pub(crate) fn run(snapshot: &Snapshot, plan: &Plan, options: &QueryOptions) -> Result<Rows> {
    Pipeline::new(snapshot, plan, options, false)?.rows(options).map(|(rows, _)| rows)
}

/// Runs a plan, with the figures of its steps, which grow as rows are taken.
pub(crate) fn metered(snapshot: &Snapshot, plan: &Plan, options: &QueryOptions) -> Result<(Rows, Meters)> {
    Pipeline::new(snapshot, plan, options, true)?.rows(options)
}

/// Runs a plan to its end and tells what each step did.
pub(crate) fn explain(snapshot: &Snapshot, plan: &Plan, options: &QueryOptions) -> Result<Explanation> {
    let pipeline = Pipeline::new(snapshot, plan, options, true)?;
    let hints = hints(snapshot, plan, &pipeline)?;
    let (mut rows, meters) = pipeline.rows(options)?;
    let (start_us, before_us) = (rows.elapsed_us(), meters.time_us());
    let mut count = 0;
    for row in rows.by_ref() {
        row?;
        count += 1;
    }
    // While the rows are taken, the steps before go on as well.
    let elapsed_us = rows.elapsed_us().saturating_sub(start_us);
    let inner_us = meters.time_us().saturating_sub(before_us);
    Ok(Explanation::new(&meters, count, elapsed_us.saturating_sub(inner_us), hints))
}

/// The operators of one query while they are put together.
pub(super) struct Pipeline<'p> {
    snapshot: &'p Snapshot,
    plan: &'p Plan,
    guard: Guard,
    meters: Meters,
    /// The way to the documents, until they are on it.
    pub(super) access: Option<Access>,
    /// The way of a search, until it is on it.
    search: Option<SearchChoice>,
    /// How many documents the filter is expected to keep.
    kept: Option<u64>,
    pub(super) wish: Option<Wished>,
    is_ordered: bool,
    visited: Visited,
}

impl<'p> Pipeline<'p> {
    fn new(snapshot: &'p Snapshot, plan: &'p Plan, options: &QueryOptions, is_explained: bool) -> Result<Self> {
        let clock = &snapshot.engine().io.clock;
        let guard = Guard::new(clock, options);
        guard.check()?;
        let (meters, visited) = (Meters::new(clock, is_explained), Visited::default());
        let (access, search, kept, wish, is_ordered) = (None, None, None, None, false);
        let mut pipeline = Self { snapshot, plan, guard, meters, access, search, kept, wish, is_ordered, visited };
        pipeline.choose()?;
        Ok(pipeline)
    }

    /// Chooses the way to the documents.
    fn choose(&mut self) -> Result<()> {
        let (snapshot, plan) = (self.snapshot, self.plan);
        if let Some(search) = &plan.search {
            let choice = choose_search(snapshot, plan, search, &self.guard)?;
            self.is_ordered = choice.way.as_ref().is_some_and(SearchWay::is_ordered);
            self.wish = choice.is_wished.then_some(Wished::Words);
            self.search = Some(choice);
        } else {
            let choice = choose(snapshot, plan, &self.guard)?;
            self.is_ordered = plan.steps.is_empty() && choice.access.is_ordered(plan);
            (self.access, self.wish) = (Some(choice.access), choice.wish);
            // No index knows periods of validity.
            self.kept = choice.kept.filter(|_| plan.valid_as_of.is_none());
        }
        Ok(())
    }

    /// What a log may say of the way that was chosen.
    fn course(&self) -> Way {
        let way = self.search.as_ref().and_then(|choice| choice.way.as_ref());
        let (operator, estimated) = match (&self.access, way) {
            (Some(access), _) => (access.operator(), access.estimated()),
            (None, Some(way)) => (way.operator(), Some(way.estimated())),
            (None, None) => ("search", None),
        };
        Way { operator, estimated, visited: self.visited.clone(), steps: Vec::new() }
    }

    fn rows(mut self, options: &QueryOptions) -> Result<(Rows, Meters)> {
        let mut course = self.course();
        let source = self.documents()?;
        let projection = Projection::new(&self.plan.select, options.row_fields);
        let source = if self.plan.grouping.is_some() {
            RowSource::Made(self.groups(source, &projection)?.into_iter())
        } else {
            RowSource::Documents { source: self.ordered(source)?, projection }
        };
        let wish = self
            .wish
            .take()
            .map(|wished| Wish::new(self.snapshot, self.plan.collection.clone(), wished, self.visited.clone()));
        let Self { guard, mut meters, plan, .. } = self;
        course.steps = meters.take_course();
        Ok((Rows::new(source, guard, plan.offset, plan.limit).wishing(wish).along(Course::Query(course)), meters))
    }

    /// Everything up to the last filter.
    fn documents(&mut self) -> Result<Box<dyn Source>> {
        let filter = Filter::new(self.plan.filter.clone(), self.plan.valid_as_of);
        let mut source = match (self.access.take(), self.search.take(), &self.plan.search) {
            (Some(access), ..) => {
                let source = self.reached(access)?;
                self.filtered(source, filter, self.kept)
            }
            (None, Some(choice), Some(query)) => self.searched(choice, query, filter)?,
            _ => Access::Nothing.source(self.snapshot, self.plan, &self.guard, &self.visited)?,
        };
        for step in &self.plan.steps {
            source = self.step(source, step)?;
        }
        Ok(source)
    }

    /// The documents on the chosen way.
    fn reached(&mut self, access: Access) -> Result<Box<dyn Source>> {
        let (operator, estimated) = (access.operator(), access.estimated());
        let detail = if self.meters.is_on() { access.detail(self.snapshot, self.plan) } else { String::new() };
        let source = access.source(self.snapshot, self.plan, &self.guard, &self.visited)?;
        Ok(self.meters.source(operator, || detail, estimated, source))
    }

    /// The documents that a search finds.
    fn searched(&mut self, choice: SearchChoice, query: &SearchQuery, filter: Filter) -> Result<Box<dyn Source>> {
        let SearchChoice { rule, way, .. } = choice;
        if let Some(way) = way {
            let (operator, estimated) = (way.operator(), way.estimated());
            let detail = if self.meters.is_on() { way.detail(&rule, self.plan) } else { String::new() };
            let source = way.source(self.snapshot, self.plan);
            let source = self.meters.source(operator, || detail, Some(estimated), source);
            return Ok(self.filtered(source, filter, None));
        }
        let scan = CollectionScan::new(self.snapshot, &self.plan.collection, ScanOrder::Id)?;
        let (scan, terms) = (scan.counting(self.visited.clone()), rule.query(query));
        let found = self.meters.collect(
            "search",
            || format!("{query} in {rule} of {}, every text, without an index", self.plan.collection),
            || search(scan, (&rule, &terms), &filter, &self.guard),
            Vec::len,
        )?;
        Ok(Box::new(FoundSource::new(self.snapshot, found)))
    }

    fn filtered(&mut self, source: Box<dyn Source>, filter: Filter, kept: Option<u64>) -> Box<dyn Source> {
        if filter.is_open() {
            return source;
        }
        let text = if self.meters.is_on() { filter.text() } else { String::new() };
        self.meters.source("filter", || text, kept, Filtered::of(source, filter))
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
        Ok(self.filtered(reached, Filter::new(step.filter.clone(), None), None))
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
        let effects = if direction == TraceDirection::Effects { snapshot.effects(&|| guard.check())? } else { None };
        let walked = Visited::default();
        let found = self.meters.collect(
            "trace",
            || direction.text(effects.as_ref()).to_owned(),
            || {
                let mut starts = TraceStarts::default();
                drain(source.as_mut(), guard, &mut |view| starts.add(view, guard))?;
                trace(snapshot, guard, starts, (direction, effects.as_ref()), &walked)
            },
            Vec::len,
        )?;
        // The walk over the log is told at once: what began the trace may have a wish of its own.
        drop(Wish::new(snapshot, self.plan.collection.clone(), Wished::Causes, walked));
        Ok(Box::new(FoundSource::new(snapshot, found)))
    }

    /// The documents in the order of ORDER BY.
    fn ordered(&mut self, mut source: Box<dyn Source>) -> Result<Box<dyn Source>> {
        let plan = self.plan;
        if plan.order.is_empty() || self.is_ordered {
            return Ok(source);
        }
        let rows_max = plan.limit.map(|limit| limit.saturating_add(plan.offset));
        let guard = &self.guard;
        let found: Vec<Found> = self.meters.collect(
            "sort",
            || order_text(&plan.order, rows_max),
            || Ok(collect(source.as_mut(), guard, || Sort::new(&plan.order, rows_max))?.finish()),
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
                let begin = || Groups::new(&grouping.by, grouping.measures().cloned().collect(), grouping.has_count());
                collect(source.as_mut(), guard, begin)?.finish()
            },
            Vec::len,
        )?;
        group_rows::rows(&plan.order, grouping, groups, projection)
    }
}
