//! Full text on a temporal index: who had which word, how often and where, as of any moment.
//!
//! ```text
//! 01 token 00 | id            posting: length of the text, frequency, positions
//! 02 seq (8 bytes)            totals of the past that a builder gathered, after each change
//! 03 seq (8 bytes)            totals of what the index was given itself, after each change
//! ```
//! Promises: matches, frequencies and totals are those of the reader's moment, as integers; scores are summed in the
//! order of the query, so that the same question gives the same bits. Leaves to others: cutting text into tokens.

mod posting;
mod query;
mod rank;
mod search;
mod text_builder;
mod text_index;
mod totals;

pub use posting::TOKEN_BYTES_MAX;
pub use query::{TextQuery, TextTerm};
pub use rank::{Ranking, TextHit};
pub use search::TextSnapshot;
pub use text_builder::TextBuilder;
pub use text_index::{TextChange, TextIndex, TextVersion};
pub use totals::TextTotals;
