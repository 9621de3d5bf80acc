//! What Tab proposes.
//!
//! [`place`] says what a word at the cursor could be; here that becomes words: keywords, dot commands, and the names that
//! the [`Catalog`] knows.

mod place;

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use nedb_types::Collection;
use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::{action::quoted, catalog::Catalog, command::COMMANDS};
use place::{Place, Want};

/// Proposals that are shown; a longer list is narrowed by typing on.
const PROPOSALS_MAX: usize = 200;

/// Proposes words to the line editor.
pub struct NameCompleter {
    catalog: Arc<Mutex<Catalog>>,
}

impl NameCompleter {
    /// Proposes what a catalog knows.
    pub fn new(catalog: Arc<Mutex<Catalog>>) -> Self {
        Self { catalog }
    }
}

impl Completer for NameCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        // Names are only ever added as a whole.
        let mut catalog = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        let (span, words) = propose(&mut catalog, line, pos);
        let suggestions: Vec<Suggestion> = words
            .into_iter()
            .map(|value| Suggestion {
                value,
                span: Span::new(span.start, span.end),
                append_whitespace: true,
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

/// The words that could stand at a place, and what they replace.
fn propose(catalog: &mut Catalog, line: &str, position: usize) -> (Range<usize>, Vec<String>) {
    let place = Place::at(line, position);
    let word = line.get(place.word.clone()).unwrap_or_default().to_owned();
    let is_lower = !word.is_empty() && word.chars().all(|sign| !sign.is_uppercase());
    let mut words = Vec::new();
    for want in &place.wants {
        let more = match want {
            Want::Words(known) => known.iter().map(|keyword| cased(keyword, is_lower)).collect(),
            Want::Collections => collections(catalog),
            Want::CollectionWords => catalog.collections().into_iter().map(as_word).collect(),
            Want::Fields(collection) => catalog.fields(collection),
            Want::Relations => catalog.relations(),
            Want::Params => catalog.params(),
            Want::Commands => COMMANDS.iter().map(|known| known.name.to_owned()).collect(),
        };
        words.extend(more.into_iter().filter(|proposal| begins(proposal, &word)));
    }
    words.truncate(PROPOSALS_MAX);
    (place.word, words)
}

fn collections(catalog: &Catalog) -> Vec<String> {
    let names = catalog.collections().into_iter().filter_map(|name| Collection::new(&name).ok());
    names.map(quoted).collect()
}

/// A name as one word of a dot command.
fn as_word(name: String) -> String {
    if name.contains(char::is_whitespace) { format!("'{name}'") } else { name }
}

/// Keywords are proposed in the case in which they are begun.
fn cased(keyword: &str, is_lower: bool) -> String {
    if is_lower { keyword.to_lowercase() } else { keyword.to_owned() }
}

/// Names are compared as they are, keywords in any case.
fn begins(proposal: &str, word: &str) -> bool {
    proposal.starts_with(word) || proposal.trim_start_matches(['`', '\'']).starts_with(word) || {
        let is_keyword = proposal.chars().all(|sign| sign.is_ascii_uppercase());
        is_keyword && proposal.starts_with(&word.to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use nedb::{AsOf, Body, Database};

    use super::*;
    use crate::subject::Opened;

    fn proposed(line: &str) -> Vec<String> {
        let db = Database::in_memory().unwrap();
        db.put("people", "ada", Body::json(r#"{"name": "Ada", "home": {"city": "London"}}"#)).unwrap();
        db.put("pets and more", "rex", Body::json("{}")).unwrap();
        db.link("people:ada", "owns", "pets and more:rex").unwrap();
        let mut catalog = Catalog::new(Opened::Directory(db), AsOf::Head);
        catalog.set_params(vec!["low".to_owned(), "who".to_owned()]);
        propose(&mut catalog, line, line.len()).1
    }

    #[test]
    fn each_place_proposes_what_can_stand_there() {
        assert_eq!(proposed("F"), ["FROM"]);
        assert_eq!(proposed("FROM p"), ["people", "`pets and more`"]);
        assert_eq!(proposed("FROM people WHERE na"), ["name"]);
        assert_eq!(proposed("FROM people WHERE name = 'x' AND home."), ["home.city"]);
        assert_eq!(proposed("FROM people ORDER BY ho"), ["home", "home.city"]);
        assert_eq!(proposed("FROM people GROUP B"), ["BY"]);
        assert_eq!(proposed("FROM people TRAVERSE "), ["owns"]);
        assert_eq!(proposed("FROM people WHERE name = $"), ["$low", "$who"]);
        assert_eq!(proposed(".ti"), [".timer"]);
        assert_eq!(proposed(".mode c"), ["csv"]);
        assert_eq!(proposed(".history pe"), ["people", "'pets and more'"]);
        assert_eq!(proposed(".explain FROM peo"), ["people"]);
    }

    #[test]
    fn keywords_follow_the_case_in_which_they_are_begun() {
        assert_eq!(proposed("from people wh"), ["where"]);
        assert_eq!(proposed("from people WH"), ["WHERE"]);
    }

    #[test]
    fn nothing_is_proposed_inside_a_string_or_a_comment() {
        assert!(proposed("FROM people WHERE name = 'na").is_empty());
        assert!(proposed("-- FR").is_empty());
    }
}
