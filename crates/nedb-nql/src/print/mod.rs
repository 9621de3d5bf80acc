//! The canonical text: keywords in capitals, clauses in the order of their effect, strings in double quotes.
//!
//! Reading a printed statement gives the same statement.

mod expression;
mod names;
mod query;
mod values;

pub use names::column_name;
pub(crate) use names::path_text;
