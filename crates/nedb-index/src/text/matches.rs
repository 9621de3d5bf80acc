//! Searching: the lists of all terms side by side, the rarest leads.
//!
//! Promises: what is found is what a look at every text of the moment would find, and scores are summed in the order of
//! the query, so that the same question gives the same bits. Leaves to others: paging.

use std::ops::Range;

use nedb_types::Result;

use super::list::List;
use super::posting::positions;
use super::query::{TextQuery, TextTerm};
use super::rank::{Best, Ranking, TextHit};
use super::snapshot::TextGuard;
use super::totals::TextTotals;
use crate::TemporalSnapshot;

/// Texts that pass between two looks at the guard.
const TEXTS_PER_LOOK: usize = 256;

/// A text that matches; valid until the next step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextMatch<'m> {
    /// The document.
    pub id: &'m [u8],
    /// Its BM25 score, see [`Ranking`].
    pub score: f64,
}

/// The texts that a query asks for, by id.
///
/// # Examples
///
/// ```
/// use nedb_index::{TextChange, TextIndex, TextQuery, TextTerm, TextWords};
/// use nedb_types::Seq;
///
/// let index = TextIndex::new();
/// let words = TextWords::of(["red", "wine"]);
/// index.apply(&[TextChange { id: b"1", seq: Seq::new(0), before: None, after: Some(words.as_bytes()) }]);
/// let query = TextQuery { required: vec![TextTerm::Prefix("wi".into())], excluded: Vec::new() };
/// let mut matches = index.snapshot(Seq::new(0)).matches(&query, &mut |_| Ok(()))?;
/// assert_eq!(matches.estimate(), 1);
/// assert_eq!(matches.next(&mut |_| Ok(()))?.map(|found| found.id.to_vec()), Some(b"1".to_vec()));
/// assert_eq!(matches.next(&mut |_| Ok(()))?, None);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct TextMatches {
    required: Terms,
    excluded: Terms,
    ranking: Ranking,
    /// Of each required list.
    rarities: Vec<f64>,
    id: Vec<u8>,
}

impl TextMatches {
    pub(crate) fn open(
        snapshot: &TemporalSnapshot,
        totals: TextTotals,
        query: &TextQuery,
        guard: &mut TextGuard<'_>,
    ) -> Result<Self> {
        let ranking = Ranking::new(totals);
        let required = Terms::open(snapshot, &query.required, guard)?;
        let excluded = Terms::open(snapshot, &query.excluded, guard)?;
        let rarities = required.lists.iter().map(|list| ranking.rarity(list.frequency)).collect();
        Ok(Self { required, excluded, ranking, rarities, id: Vec::new() })
    }

    /// Returns how many texts there are at most: those with the rarest of the words that must be there.
    pub fn estimate(&self) -> u64 {
        self.required.lists.iter().map(|list| list.frequency).min().unwrap_or(0)
    }

    /// Returns how many lists of postings are read side by side.
    pub fn list_count(&self) -> usize {
        self.required.lists.len() + self.excluded.lists.len()
    }

