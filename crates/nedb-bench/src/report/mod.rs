//! Rows as text: a line, a table, JSON.

mod amount;
mod json;
mod markdown;

pub use json::json;
pub use markdown::{markdown, markdown_row, text_row};
