//! Redis commands as calls of the engine: strings, hashes, lists, sets and sorted sets with lifetimes and transactions, every
//! value with its history.
//!
//! ```text
//! words -> Session -> table (name, arity, keys) -> function of a family -> Tx (reads a snapshot, collects writes)
//!                                                                          -> one batch with preconditions, or again
//! ```
//!
//! Promises: every command is atomic under any number of threads; what a command reads is one snapshot; expired keys are
//! not seen from their instant on. What is not supported is refused by name. Leaves to others: the Redis protocol, sockets,
//! and whose session it is.
//!
//! `docs/redis.md` lists the commands; where the parts of values lie stands in `layout.rs`.

mod args;
mod commands;
mod connection;
mod cursors;
mod expiry;
mod glob;
mod hash_value;
mod hashes;
mod key_walk;
mod keys;
mod keyspace;
mod layout;
mod lifetime;
mod list_value;
mod lists;
mod locks;
mod number;
mod own;
mod refusal;
mod reply;
mod sample;
mod scan;
mod session;
mod sets;
mod sorted_sets;
mod sorted_value;
mod strings;
mod table;
mod transactions;
mod tx;
mod watched;

pub use commands::Commands;
pub use number::double_text;
pub use reply::Reply;
pub use session::Session;
pub use table::{Access, Command, FAMILIES, Family, Keys, command, commands_markdown};
