//! What a daemon is doing, from its own figures: one look, or two and what happened in between.
//!
//! ```text
//! /metrics, /health ──samples──> look ─┐
//!                   a second later     ├──figures──> screen
//! /metrics, /health ──samples──> look ─┘
//! ```
//!
//! Promises: a figure is what the daemon counted, or what lies between two of its counts; nothing is guessed. Leaves to others: the
//! terminal (`live`), what is counted (`nedbd`).

mod ending;
mod figures;
mod live;
mod samples;
mod screen;

pub use figures::{Figures, Look};
pub use live::watch;
pub use screen::{json, lines};
