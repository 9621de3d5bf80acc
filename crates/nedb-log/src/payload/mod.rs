//! Payload units: the part of an operation that can be erased.
//!
//! A payload holds the id, the relation, the evidence and the document, behind a random salt. The entry commits to all
//! of it, so a payload can be zeroed later while the tree still verifies.

mod content;
mod document;
mod unit;
mod view;

pub use content::{PayloadContent, RelationTarget};
pub use unit::{PayloadUnit, commit_many};
pub use view::PayloadView;

#[cfg(test)]
mod tests;
