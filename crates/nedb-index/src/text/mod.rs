//! Full text on a temporal index: who had which word, how often and where, as of any moment.
//!
//! ```text
//! 01 token 00 | id            posting: length of the text, frequency, positions
//! 02 seq (8 bytes)            totals after each change
//! ```
//! Promises: matches, frequencies and totals are those of the reader's moment, as integers; scores are summed in the
//! order of the query, so that the same question gives the same bits. Leaves to others: cutting text into tokens.

mod list;
mod matches;
mod posting;
mod query;
mod rank;
mod snapshot;
mod text_index;
mod totals;
mod words;

pub use matches::{TextMatch, TextMatches};
pub use query::{TextQuery, TextTerm};
pub use rank::{Ranking, TextHit};
pub use snapshot::{TextGuard, TextSnapshot};
pub use text_index::{TextChange, TextIndex, TextVersion};
pub use totals::TextTotals;
pub use words::TextWords;
