//! Redis commands as calls of the engine: strings, hashes, lists, sets, sorted sets and streams with lifetimes and transactions,
//! every value with its history.
//!
//! ```text
//! words -> Session -> table (name, arity, keys) -> function of a family -> Tx (reads a snapshot, collects writes)
//!                                                                          -> one batch with preconditions, or again
//! ```
//!
//! Promises: every command is atomic under any number of threads; what a command reads is one snapshot; expired keys are
//! not seen from their instant on. What is not supported is refused by name. Leaves to others: the Redis protocol, sockets,
//! whose session it is, and waiting: `waiting.rs` says for what.
//!
//! `docs/redis.md` lists the commands; where the parts of values lie stands in `layout.rs`.

mod args;
mod bits;
mod command_info;
mod command_keys;
mod commands;
mod connection;
mod cursors;
mod documents;
mod dump;
mod expiry;
mod glob;
mod hash_value;
mod hashes;
mod kept;
mod key_walk;
mod keys;
mod keyspace;
mod layout;
mod lcs;
mod lifetime;
mod list_pops;
mod list_value;
mod lists;
mod locks;
mod look_ups;
mod messages;
mod notices;
mod number;
mod object;
mod own;
mod pop_call;
mod refusal;
mod refused;
mod reply;
mod round;
mod sample;
mod scan;
mod scripts;
mod session;
mod sets;
mod sort;
mod sorted_sets;
mod sorted_value;
mod stream_group;
mod stream_id;
mod stream_value;
mod streams;
mod string_value;
mod strings;
mod table;
mod tracking;
mod transactions;
mod tx;
mod waiting;
mod watched;

pub use command_keys::Keys;
pub use commands::{Commands, Setup};
pub use glob::is_match;
pub use keys::key_counts;
pub use messages::{ChannelKind, Listeners, Message};
pub use notices::{NoticeFlags, Notices};
pub use number::double_text;
pub use reply::Reply;
pub use round::RoundCalls;
pub use scripts::ScriptBounds;
pub use session::Session;
pub use table::{Access, Command, FAMILIES, Family, command, command_of, commands_markdown, question_of};
pub use tracking::{Noting, Touch, Trackers};
pub use waiting::{Attempt, Wait, changed_key};
