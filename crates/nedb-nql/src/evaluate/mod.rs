//! The meaning of conditions and orders on single rows.
//!
//! Logic has two values: every test holds or does not, a missing field is null, and NOT is the complement. The functions
//! read rows through [`Fields`], so that a stored document gives one field without its others being read.

mod fields;
mod like;
mod matches;
mod order;

pub use fields::{FieldRef, Fields};
pub use like::LikePattern;
pub use matches::compare;
pub use order::order_rows;
