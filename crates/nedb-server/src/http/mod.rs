//! HTTP: one table of routes, from which the router, the rights, the checks of bodies, the `OpenAPI` document and the documentation follow.
//!
//! ```text
//! request ──> guard (host, origin, token) ──> route (right, parameters, body) ─┬─> handler on a thread that may wait ──> answer
//!                                                                              └─> batch ──> commit with others (`writing.rs`) ──> answer
//! ```
//!
//! A handler is a function from a request to an answer: it calls the engine and says what came of it.

mod all_events;
mod answer;
mod body;
mod documents;
mod encoding;
mod events;
mod failure;
mod fields;
mod figures;
mod guard;
mod health;
mod held;
mod history;
mod lines;
mod live;
mod openapi;
mod operation;
mod patience;
mod proofs;
mod questions;
mod relations;
mod route;
mod seat;
mod service;
mod shape;
mod socket;
mod stream;
mod timing;
mod upkeep;
mod writing;

pub use openapi::routes_markdown;
pub(crate) use route::ROUTE_COUNT;
pub(crate) use service::serve;
