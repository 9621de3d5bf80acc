//! Answering queries: from a plan over a snapshot to rows.
//!
//! ```text
//! text -> parse -> bind -> plan -> snapshot -> planner (which way to the documents) -> operators -> rows
//! ```
//!
//! Promises: the answer, rows and order, is the same whatever way the planner takes: an index gives candidates, and each
//! document is read as of the snapshot and judged again. Every loop can be cancelled, has a deadline and a memory budget.
//! Leaves to others: reading text (`nedb-nql`), what is visible (`read`), keeping indexes (`secondary`).
//!
//! | file | what it does |
//! |---|---|
//! | `api`, `options`, `rows` | what programs call and get |
//! | `execute` | puts operators together |
//! | `planner/` | chooses the access path |
//! | `operator/` | the operators, one file each |
//! | `join/` | documents of several collections by equal fields |
//! | `view`, `field` | documents and their fields, read in place |
//! | `guard`, `meter`, `explain` | bounds, figures, EXPLAIN |

mod api;
mod bounds;
mod course;
mod execute;
mod explain;
mod field;
mod guard;
mod join;
mod meter;
mod operator;
mod options;
mod planner;
mod rows;
mod view;

pub use api::PreparedQuery;
pub use bounds::QueryBounds;
pub use course::{QueryCourse, QueryStep};
pub use explain::{Explanation, PlanStep};
pub use guard::CancelToken;
pub use join::{Join, JoinInput, JoinKind, JoinOn, JoinPlan};
pub(crate) use operator::history::{change_object, entry_object, version_object};
pub use options::{QUERY_MEMORY_BYTES_MAX, QueryOptions, RowFields};
pub use rows::{QueryRow, Rows};
