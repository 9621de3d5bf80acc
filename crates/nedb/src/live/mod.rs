//! Live queries: a query that is answered again as what it reads changes, and tells what is different.
//!
//! ```text
//! commits ──> touches ──is it due?──> answer at the head ──edits──> LiveChange {seq, removed, inserted}
//! ```
//!
//! Promises: the changes, applied one after the other to an empty list, give the rows of the query as of the seq that the last of them
//! names, in their order, whatever the query is; nothing is missed between two of them, and commits that come while nobody asks are one
//! change. A query is answered again only when something was written that it may read, or a lifetime ended, rather once too often than
//! once too few. Leaves to others: how a query is answered.
//!
//! | file | what it does |
//! |---|---|
//! | `query`, `change` | what programs call and get |
//! | `inputs` | what a query reads |
//! | `touches` | what was written last when |
//! | `watch` | whether a query is due, for any thread |
//! | `edits` | what is different between two lists |

mod change;
mod edits;
mod inputs;
mod query;
mod touches;
mod watch;

pub use change::LiveChange;
pub use query::{LIVE_ROWS_MAX, LiveQuery};
pub(crate) use touches::Touches;
pub use watch::LiveWatch;
