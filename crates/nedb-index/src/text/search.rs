//! Searching: postings of all terms side by side, the rarest leads.
//!
//! Promises: what is found is what a look at every text of the moment would find. Leaves to others: paging.

use std::collections::BTreeMap;

use nedb_types::{Error, Result};

use super::posting::{Weight, positions, token_key, token_prefix};
use super::query::{TextQuery, TextTerm};
use super::rank::{Best, Ranking, TextHit};
use super::totals::{SPACE_BASE, SPACE_OWN, TextTotals};
use crate::{KeyRange, TemporalScan, TemporalSnapshot};

/// A full-text index as of one seq; cheap to clone. See [`TextIndex`](crate::TextIndex).
#[derive(Clone, Debug)]
pub struct TextSnapshot {
    snapshot: TemporalSnapshot,
}

impl TextSnapshot {
    pub(crate) const fn new(snapshot: TemporalSnapshot) -> Self {
        Self { snapshot }
    }

    /// Returns the number of texts and of their tokens.
    pub fn totals(&self) -> Result<TextTotals> {
        let base = TextTotals::last(&self.snapshot, SPACE_BASE)?;
        Ok(base.with(TextTotals::last(&self.snapshot, SPACE_OWN)?))
    }

    /// Counts the texts that have a token.
    pub fn document_frequency(&self, token: &str) -> Result<u64> {
        self.snapshot.count(&KeyRange::prefix(&token_key(token)))
    }

    /// Finds texts by words, beginnings and phrases, and returns the best `limit` of them, the best first.
    ///
    /// A phrase ranks by its words, a beginning as one word that stands for all with it. A beginning takes memory for
    /// each text that has it. Equal scores are ordered by id.
    pub fn search(&self, query: &TextQuery, limit: usize) -> Result<Vec<TextHit>> {
        let ranking = Ranking::new(self.totals()?);
        let mut required = Terms::open(&self.snapshot, &query.required)?;
        let mut excluded = Terms::open(&self.snapshot, &query.excluded)?;
        let rarities: Vec<f64> = required.lists.iter().map(|list| ranking.rarity(list.frequency)).collect();
        let mut best = Best::new(limit);
        let mut id = Vec::new();
        while limit > 0 && required.next_common(&mut id)? {
            if required.has_phrases()? && !excluded.has_any(&id)? {
                let terms = required.lists.iter().zip(&rarities);
                let score =
                    terms.map(|(list, rarity)| ranking.score(*rarity, list.weight.length, list.weight.frequency)).sum();
                best.push(&id, score);
            }
        }
        Ok(best.into_hits())
    }
}

/// The terms of one side of a query.
struct Terms {
    /// The words, beginnings, and words of phrases, in the order of the query.
    lists: Vec<List>,
    /// Places of the lists, the rarest first.
    order: Vec<usize>,
    /// Each term's part of the lists, and whether it is a phrase.
    parts: Vec<(std::ops::Range<usize>, bool)>,
}

impl Terms {
    fn open(snapshot: &TemporalSnapshot, terms: &[TextTerm]) -> Result<Self> {
        let (mut lists, mut parts) = (Vec::new(), Vec::new());
        for term in terms {
            let start = lists.len();
            match term {
                TextTerm::Word(word) => lists.push(List::word(snapshot, word)?),
                TextTerm::Prefix(beginning) => lists.push(List::prefix(snapshot, beginning)?),
                TextTerm::Phrase(words) => {
                    for word in words {
                        lists.push(List::word(snapshot, word)?);
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

    /// Returns whether the text that all lists stand on has the phrases.
    fn has_phrases(&mut self) -> Result<bool> {
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

/// The texts that have a term, by id.
struct List {
    source: ListSource,
    frequency: u64,
    has_ended: bool,
    is_started: bool,
    id: Vec<u8>,
    weight: Weight,
    payload: Vec<u8>,
}

enum ListSource {
    Word { scan: TemporalScan, key: Vec<u8>, target: Vec<u8> },
    Prefix(std::iter::Peekable<std::collections::btree_map::IntoIter<Vec<u8>, Weight>>),
}

impl List {
    fn word(snapshot: &TemporalSnapshot, word: &str) -> Result<Self> {
        let key = token_key(word);
        let range = KeyRange::prefix(&key);
        let frequency = snapshot.count(&range)?;
        Ok(Self::new(ListSource::Word { scan: snapshot.scan(&range)?, key, target: Vec::new() }, frequency))
    }

    fn prefix(snapshot: &TemporalSnapshot, beginning: &str) -> Result<Self> {
        let mut texts: BTreeMap<Vec<u8>, Weight> = BTreeMap::new();
        let mut scan = snapshot.scan(&KeyRange::prefix(&token_prefix(beginning)))?;
        while let Some(entry) = scan.next()? {
            let found = Weight::read(entry.payload)?;
            let weight = texts.entry(entry.id.to_vec()).or_default();
            *weight = Weight { length: found.length, frequency: weight.frequency + found.frequency };
        }
        let frequency = texts.len() as u64;
        Ok(Self::new(ListSource::Prefix(texts.into_iter().peekable()), frequency))
    }

    fn new(source: ListSource, frequency: u64) -> Self {
        let (id, payload) = (Vec::new(), Vec::new());
        Self { source, frequency, has_ended: false, is_started: false, id, weight: Weight::default(), payload }
    }

    fn advance(&mut self) -> Result<bool> {
        self.move_to(None)
    }

    /// Goes to the first id that is not below this one; it may be the present one.
    fn seek(&mut self, id: &[u8]) -> Result<bool> {
        if self.is_started && (self.has_ended || self.id.as_slice() >= id) {
            return Ok(!self.has_ended);
        }
        self.move_to(Some(id))
    }

    fn move_to(&mut self, to: Option<&[u8]>) -> Result<bool> {
        let was_started = std::mem::replace(&mut self.is_started, true);
        let found = match &mut self.source {
            ListSource::Word { scan, key, target } => {
                let entry = match to {
                    None => scan.next()?,
                    Some(id) => {
                        target.clear();
                        target.extend_from_slice(key);
                        target.extend_from_slice(id);
                        scan.seek(target)?
                    }
                };
                entry.map(|entry| -> Result<()> {
                    // A walk over several lists ends because each of its steps goes on, whatever the files hold.
                    if was_started && entry.id <= self.id.as_slice() {
                        return Err(Error::corrupt("the texts that have a word do not ascend"));
                    }
                    self.id.clear();
                    self.id.extend_from_slice(entry.id);
                    self.payload.clear();
                    self.payload.extend_from_slice(entry.payload);
                    self.weight = Weight::read(entry.payload)?;
                    Ok(())
                })
            }
            ListSource::Prefix(texts) => {
                while to.is_some_and(|id| texts.peek().is_some_and(|(next, _)| next.as_slice() < id)) {
                    texts.next();
                }
                texts.next().map(|(id, weight)| -> Result<()> {
                    (self.id, self.weight) = (id, weight);
                    Ok(())
                })
            }
        };
        self.has_ended = found.is_none();
        found.transpose().map(|found| found.is_some())
    }
}
