//! SEARCH without an index: the texts of every document are cut into words.
//!
//! One walk over the collection finds the documents that match and gathers what BM25 needs to know of all others. Documents
//! that have expired count for the statistics until they are deleted, as they do in an index.

use nedb_index::{Ranking, TextQuery, TextTerm, TextTotals, TextWords};
use nedb_types::Result;

use super::{drain, filter::Filter, scan::CollectionScan};
use crate::{
    query::{guard::Guard, view::Found},
    secondary::SearchRule,
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
    excluded: &'q [TextTerm],
    /// Occurrences of each ranked word.
    occurrences: Vec<u64>,
    has_phrases: bool,
    has_excluded: bool,
    words: u64,
}

/// A document that has every required and no excluded term.
struct Match {
    found: Found,
    words: u64,
    occurrences: Box<[u64]>,
}

/// The documents that match, in the order of the scan, with their scores.
pub(crate) fn search(
    scan: CollectionScan,
    (rule, query): (&SearchRule, &TextQuery),
    filter: &Filter,
    guard: &Guard,
) -> Result<Vec<Found>> {
    let mut counter = Counter::new(query);
    let (mut totals, mut having) = (TextTotals::default(), vec![0_u64; counter.ranked.len()]);
    let (mut matches, mut words) = (Vec::new(), TextWords::new());
    drain(&mut scan.with_expired(), guard, &mut |view| {
        rule.read_words(&view.document, &mut words)?;
        counter.count(words.as_bytes());
        totals.texts += 1;
        totals.tokens = totals.tokens.saturating_add_unsigned(counter.words);
        for (having, occurrences) in having.iter_mut().zip(&counter.occurrences) {
            *having += u64::from(*occurrences > 0);
        }
        if counter.is_match() && view.snapshot.is_live(view.version)? && filter.holds(view)? {
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
    fn new(query: &'q TextQuery) -> Self {
        let (mut ranked, mut phrases) = (Vec::new(), Vec::new());
        for term in &query.required {
            match term {
                TextTerm::Word(word) => ranked.push(Ranked::Word(word)),
                TextTerm::Prefix(beginning) => ranked.push(Ranked::Beginning(beginning)),
                TextTerm::Phrase(words) => {
                    ranked.extend(words.iter().map(|word| Ranked::Word(word)));
                    phrases.push(words.as_slice());
                }
            }
        }
        let (excluded, occurrences) = (query.excluded.as_slice(), vec![0; ranked.len()]);
        Self { ranked, phrases, excluded, occurrences, has_phrases: false, has_excluded: false, words: 0 }
    }

    /// Counts in the words of a document, between whose texts stands an empty one.
    fn count(&mut self, words: &[u8]) {
        let found: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        self.words = found.iter().filter(|word| !word.is_empty()).count() as u64;
        for (occurrences, wanted) in self.occurrences.iter_mut().zip(&self.ranked) {
            let is_it = |word: &&&[u8]| match wanted {
                Ranked::Word(wanted) => **word == wanted.as_bytes(),
                Ranked::Beginning(beginning) => word.starts_with(beginning.as_bytes()),
            };
            *occurrences = found.iter().filter(is_it).count() as u64;
        }
        self.has_phrases = self.phrases.iter().all(|phrase| has_words(&found, phrase));
        self.has_excluded = self.excluded.iter().any(|unwanted| match unwanted {
            TextTerm::Word(word) => found.contains(&word.as_bytes()),
            TextTerm::Prefix(beginning) => found.iter().any(|word| word.starts_with(beginning.as_bytes())),
            TextTerm::Phrase(phrase) => has_words(&found, phrase),
        });
    }

    fn is_match(&self) -> bool {
        self.occurrences.iter().all(|occurrences| *occurrences > 0) && self.has_phrases && !self.has_excluded
    }
}

/// Whether there are these words one behind the other.
fn has_words(found: &[&[u8]], phrase: &[String]) -> bool {
    let is_here = |window: &[&[u8]]| window.iter().zip(phrase).all(|(word, wanted)| *word == wanted.as_bytes());
    found.windows(phrase.len().max(1)).any(is_here)
}
