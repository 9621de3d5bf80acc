//! The daemon `nedbd` as a library: many databases over HTTP and the Redis protocol.
//!
//! ```text
//! HTTP connection ──> route (a row of a table) ──┐
//!                                                ├──> rights ──> engine call on a thread that may wait ──> answer
//! RESP connection ──> calls of a pipeline ───────┘
//! ```
//!
//! It has no logic of its own beyond settings, sessions, rights, limits and routes; what a request means is decided in the engine
//! and in `nedb-compat`. Async ends here: every call of the engine runs on a thread that may wait.
//!
//! | to | look at |
//! |---|---|
//! | know what can be set | [`SETTINGS`], [`Config`] |
//! | run a daemon, or one inside a program | [`run()`], [`Server`] |
//! | know what HTTP answers | [`routes_markdown`] |
//! | know the commands of a connection of the Redis protocol | [`connection_commands_markdown`] |
//! | say who may do what | [`Right`] |

mod audit;
mod databases;
mod doorman;
mod feeds;
mod health;
mod http;
mod lives;
mod metrics;
mod outward;
mod program;
mod resp;
mod rights;
mod server;
mod settings;
mod slow;
mod tls;
mod together;
mod tokens;
mod traces;
mod writes;
mod wrong_tokens;

pub use http::routes_markdown;
pub use program::run;
pub use resp::connection_commands_markdown;
pub use rights::Right;
pub use server::Server;
pub use settings::{Config, SETTINGS, Setting, command, settings_markdown};