    /// Returns the next text, or `None` behind the last one.
    pub fn next(&mut self, guard: &mut TextGuard<'_>) -> Result<Option<TextMatch<'_>>> {
        let is_found = self.step(guard)?;
        Ok(is_found.then(|| TextMatch { id: &self.id, score: self.score() }))
    }

    /// Returns the score of a text, or `None` when it does not match. Ids must ascend, also from what `next` gave.
    pub fn score_of(&mut self, id: &[u8]) -> Result<Option<f64>> {
        let is_match = self.required.has_all(id)? && self.required.has_phrases()? && !self.excluded.has_any(id)?;
        Ok(is_match.then(|| self.score()))
    }

    /// Returns the best of the texts to come, the best first; equal scores by id.
    pub fn best(mut self, limit: usize, guard: &mut TextGuard<'_>) -> Result<Vec<TextHit>> {
        let mut best = Best::new(limit);
        while limit > 0 && self.step(guard)? {
            best.push(&self.id, self.score());
        }
        Ok(best.into_hits())
    }

    /// Goes to the next text; false behind the last one.
    fn step(&mut self, guard: &mut TextGuard<'_>) -> Result<bool> {
        let mut passed = 0_usize;
        while self.required.next_common(&mut self.id)? {
            if self.required.has_phrases()? && !self.excluded.has_any(&self.id)? {
                return Ok(true);
            }
            passed += 1;
            if passed.is_multiple_of(TEXTS_PER_LOOK) {
                guard(0)?;
            }
        }
        Ok(false)
    }

    /// Returns the score of the text that all lists stand on.
    fn score(&self) -> f64 {
        let terms = self.required.lists.iter().zip(&self.rarities);
        terms.map(|(list, rarity)| self.ranking.score(*rarity, list.weight.length, list.weight.frequency)).sum()
    }
}

/// The terms of one side of a query.
#[derive(Debug)]
struct Terms {
    /// The words, beginnings, and words of phrases, in the order of the query.
    lists: Vec<List>,
    /// Places of the lists, the rarest first.
    order: Vec<usize>,
    /// Each term's part of the lists, and whether it is a phrase.
    parts: Vec<(Range<usize>, bool)>,
}

impl Terms {
    fn open(snapshot: &TemporalSnapshot, terms: &[TextTerm], guard: &mut TextGuard<'_>) -> Result<Self> {
        let (mut lists, mut parts) = (Vec::new(), Vec::new());
        for term in terms {
            let start = lists.len();
            match term {
                TextTerm::Word(word) => lists.push(List::word(snapshot, word, false)?),
                TextTerm::Prefix(beginning) => lists.push(List::prefix(snapshot, beginning, guard)?),
                TextTerm::Phrase(words) => {
                    for word in words {
                        lists.push(List::word(snapshot, word, true)?);
                    }
                }
            }
            parts.push((start..lists.len(), matches!(term, TextTerm::Phrase(_))));
        }
        let mut order: Vec<usize> = (0..lists.len()).collect();
        order.sort_by_key(|place| lists.get(*place).map(|list| list.frequency));
        Ok(Self { lists, order, parts })
    }

    /// Goes to the next id that all lists have.
    fn next_common(&mut self, id: &mut Vec<u8>) -> Result<bool> {
        let Some((leader, others)) = self.order.split_first() else { return Ok(false) };
        let Some(list) = self.lists.get_mut(*leader) else { return Ok(false) };
        if !list.advance()? {
            return Ok(false);
        }
        'candidates: loop {
            let Some(list) = self.lists.get(*leader) else { return Ok(false) };
            id.clear();
            id.extend_from_slice(&list.id);
            for other in others {
                let Some(list) = self.lists.get_mut(*other) else { return Ok(false) };
                if !list.seek(id)? {
                    return Ok(false);
                }
                if list.id != *id {
                    id.clear();
                    id.extend_from_slice(&list.id);
                    let Some(list) = self.lists.get_mut(*leader) else { return Ok(false) };
                    if !list.seek(id)? {
                        return Ok(false);
                    }
                    continue 'candidates;
                }
            }
            return Ok(true);
        }
    }

    /// Returns whether a text has all words; ids come ascending.
    fn has_all(&mut self, id: &[u8]) -> Result<bool> {
        for place in &self.order {
            let Some(list) = self.lists.get_mut(*place) else { return Ok(false) };
            if !list.seek(id)? || list.id != id {
                return Ok(false);
            }
        }
        Ok(!self.lists.is_empty())
    }

    /// Returns whether the text that all lists stand on has the phrases.
    fn has_phrases(&self) -> Result<bool> {
        for (range, is_phrase) in &self.parts {
            let words = self.lists.get(range.clone()).unwrap_or_default();
            if *is_phrase && !has_phrase(words)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns whether a text has any of the terms; ids come ascending.
    fn has_any(&mut self, id: &[u8]) -> Result<bool> {
        for (range, is_phrase) in &self.parts {
            let words = self.lists.get_mut(range.clone()).unwrap_or_default();
            let mut has_all = !words.is_empty();
            for list in words.iter_mut() {
                has_all = has_all && list.seek(id)? && list.id == id;
            }
            if has_all && (!*is_phrase || has_phrase(words)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Returns whether the words, which all stand on one text, stand one behind the other in it.
fn has_phrase(words: &[List]) -> Result<bool> {
    let (mut starts, mut places) = (Vec::new(), Vec::new());
    for (offset, list) in (0_u64..).zip(words) {
        positions(&list.payload, &mut places)?;
        let begin: Vec<u64> = places.iter().filter_map(|place| place.checked_sub(offset)).collect();
        if offset == 0 {
            starts = begin;
        } else {
            starts.retain(|start| begin.binary_search(start).is_ok());
        }
    }
    Ok(!starts.is_empty())
}
