//! Numbers, moments, digests and names: what identifies a thing in the database.
//!
//! Each is a type of its own, checked when it is made, so that nothing behind the edge checks again.

mod client;
mod collection;
mod database_id;
mod digest;
mod doc_id;
mod field_path;
mod idempotency_key;
mod node_ref;
mod relation;
mod seq;
mod text_name;
mod timestamp;

pub use client::Client;
pub use collection::Collection;
pub use database_id::DatabaseId;
pub use digest::Digest;
pub use doc_id::DocId;
pub(crate) use field_path::path_name;
pub use field_path::{FieldPath, PathStep};
pub use idempotency_key::IdempotencyKey;
pub use node_ref::NodeRef;
pub use relation::Relation;
pub use seq::Seq;
pub use timestamp::Timestamp;
