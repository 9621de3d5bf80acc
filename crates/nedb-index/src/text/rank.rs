//! BM25 scores and the best of them.
//!
//! Promises: terms are summed in the order of the query, equal scores are ordered by id. Leaves to others: statistics.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::totals::TextTotals;

/// How soon more occurrences of a word stop to count.
const K1: f64 = 1.2;
/// How much the length of a text counts.
const B: f64 = 0.75;

/// A document that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct TextHit {
    /// The document.
    pub id: Vec<u8>,
    /// Its BM25 score: k1 is 1.2, b is 0.75.
    pub score: f64,
}

/// BM25 over the texts of one moment.
///
/// ```text
/// score = sum over the words of  ln(1 + (n - df + 0.5) / (df + 0.5)) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean))
/// ```
/// n texts, df of them with the word, tf occurrences in this one. A phrase counts as its words, a beginning as one word.
///
/// # Examples
///
/// ```
/// use nedb_index::{Ranking, TextTotals};
///
/// let ranking = Ranking::new(TextTotals { texts: 10, tokens: 200 });
/// let (rare, common) = (ranking.rarity(1), ranking.rarity(9));
/// assert!(rare > common);
/// assert!(ranking.score(rare, 20, 2) > ranking.score(rare, 20, 1));
/// assert!(ranking.score(rare, 20, 1) > ranking.score(rare, 40, 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ranking {
    average_length: f64,
    texts: f64,
}

impl Ranking {
    /// Takes the totals of the moment.
    pub fn new(totals: TextTotals) -> Self {
        let (texts, tokens) = (exact(totals.texts), exact(totals.tokens));
        Self { average_length: if tokens > 0.0 { tokens / texts } else { 1.0 }, texts }
    }

    /// Returns the weight of a word that so many texts have.
    pub fn rarity(&self, document_frequency: u64) -> f64 {
        let frequency = count(document_frequency);
        (1.0 + (self.texts - frequency + 0.5) / (frequency + 0.5)).ln()
    }

    /// Returns what a word adds to the score of a text of so many words that has it so often.
    #[inline]
    pub fn score(&self, rarity: f64, length: u64, frequency: u64) -> f64 {
        let (length, frequency) = (count(length), count(frequency));
        rarity * (frequency * (K1 + 1.0)) / (frequency + K1 * (1.0 - B + B * length / self.average_length))
    }
}

fn count(number: u64) -> f64 {
    exact(i64::try_from(number).unwrap_or(i64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn exact(count: i64) -> f64 {
    count as f64
}

/// Keeps the best hits.
#[derive(Debug)]
pub(crate) struct Best {
    /// The worst one on top.
    hits: BinaryHeap<Ranked>,
    limit: usize,
}

#[derive(Debug)]
struct Ranked(TextHit);

impl Ranked {
    fn compare(score: f64, id: &[u8], other: &TextHit) -> Ordering {
        other.score.total_cmp(&score).then_with(|| id.cmp(&other.id))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    /// The greater one is the worse one.
    fn cmp(&self, other: &Self) -> Ordering {
        Self::compare(self.0.score, &self.0.id, &other.0)
    }
}

impl Best {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { hits: BinaryHeap::new(), limit }
    }

    /// Returns whether each further hit takes the place of another.
    pub(crate) fn is_full(&self) -> bool {
        self.hits.len() >= self.limit
    }

    /// Returns whether a hit would be among the best so far.
    #[inline]
    pub(crate) fn has_room_for(&self, id: &[u8], score: f64) -> bool {
        !self.is_full() || self.hits.peek().is_some_and(|worst| Ranked::compare(score, id, &worst.0) == Ordering::Less)
    }

    /// Takes a hit for which there is room.
    pub(crate) fn push(&mut self, id: &[u8], score: f64) {
        if self.is_full() {
            self.hits.pop();
        }
        self.hits.push(Ranked(TextHit { id: id.to_vec(), score }));
    }

    /// Returns the hits, the best first.
    pub(crate) fn into_hits(self) -> Vec<TextHit> {
        self.hits.into_sorted_vec().into_iter().map(|ranked| ranked.0).collect()
    }
}
