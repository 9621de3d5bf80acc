//! BM25: how well a document answers a search.
//!
//! ```text
//! score = sum over terms of  ln(1 + (n - df + 0.5) / (df + 0.5)) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean))
//! ```
//! n documents, df of them with the term, tf occurrences in this one. A phrase or a prefix counts as one term. All figures
//! are those of the moment that is asked, so a score of the past is the score that the past gave.

/// How quickly more occurrences stop counting.
const K1: f64 = 1.2;

/// How much a long text is held against a document.
const B: f64 = 0.75;

/// What a collection says about the terms of a search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Corpus {
    /// Number of documents.
    pub(crate) documents: u64,
    /// Number of their words.
    pub(crate) words: u64,
    /// How many documents have each term.
    pub(crate) having: Vec<u64>,
}

impl Corpus {
    /// The score of a document of so many words with so many occurrences of each term.
    pub(crate) fn score(&self, words: u64, occurrences: &[u32]) -> f64 {
        let documents = float(self.documents);
        let mean = (float(self.words) / documents).max(f64::MIN_POSITIVE);
        let length = 1.0 - B + B * float(words) / mean;
        let term = |(occurrences, having): (&u32, &u64)| {
            let (occurrences, having) = (f64::from(*occurrences), float(*having));
            let rarity = ((documents - having + 0.5) / (having + 0.5)).ln_1p();
            rarity * occurrences * (K1 + 1.0) / (occurrences + K1 * length)
        };
        occurrences.iter().zip(&self.having).map(term).sum()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 do not occur, and a score is no exact figure")]
fn float(count: u64) -> f64 {
    count as f64
}
