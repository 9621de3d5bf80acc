//! Searching: in each segment the lists of all terms side by side, the rarest leads.
//!
//! All postings of a text lie in one segment, so segments are searched one by one and nothing has to be merged; whether a text
//! has ended by a closing elsewhere is asked of those only that are found.
//! Promises: what is found is what a look at every text of the moment would find, and scores are summed in the order of
//! the query, so that the same question gives the same bits. Leaves to others: paging.

use std::ops::Range;

use nedb_types::Result;

use super::list::{List, ListedWord};
use super::posting::positions;
use super::query::{TextQuery, TextTerm};
use super::rank::{Best, Ranking, TextHit};
use super::snapshot::TextGuard;
use super::totals::TextTotals;
use crate::TemporalSnapshot;
use crate::temporal::{Closings, TemporalSegment};

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
    segments: Vec<SegmentMatches>,
    closings: Closings,
    ranking: Ranking,
    /// Of each required list.
    rarities: Vec<f64>,
    /// The segment whose text was given last; it has to go on.
    given: Option<usize>,
    is_begun: bool,
}

impl TextMatches {
    pub(crate) fn open(
        snapshot: &TemporalSnapshot,
        totals: TextTotals,
        query: &TextQuery,
        guard: &mut TextGuard<'_>,
    ) -> Result<Self> {
        let required = ListedTerm::all(snapshot, &query.required)?;
        let excluded = ListedTerm::all(snapshot, &query.excluded)?;
        // The texts of a beginning are gathered once, from everything.
        let is_whole = required.iter().chain(&excluded).any(|term| matches!(term, ListedTerm::Prefix(_)));
        let (parts, closings) = if is_whole {
            (vec![snapshot.whole()], Closings::none())
        } else {
            (snapshot.segments(), snapshot.closings())
        };
        let mut segments = Vec::with_capacity(parts.len());
        for part in &parts {
            let (required, excluded) = (Terms::open(part, &required, guard)?, Terms::open(part, &excluded, guard)?);
            segments.push(SegmentMatches { required, excluded, id: Vec::new(), has_ended: false });
        }
        let ranking = Ranking::new(totals);
        let rarity = |list: &List| ranking.rarity(list.frequency);
        let rarities = segments.first().map(|first| first.required.lists.iter().map(rarity).collect());
        let rarities = rarities.unwrap_or_default();
        Ok(Self { segments, closings, ranking, rarities, given: None, is_begun: false })
    }

    /// Returns how many texts there are at most: those with the rarest of the words that must be there.
    pub fn estimate(&self) -> u64 {
        let lists = self.segments.first().map(|first| first.required.lists.iter());
        lists.and_then(|lists| lists.map(|list| list.frequency).min()).unwrap_or(0)
    }

    /// Returns how many lists of postings are read side by side.
    pub fn list_count(&self) -> usize {
        self.segments.first().map_or(0, |first| first.required.lists.len() + first.excluded.lists.len())
    }

