//! What was written: statements, the clauses of a query, and conditions.
//!
//! The types are plain data. A value that only its run decides is an [`Arg`], which binding replaces.

mod arg;
mod expr;
mod group;
mod query;
mod statement;
mod step;

pub use arg::{Arg, ParamName};
pub use expr::{CaseRule, CompareOp, Expr, InList};
pub use group::{Aggregate, Grouping};
pub use query::{Moment, OrderKey, Query, Selection, SortDirection};
pub use statement::Statement;
pub use step::{Direction, GraphStep, Hops, StepKind};
