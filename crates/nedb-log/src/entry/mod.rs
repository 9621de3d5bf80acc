//! Entries: the hashed part of an operation.
//!
//! An entry says who did what kind of thing to which collection, when, after what, and commits to the payload. Its
//! body is stored; what follows from its place (database, seq, time) is added again when the leaf is hashed.

mod canonical;
mod fields;
mod flags;
mod kind;
mod view;

pub(crate) use canonical::PREFIX_BYTES;
pub use canonical::{EntryContext, canonical_entry};
pub use fields::EntryFields;
pub(crate) use fields::limit;
pub use kind::OpKind;
pub use view::{Causes, EntryView};

#[cfg(test)]
mod tests;
