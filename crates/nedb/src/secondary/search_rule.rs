//! What SEARCH means in a collection: the strings that it looks at, and how their words are cut.
//!
//! Promises: the index, the search without one and the words of a query go through the same code, so that all three find
//! the same. Leaves to others: which rule holds at which moment.

use std::fmt;

use nedb_index::{TextQuery, TextTerm, TextWords};
use nedb_nql::{Presence, SearchQuery, SearchWords};
use nedb_types::{DocumentRef, FieldPath, Result, ValueRef, text::words};

use super::{definition::SearchFields, stemming::Stemming};

/// The rule of a collection at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchRule {
    pub(crate) fields: SearchFields,
    pub(crate) stemming: Option<Stemming>,
}

impl SearchRule {
    /// Whole words in every string: what holds where nothing else was defined.
    pub(crate) const EVERY: Self = Self { fields: SearchFields::Every, stemming: None };

    /// The rule that covers the fields of both, which have one stemming; a path below another one is part of that.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let fields = match (&self.fields, &other.fields) {
            (SearchFields::At(paths), SearchFields::At(others)) => {
                let mut paths = [paths.as_slice(), others.as_slice()].concat();
                paths.sort_by_cached_key(FieldPath::to_string);
                paths.dedup();
                let reduced = paths.iter().filter(|path| !paths.iter().any(|other| is_below(path, other)));
                SearchFields::At(reduced.cloned().collect())
            }
            _ => SearchFields::Every,
        };
        Self { fields, stemming: self.stemming }
    }

    /// Reads the words of all strings that the rule names.
    pub(crate) fn read_words(&self, document: &DocumentRef<'_>, found: &mut TextWords) -> Result<()> {
        found.clear();
        match &self.fields {
            SearchFields::Every => self.visit(&ValueRef::Object(document.root()), found),
            SearchFields::At(paths) => {
                for path in paths.iter().filter(|path| !paths.iter().any(|other| is_below(path, other))) {
                    if let Some(value) = document.get_path(path)? {
                        self.visit(&value, found)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Reads the strings of a value; the nesting of documents is bounded.
    fn visit(&self, value: &ValueRef<'_>, found: &mut TextWords) -> Result<()> {
        match value {
            ValueRef::String(text) => {
                for word in words(text) {
                    found.push(&self.stem(word));
                }
                found.end_text();
            }
            ValueRef::Array(elements) => {
                for element in elements.iter() {
                    self.visit(&element?, found)?;
                }
            }
            ValueRef::Object(fields) => {
                for field in fields.iter() {
                    self.visit(&field?.1, found)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn stem(&self, word: String) -> String {
        match self.stemming {
            None => word,
            Some(language) => language.stem(&word),
        }
    }

    /// The terms of a query as this rule has them. The beginning of a word is no word and keeps its letters.
    pub(crate) fn query(&self, query: &SearchQuery) -> TextQuery {
        let term = |words: &SearchWords| match words {
            SearchWords::Word(word) => TextTerm::Word(self.stem(word.clone())),
            SearchWords::Prefix(beginning) => TextTerm::Prefix(beginning.clone()),
            SearchWords::Phrase(words) => TextTerm::Phrase(words.iter().map(|word| self.stem(word.clone())).collect()),
        };
        let of = |presence| {
            let terms = query.terms().iter().filter(move |term| term.presence == presence);
            terms.map(|found| term(&found.words)).collect()
        };
        TextQuery { required: of(Presence::Required), excluded: of(Presence::Excluded) }
    }
}

/// Whether a path leads to something inside of what the other one leads to.
fn is_below(path: &FieldPath, other: &FieldPath) -> bool {
    path.steps().len() > other.steps().len() && path.steps().starts_with(other.steps())
}

impl fmt::Display for SearchRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fields)?;
        match self.stemming {
            None => Ok(()),
            Some(language) => write!(f, " by {language} stems"),
        }
    }
}
