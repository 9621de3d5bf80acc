//! Mongo: the calls of `MongoDB`'s drivers on collections of the engine.
//!
//! ```text
//! call ──run──> Collection ──filter──narrow──> plan of NQL ──engine──> rows ──the filter again──> sort, projection, stages
//!                         └─update──> one transaction with the seqs that were read as preconditions
//! ```
//!
//! Promises: every operator that is here means what MongoDB's manual says of it, and every other one is refused by its name
//! (`mongo_unsupported`). Each write is one transaction, whole or not at all, `insert_many` and `update_many` included. The engine's planner
//! answers the part of a filter that it can say; what it cannot say is judged on the rows that come. Every read can be asked
//! as of any moment, and within a deadline. Documents, collections and indexes are those of every other face.
//!
//! | to | look at |
//! |---|---|
//! | call as a program does | [`Client`], [`Collection`], [`FindOptions`], [`ReadOptions`], [`Cursor`] |
//! | hand over a call as a document | [`run()`], [`cursor()`] |
//!
//! What differs from `MongoDB` stands in `docs/mongo.md`.

mod aggregate;
mod collection;
mod document;
mod fault;
mod filter;
mod find;
mod id;
mod index_order;
mod made;
mod memory;
mod narrow;
mod number;
mod order;
mod path;
mod projection;
mod read;
mod run;
mod sort;
mod update;
mod write;

pub use collection::{Client, Collection};
pub use find::{Cursor, FindOptions};
pub use read::ReadOptions;
pub use run::{cursor, cursor_with, run, run_with};
pub use write::{Updated, Upsert};