    /// Returns the next text, or `None` behind the last one.
    pub fn next(&mut self, guard: &mut TextGuard<'_>) -> Result<Option<TextMatch<'_>>> {
        let Self { segments, closings, given, is_begun, .. } = self;
        for (number, segment) in segments.iter_mut().enumerate() {
            if !*is_begun || *given == Some(number) {
                segment.step(closings, guard)?;
            }
        }
        *is_begun = true;
        let standing = segments.iter().enumerate().filter(|(_, segment)| !segment.has_ended);
        *given = standing.min_by(|(_, a), (_, b)| a.id.cmp(&b.id)).map(|(number, _)| number);
        let segment = given.and_then(|number| self.segments.get(number));
        Ok(segment.map(|segment| TextMatch { id: &segment.id, score: segment.score(&self.ranking, &self.rarities) }))
    }

    /// Returns the score of a text, or `None` when it does not match. Ids must ascend; not together with `next`.
    pub fn score_of(&mut self, id: &[u8]) -> Result<Option<f64>> {
        for segment in &mut self.segments {
            if segment.required.has_all(id)? && segment.is_match(id, &self.closings)? {
                return Ok(Some(segment.score(&self.ranking, &self.rarities)));
            }
        }
        Ok(None)
    }

    /// Returns the best texts, the best first; equal scores by id. Not behind `next`. The guard is told what they take.
    pub fn best(mut self, limit: usize, guard: &mut TextGuard<'_>) -> Result<Vec<TextHit>> {
        let mut best = Best::new(limit);
        for segment in self.segments.iter_mut().filter(|_| limit > 0) {
            let (mut passed, mut id) = (0_usize, Vec::new());
            while segment.required.next_common(&mut id)? {
                passed += 1;
                if passed.is_multiple_of(TEXTS_PER_LOOK) {
                    guard(0)?;
                }
                let score = segment.score(&self.ranking, &self.rarities);
                // What costs more is asked of those only that would be among the best.
                if best.has_room_for(&id, score) && segment.is_match(&id, &self.closings)? {
                    if !best.is_full() {
                        guard(size_of::<TextHit>() + id.len())?;
                    }
                    best.push(&id, score);
                }
            }
        }
        Ok(best.into_hits())
    }
}

/// The matches of one segment.
#[derive(Debug)]
struct SegmentMatches {
    required: Terms,
    excluded: Terms,
    /// The text at hand.
    id: Vec<u8>,
    has_ended: bool,
}

impl SegmentMatches {
    /// Goes to the next text.
    fn step(&mut self, closings: &Closings, guard: &mut TextGuard<'_>) -> Result<()> {
        let (mut passed, mut id) = (0_usize, std::mem::take(&mut self.id));
        while self.required.next_common(&mut id)? {
            if self.is_match(&id, closings)? {
                self.id = id;
                return Ok(());
            }
            passed += 1;
            if passed.is_multiple_of(TEXTS_PER_LOOK) {
                guard(0)?;
            }
        }
        self.has_ended = true;
        Ok(())
    }

    /// Returns whether a text with all required words is found.
    fn is_match(&mut self, id: &[u8], closings: &Closings) -> Result<bool> {
        Ok(self.required.has_phrases()?
            && !self.excluded.has_any(id)?
            && !self.required.has_ended_elsewhere(closings)?)
    }

    /// Returns the score of the text that all lists stand on.
    fn score(&self, ranking: &Ranking, rarities: &[f64]) -> f64 {
        let terms = self.required.lists.iter().zip(rarities);
        terms.map(|(list, rarity)| ranking.score(*rarity, list.weight.length, list.weight.frequency)).sum()
    }
}

/// A term whose words were counted.
#[derive(Debug)]
enum ListedTerm {
    Word(ListedWord),
    Phrase(Vec<ListedWord>),
    Prefix(String),
}

impl ListedTerm {
    fn all(snapshot: &TemporalSnapshot, terms: &[TextTerm]) -> Result<Vec<Self>> {
        let listed = |term: &TextTerm| match term {
            TextTerm::Word(word) => ListedWord::new(snapshot, word, false).map(Self::Word),
            TextTerm::Prefix(beginning) => Ok(Self::Prefix(beginning.clone())),
            TextTerm::Phrase(words) => {
                let words = words.iter().map(|word| ListedWord::new(snapshot, word, true));
                words.collect::<Result<_>>().map(Self::Phrase)
            }
        };
        terms.iter().map(listed).collect()
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
    fn open(segment: &TemporalSegment, terms: &[ListedTerm], guard: &mut TextGuard<'_>) -> Result<Self> {
        let (mut lists, mut parts) = (Vec::new(), Vec::new());
        for term in terms {
            let start = lists.len();
            match term {
                ListedTerm::Word(word) => lists.push(List::word(segment, word)?),
                ListedTerm::Prefix(beginning) => lists.push(List::prefix(segment, beginning, guard)?),
                ListedTerm::Phrase(words) => {
                    for word in words {
                        lists.push(List::word(segment, word)?);
                    }
                }
            }
            parts.push((start..lists.len(), matches!(term, ListedTerm::Phrase(_))));
        }
        let mut order: Vec<usize> = (0..lists.len()).collect();
        order.sort_by_key(|place| lists.get(*place).map(|list| list.frequency));
        Ok(Self { lists, order, parts })
    }

    /// Returns whether the text at hand has ended by what other segments say.
    fn has_ended_elsewhere(&mut self, closings: &Closings) -> Result<bool> {
        if closings.is_empty() {
            return Ok(false);
        }
        self.lists.first_mut().map_or(Ok(false), |list| list.has_ended_elsewhere(closings))
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
