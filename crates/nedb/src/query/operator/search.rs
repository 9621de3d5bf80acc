//! SEARCH without an index: every text of every document is cut into words.
//!
//! One walk over the collection finds the documents that match and gathers what BM25 needs to know of all others. Words do
//! not reach from one text into the next: a phrase must stand within one.

use nedb_index::{Ranking, TextTotals};
use nedb_nql::{Presence, SearchQuery, SearchWords};
use nedb_types::{Result, ValueRef, text::words};

use super::{drain, filter::Filter, scan::CollectionScan};
use crate::query::{
    guard::Guard,
    view::{DocumentView, Found},
};

/// A word that counts for the rank.
enum Ranked<'q> {
    Word(&'q str),
    /// All words that begin so, as one.
    Beginning(&'q str),
}

/// The occurrences of the terms of a search in one document.
struct Counter<'q> {
    /// The words of the required terms, those of phrases one by one.
    ranked: Vec<Ranked<'q>>,
    phrases: Vec<&'q [String]>,
    excluded: Vec<&'q SearchWords>,
    /// Occurrences of each ranked word.
    occurrences: Vec<u64>,
    has_phrase: Vec<bool>,
    has_excluded: bool,
    words: u64,
    /// The words of the text at hand.
    text: Vec<String>,
}

/// A document that has every required and no excluded term.
struct Match {
    found: Found,
    words: u64,
    occurrences: Box<[u64]>,
}

/// The documents that match, in the order of the scan, with their scores.
pub(crate) fn search(
    mut scan: CollectionScan,
    query: &SearchQuery,
    filter: &Filter,
    guard: &Guard,
) -> Result<Vec<Found>> {
    let mut counter = Counter::new(query);
    let (mut totals, mut having) = (TextTotals::default(), vec![0_u64; counter.ranked.len()]);
    let mut matches = Vec::new();
    drain(&mut scan, guard, &mut |view| {
        counter.count(view)?;
        totals.texts += 1;
        totals.tokens = totals.tokens.saturating_add_unsigned(counter.words);
        for (having, occurrences) in having.iter_mut().zip(&counter.occurrences) {
            *having += u64::from(*occurrences > 0);
        }
        if counter.is_match() && filter.holds(view)? {
            guard.grow(size_of::<Match>() + size_of_val(counter.occurrences.as_slice()))?;
            let occurrences = counter.occurrences.as_slice().into();
            matches.push(Match { found: view.found(), words: counter.words, occurrences });
        }
        Ok(())
    })?;
    let ranking = Ranking::new(totals);
    let rarities: Vec<f64> = having.iter().map(|having| ranking.rarity(*having)).collect();
    let scored = |found: Match| {
        let words = found.occurrences.iter().zip(&rarities);
        let score = words.map(|(occurrences, rarity)| ranking.score(*rarity, found.words, *occurrences)).sum();
        Found { score: Some(score), ..found.found }
    };
    Ok(matches.into_iter().map(scored).collect())
}

impl<'q> Counter<'q> {
    fn new(query: &'q SearchQuery) -> Self {
        let of = |presence| query.terms().iter().filter(move |term| term.presence == presence).map(|term| &term.words);
        let (mut ranked, mut phrases) = (Vec::new(), Vec::new());
        for words in of(Presence::Required) {
            match words {
                SearchWords::Word(word) => ranked.push(Ranked::Word(word)),
                SearchWords::Prefix(beginning) => ranked.push(Ranked::Beginning(beginning)),
                SearchWords::Phrase(words) => {
                    ranked.extend(words.iter().map(|word| Ranked::Word(word)));
                    phrases.push(words.as_slice());
                }
            }
        }
        let excluded = of(Presence::Excluded).collect();
        let (occurrences, has_phrase) = (vec![0; ranked.len()], vec![false; phrases.len()]);
        let (has_excluded, words, text) = (false, 0, Vec::new());
        Self { ranked, phrases, excluded, occurrences, has_phrase, has_excluded, words, text }
    }

    fn count(&mut self, view: &DocumentView<'_>) -> Result<()> {
        self.occurrences.fill(0);
        self.has_phrase.fill(false);
        (self.has_excluded, self.words) = (false, 0);
        self.visit(&ValueRef::Object(view.document.root()))
    }

    /// Counts in every text of a value; the nesting of documents is bounded.
    fn visit(&mut self, value: &ValueRef<'_>) -> Result<()> {
        match value {
            ValueRef::String(text) => self.count_text(text),
            ValueRef::Array(elements) => {
                for element in elements.iter() {
                    self.visit(&element?)?;
                }
            }
            ValueRef::Object(fields) => {
                for field in fields.iter() {
                    self.visit(&field?.1)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count_text(&mut self, text: &str) {
        let Self { ranked, phrases, excluded, occurrences, has_phrase, has_excluded, words: count, text: found } = self;
        found.clear();
        found.extend(words(text));
        *count += found.len() as u64;
        for (occurrences, wanted) in occurrences.iter_mut().zip(ranked) {
            let is_it = |word: &&String| match wanted {
                Ranked::Word(wanted) => word == wanted,
                Ranked::Beginning(beginning) => word.starts_with(*beginning),
            };
            *occurrences += found.iter().filter(is_it).count() as u64;
        }
        for (has_phrase, phrase) in has_phrase.iter_mut().zip(phrases) {
            *has_phrase |= has_words(found, phrase);
        }
        *has_excluded |= excluded.iter().any(|unwanted| match unwanted {
            SearchWords::Word(word) => found.contains(word),
            SearchWords::Prefix(beginning) => found.iter().any(|word| word.starts_with(beginning)),
            SearchWords::Phrase(phrase) => has_words(found, phrase),
        });
    }

    fn is_match(&self) -> bool {
        let has_words = self.occurrences.iter().all(|occurrences| *occurrences > 0);
        has_words && self.has_phrase.iter().all(|has| *has) && !self.has_excluded
    }
}

/// Whether a text has these words one behind the other.
fn has_words(text: &[String], phrase: &[String]) -> bool {
    text.windows(phrase.len().max(1)).any(|window| window == phrase)
}
