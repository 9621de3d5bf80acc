//! What a caller asks the engine to write: operations, batches and the receipt that answers them.
//!
//! Nothing here is validated or encoded; that is *admit*'s work, so that every fault of the caller's is reported from one place.

mod batch;
mod body;
mod object;
mod op;
mod receipt;

pub use batch::WriteBatch;
pub use body::Body;
pub(crate) use op::{Action, Lifetime};
pub use op::{Cause, Expected, Op};
pub use receipt::{Outcome, Receipt};
