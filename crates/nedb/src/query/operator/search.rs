//! SEARCH without an index: every text of every document is cut into words.
//!
//! One walk over the collection finds the documents that match and gathers what BM25 needs to know of all others. Words do
//! not reach from one text into the next: a phrase must stand within one.

use nedb_nql::{Presence, SearchQuery, SearchWords};
use nedb_types::{Result, ValueRef, text::words};

use super::{drain, filter::Filter, scan::CollectionScan};
use crate::query::{
    bm25::Corpus,
    guard::Guard,
    view::{DocumentView, Found},
};

/// The occurrences of the terms of a search in one document.
struct Counter<'q> {
    required: Vec<&'q SearchWords>,
    excluded: Vec<&'q SearchWords>,
    /// Occurrences of each required term.
    occurrences: Vec<u32>,
    has_excluded: bool,
    words: u64,
    /// The words of the text at hand.
    text: Vec<String>,
}

/// A document that has every required and no excluded term.
struct Match {
    found: Found,
    words: u64,
    occurrences: Box<[u32]>,
}

/// The documents that match, in the order of the scan, with their scores.
pub(crate) fn search(
    mut scan: CollectionScan,
    query: &SearchQuery,
    filter: &Filter,
    guard: &Guard,
) -> Result<Vec<Found>> {
    let mut counter = Counter::new(query);
    let mut corpus = Corpus { documents: 0, words: 0, having: vec![0; counter.required.len()] };
    let mut matches = Vec::new();
    drain(&mut scan, guard, &mut |view| {
        counter.count(view)?;
        corpus.documents += 1;
        corpus.words += counter.words;
        for (having, occurrences) in corpus.having.iter_mut().zip(&counter.occurrences) {
            *having += u64::from(*occurrences > 0);
        }
        if counter.is_match() && filter.holds(view)? {
            guard.grow(size_of::<Match>() + size_of_val(counter.occurrences.as_slice()))?;
            let occurrences = counter.occurrences.as_slice().into();
            matches.push(Match { found: view.found(), words: counter.words, occurrences });
        }
        Ok(())
    })?;
    let scored = |found: Match| Found { score: Some(corpus.score(found.words, &found.occurrences)), ..found.found };
    Ok(matches.into_iter().map(scored).collect())
}

impl<'q> Counter<'q> {
    fn new(query: &'q SearchQuery) -> Self {
        let of = |presence| query.terms().iter().filter(move |term| term.presence == presence).map(|term| &term.words);
        let (required, excluded): (Vec<_>, Vec<_>) =
            (of(Presence::Required).collect(), of(Presence::Excluded).collect());
        let occurrences = vec![0; required.len()];
        Self { required, excluded, occurrences, has_excluded: false, words: 0, text: Vec::new() }
    }

    fn count(&mut self, view: &DocumentView<'_>) -> Result<()> {
        self.occurrences.fill(0);
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
        self.text.clear();
        self.text.extend(words(text));
        self.words += self.text.len() as u64;
        for (occurrences, wanted) in self.occurrences.iter_mut().zip(&self.required) {
            *occurrences = occurrences.saturating_add(occurrences_in(&self.text, wanted));
        }
        self.has_excluded |= self.excluded.iter().any(|unwanted| occurrences_in(&self.text, unwanted) > 0);
    }

    fn is_match(&self) -> bool {
        !self.has_excluded && self.occurrences.iter().all(|occurrences| *occurrences > 0)
    }
}

fn occurrences_in(text: &[String], wanted: &SearchWords) -> u32 {
    let count = match wanted {
        SearchWords::Word(word) => text.iter().filter(|found| *found == word).count(),
        SearchWords::Prefix(prefix) => text.iter().filter(|found| found.starts_with(prefix)).count(),
        SearchWords::Phrase(phrase) => text.windows(phrase.len().max(1)).filter(|window| *window == phrase).count(),
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}
