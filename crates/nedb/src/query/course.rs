//! The course of a running query or join, for logs: what costs nothing to know while rows are taken.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::join::JoinCourse;

/// How the documents of a query, or of the first input of a join, are reached, and how many were looked at so far.
///
/// It has no value of the question, unlike EXPLAIN, which a log should not have either.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let mut rows = db.query("FROM users WHERE born > 1900")?;
/// assert!(rows.next().is_none());
/// let course = rows.course().expect("it is a query");
/// assert_eq!((course.operator, course.documents_scanned), ("scan", 1));
/// let steps: Vec<_> = course.steps.iter().map(|step| step.operator).collect();
/// assert_eq!(steps, ["scan", "filter"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryCourse {
    /// The first step, as EXPLAIN calls it.
    pub operator: &'static str,
    /// How many rows the planner expected of it; `None` where it did not need to know.
    pub estimated_rows: Option<u64>,
    /// Documents that scans have looked at so far; look-ups by an index are not counted.
    pub documents_scanned: u64,
    /// The steps that EXPLAIN would show, in the order in which rows pass them; of a join those that were begun.
    pub steps: Vec<QueryStep>,
}

/// One step of a query, without what it looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryStep {
    /// What kind of step it is, as EXPLAIN calls it.
    pub operator: &'static str,
    /// How many rows the planner expected; `None` where it did not need to know.
    pub estimated_rows: Option<u64>,
    /// How many rows came out of a step that collects them, and in how many microseconds, the steps before it included.
    pub collected: Option<(u64, u64)>,
}

/// A course that goes on.
#[derive(Clone, Debug)]
pub(crate) enum Course {
    Query(Way),
    Join(Arc<JoinCourse>),
}

impl Course {
    pub(crate) fn so_far(&self) -> QueryCourse {
        match self {
            Self::Query(way) => way.so_far(),
            Self::Join(join) => join.so_far(),
        }
    }
}

/// The way of one query to its documents.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) operator: &'static str,
    pub(crate) estimated: Option<u64>,
    pub(crate) visited: Arc<AtomicU64>,
    pub(crate) steps: Vec<QueryStep>,
}

impl Way {
    fn so_far(&self) -> QueryCourse {
        QueryCourse {
            operator: self.operator,
            estimated_rows: self.estimated,
            documents_scanned: self.visited.load(Ordering::Relaxed),
            steps: self.steps.clone(),
        }
    }
}
