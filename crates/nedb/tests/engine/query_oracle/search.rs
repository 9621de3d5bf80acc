//! SEARCH over lists: every text of every document cut into words, and BM25 as its formula stands in the handbook.
//!
//! The tests write only letters, digits and `_` that belong to words, and other characters that end them.

use nedb_types::{Object, Value};
use rust_stemmers::{Algorithm, Stemmer};

use super::history::{SearchRule, Seen};

struct Term {
    words: Vec<String>,
    is_prefix: bool,
    is_excluded: bool,
}

/// The texts of a document as lists of words.
type Texts = Vec<Vec<String>>;

/// The documents with all terms, and their scores among all documents of the collection.
pub fn found<'h>(all: &[Seen<'h>], text: &str, rule: &SearchRule) -> Vec<Seen<'h>> {
    let terms = terms(text, rule);
    let texts: Vec<Texts> = all.iter().map(|seen| texts_of(seen.document, rule)).collect();
    let required: Vec<&Term> = terms.iter().filter(|term| !term.is_excluded).collect();
    let ranked: Vec<(&str, bool)> =
        required.iter().flat_map(|term| term.words.iter().map(|word| (word.as_str(), term.is_prefix))).collect();
    let is_match = |texts: &Texts| terms.iter().all(|term| term.is_in(texts) != term.is_excluded);
    let mut found = Vec::new();
    for (seen, own) in all.iter().zip(&texts).filter(|(_, own)| is_match(own)) {
        let score = ranked.iter().map(|word| score(*word, own, &texts)).sum();
        found.push(Seen { score: Some(score), ..seen.clone() });
    }
    found
}

fn score(word: (&str, bool), own: &Texts, all: &[Texts]) -> f64 {
    let (n, df) = (count(all.len()), count(all.iter().filter(|texts| occurrences(word, texts) > 0).count()));
    let tokens = |texts: &Texts| texts.iter().map(Vec::len).sum::<usize>();
    let all_tokens = all.iter().map(tokens).sum();
    let average = if all_tokens > 0 { count(all_tokens) / n } else { 1.0 };
    let (tf, length) = (count(occurrences(word, own)), count(tokens(own)));
    let rarity = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
    rarity * (tf * (1.2 + 1.0)) / (tf + 1.2 * (1.0 - 0.75 + 0.75 * length / average))
}

#[expect(clippy::cast_precision_loss, reason = "the tests count a few thousand words")]
const fn count(number: usize) -> f64 {
    number as f64
}

fn occurrences((word, is_prefix): (&str, bool), texts: &Texts) -> usize {
    let is_it = |found: &&String| if is_prefix { found.starts_with(word) } else { *found == word };
    texts.iter().flatten().filter(is_it).count()
}

impl Term {
    fn is_in(&self, texts: &Texts) -> bool {
        if self.is_prefix {
            return occurrences((&self.words[0], true), texts) > 0;
        }
        texts.iter().any(|text| text.windows(self.words.len()).any(|window| window == self.words))
    }
}

fn terms(text: &str, rule: &SearchRule) -> Vec<Term> {
    let (mut terms, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let is_excluded = rest.starts_with('-');
        rest = rest.strip_prefix('-').unwrap_or(rest);
        let (term, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').expect("the tests close their phrases"),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        let is_prefix = term.ends_with('*');
        // A beginning is not cut: it may begin a stem.
        let words = if is_prefix { words(term) } else { stems(words(term), rule) };
        terms.push(Term { words, is_prefix, is_excluded });
        rest = after.trim_start();
    }
    terms
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn texts_of(document: &Object, rule: &SearchRule) -> Texts {
    let mut texts = Vec::new();
    let is_searched = |name: &str| rule.field.as_deref().is_none_or(|field| field == name);
    document.iter().filter(|(name, _)| is_searched(name)).for_each(|(_, value)| collect(value, &mut texts));
    texts.into_iter().map(|words| stems(words, rule)).collect()
}

/// Words cut to their stems, if the rule says so; a word of which nothing is left stays whole.
fn stems(words: Vec<String>, rule: &SearchRule) -> Vec<String> {
    if !rule.stems {
        return words;
    }
    let stemmer = Stemmer::create(Algorithm::English);
    let stem = |word: String| match stemmer.stem(&word).into_owned() {
        nothing if nothing.is_empty() => word,
        stem => stem,
    };
    words.into_iter().map(stem).collect()
}

fn collect(value: &Value, texts: &mut Texts) {
    match value {
        Value::String(text) => texts.push(words(text)),
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, texts)),
        Value::Object(object) => object.iter().for_each(|(_, value)| collect(value, texts)),
        _ => {}
    }
}
