//! EXPLAIN: how a query was answered, step by step, with figures and hints.

use nedb_nql::{OrderKey, Plan};
use nedb_types::{DocumentBuf, Object, Result, key::document_prefix};

use super::{
    QueryRow,
    execute::Pipeline,
    meter::{Meter, Meters},
    planner::Access,
};
use crate::{
    read::Snapshot,
    secondary::{IndexInfo, IndexKind, IndexState, Wished},
};

/// How a query was answered.
///
/// ```
/// use nedb::{Body, Database, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let explanation = db.explain("FROM users WHERE born > 1800", &QueryOptions::new())?;
/// assert_eq!(explanation.steps[0].operator, "scan");
/// assert_eq!(explanation.steps[1].rows, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What was done, in the order in which rows passed.
    pub steps: Vec<PlanStep>,
    /// What would make it quicker or is strange about it.
    pub hints: Vec<String>,
}

/// One step of an answered query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStep {
    /// What kind of step it is.
    pub operator: String,
    /// On what, and how.
    pub detail: String,
    /// How many rows the planner expected; `None` where it did not need to know.
    pub estimated_rows: Option<u64>,
    /// How many rows came out.
    pub rows: u64,
    /// How long it took in microseconds, without the other steps.
    pub time_us: u64,
}

impl PlanStep {
    /// A step of which nothing was expected.
    pub(crate) fn new(operator: &str, detail: impl Into<String>, rows: u64, time_us: u64) -> Self {
        Self { operator: operator.to_owned(), detail: detail.into(), estimated_rows: None, rows, time_us }
    }

    pub(crate) fn of(meter: &Meter) -> Self {
        Self {
            estimated_rows: meter.estimated,
            ..Self::new(meter.operator, meter.detail.as_str(), meter.rows(), meter.time_us())
        }
    }
}

impl Explanation {
    pub(crate) fn new(meters: &Meters, rows: u64, output_us: u64, hints: Vec<String>) -> Self {
        let mut steps: Vec<PlanStep> = meters.steps().iter().map(|meter| PlanStep::of(meter)).collect();
        steps.push(PlanStep::new("rows", "offset, limit, projection", rows, output_us));
        Self { steps, hints }
    }

    /// The explanation as rows: one for each step, then one for each hint.
    pub fn rows(&self) -> Result<Vec<QueryRow>> {
        let mut rows = Vec::with_capacity(self.steps.len() + self.hints.len());
        for (number, step) in (1_u64..).zip(&self.steps) {
            let mut row = Object::new();
            row.insert("step", number);
            row.insert("operator", step.operator.as_str());
            row.insert("detail", step.detail.as_str());
            if let Some(estimated) = step.estimated_rows {
                row.insert("estimated_rows", estimated);
            }
            row.insert("rows", step.rows);
            row.insert("time_us", step.time_us);
            rows.push(QueryRow::made(DocumentBuf::from_object(&row)?));
        }
        for hint in &self.hints {
            let mut row = Object::new();
            row.insert("hint", hint.as_str());
            rows.push(QueryRow::made(DocumentBuf::from_object(&row)?));
        }
        Ok(rows)
    }
}

/// The keys of an order, and how many rows of it are wanted.
pub(crate) fn order_text(order: &[OrderKey], rows_max: Option<u64>) -> String {
    let keys: Vec<String> = order.iter().map(ToString::to_string).collect();
    match rows_max {
        Some(rows) => format!("{}, the first {rows}", keys.join(", ")),
        None => keys.join(", "),
    }
}

/// What would make a query quicker, or is strange about it.
pub(super) fn hints(snapshot: &Snapshot, plan: &Plan, pipeline: &Pipeline<'_>) -> Result<Vec<String>> {
    let (mut hints, collection) = (Vec::new(), &plan.collection);
    if snapshot.next_collection(&document_prefix(collection))?.as_ref() != Some(collection) {
        hints.push(format!("there has never been a collection {collection}"));
    }
    if let Some(Access::Nothing) = pipeline.access {
        hints.push("the condition contradicts itself: no document can satisfy it".to_owned());
    }
    if pipeline.wish == Some(Wished::Words) {
        let infos = snapshot.engine().index_infos();
        let is_search =
            |info: &&IndexInfo| info.collection == collection.as_str() && matches!(info.kind, IndexKind::Search { .. });
        hints.push(match infos.iter().find(is_search).map(|info| info.state) {
            Some(IndexState::Building { done, total }) => {
                format!("an index for search in {collection} is being built: {done} of {total} operations")
            }
            _ => format!("an index for search in {collection} could spare the look at every text"),
        });
    }
    if let Some(Wished::Field(path)) = &pipeline.wish {
        let field = path.to_string();
        let infos = snapshot.engine().index_infos();
        let present = infos.iter().find(|info| {
            info.collection == collection.as_str()
                && info.field == field
                && !matches!(info.kind, IndexKind::Search { .. })
        });
        hints.push(match present.map(|info| info.state) {
            None => format!("an index on {collection}.{field} could spare the scan"),
            Some(IndexState::Building { done, total }) => {
                format!("an index on {collection}.{field} is being built: {done} of {total} operations")
            }
            Some(IndexState::Ready) => format!("the index on {collection}.{field} would cost more than the scan"),
        });
    }
    Ok(hints)
}
