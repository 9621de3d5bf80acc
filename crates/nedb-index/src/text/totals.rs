//! The number of texts and of their tokens, after each change.
//!
//! Promises: the totals as of any seq take one seek. Leaves to others: the changes.

use std::ops::Bound;

use nedb_types::codec::{Reader, Writer};
use nedb_types::{Result, Seq};

use crate::{KeyRange, TemporalSnapshot};

const SPACE_TOTALS: u8 = 2;

/// How many texts there are, and how many tokens they have together.
///
/// # Examples
///
/// ```
/// use nedb_index::TextTotals;
///
/// assert_eq!(TextTotals::default(), TextTotals { texts: 0, tokens: 0 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextTotals {
    /// The number of texts.
    pub texts: i64,
    /// The number of their tokens.
    pub tokens: i64,
}

impl TextTotals {
    /// Adds or takes a text of so many tokens.
    pub(crate) fn change(&mut self, texts: i64, tokens: u64) {
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        self.texts = self.texts.saturating_add(texts);
        self.tokens = self.tokens.saturating_add(texts.saturating_mul(tokens));
    }

    pub(crate) fn payload(self) -> Vec<u8> {
        let mut payload = Writer::with_capacity(16);
        payload.i64(self.texts);
        payload.i64(self.tokens);
        payload.into_bytes()
    }

    /// Returns the totals as of the snapshot.
    pub(crate) fn last(snapshot: &TemporalSnapshot) -> Result<Self> {
        let end = Bound::Included(key(snapshot.seq()));
        let range = KeyRange { start: Bound::Included(vec![SPACE_TOTALS]), end };
        let mut scan = snapshot.scan_descending(&range)?;
        let Some(entry) = scan.next()? else { return Ok(Self::default()) };
        let mut reader = Reader::new(entry.payload, "text totals");
        let totals = Self { texts: reader.i64()?, tokens: reader.i64()? };
        reader.finish()?;
        Ok(totals)
    }
}

/// Returns the key of the totals after the operation with this seq.
pub(crate) fn key(seq: Seq) -> Vec<u8> {
    let mut key = vec![SPACE_TOTALS];
    key.extend_from_slice(&seq.get().to_be_bytes());
    key
}
