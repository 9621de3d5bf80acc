//! What SEARCH looks for: words, phrases and prefixes, wanted or not.

use std::fmt;

use nedb_types::limits::SEARCH_TERMS_MAX;
use nedb_types::text::words;
use nedb_types::{Error, ErrorCode, Result};

/// Lists the terms of a search; a document must have all that are required and none that are excluded.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Presence, SearchQuery, SearchWords};
///
/// let search = SearchQuery::parse(r#"Rust "query language" fast* -slow"#)?;
/// assert_eq!(search.terms()[0].words, SearchWords::Word("rust".to_owned()));
/// assert_eq!(search.terms()[3].presence, Presence::Excluded);
/// assert_eq!(search.to_string(), r#"rust "query language" fast* -slow"#);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    terms: Vec<SearchTerm>,
}

/// Is one term of a search.
///
/// # Examples
///
/// ```
/// use nedb_nql::{Presence, SearchTerm, SearchWords};
///
/// let term = SearchTerm { words: SearchWords::Prefix("data".to_owned()), presence: Presence::Required };
/// assert_eq!(term.to_string(), "data*");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm {
    /// What is looked for.
    pub words: SearchWords,
    /// Whether it must be there or must not.
    pub presence: Presence,
}

/// Says what a term looks for; its words are those of [`nedb_types::text::words`].
///
/// # Examples
///
/// ```
/// use nedb_nql::SearchWords;
///
/// assert_ne!(SearchWords::Word("a".to_owned()), SearchWords::Prefix("a".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchWords {
    /// Looks for a whole word.
    Word(String),
    /// Looks for words that follow each other; at least two.
    Phrase(Vec<String>),
    /// Looks for a word that begins so.
    Prefix(String),
}

/// Says whether a term must be there.
///
/// # Examples
///
/// ```
/// assert_ne!(nedb_nql::Presence::Required, nedb_nql::Presence::Excluded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Must be there.
    Required,
    /// Must not be there.
    Excluded,
}

impl SearchQuery {
    /// Reads the text of a search: words, `"phrases"`, `prefixes*`, and `-` before what must not occur.
    ///
    /// A word that the rules for words cut into several, such as `e-mail`, is a phrase. What has no letter and no digit is
    /// passed over.
    ///
    /// # Errors
    ///
    /// `query_syntax` when nothing is left to search for, a phrase does not end or a prefix is several words;
    /// `query_too_large` beyond [`SEARCH_TERMS_MAX`].
    pub fn parse(text: &str) -> Result<Self> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (term, after) = read_term(rest)?;
            terms.extend(term);
            rest = after.trim_start();
            if terms.len() > SEARCH_TERMS_MAX {
                let (max, actual) = (SEARCH_TERMS_MAX as u64, terms.len() as u64);
                let what = "number of search terms";
                return Err(Error::over_limit(ErrorCode::QueryTooLarge, what, "SEARCH_TERMS_MAX", max, actual));
            }
        }
        if terms.is_empty() { Err(wrong("at least one word to search for")) } else { Ok(Self { terms }) }
    }

    /// Returns the terms in the order of writing; there is at least one.
    pub fn terms(&self) -> &[SearchTerm] {
        &self.terms
    }
}

/// Reads one term and returns what follows; a term without words is none.
fn read_term(text: &str) -> Result<(Option<SearchTerm>, &str)> {
    let (presence, text) = match text.strip_prefix('-') {
        Some(rest) => (Presence::Excluded, rest),
        None => (Presence::Required, text),
    };
    let (words, rest) = match text.strip_prefix('"').map(|quoted| quoted.split_once('"')) {
        Some(Some((phrase, rest))) => (whole_words(phrase), rest),
        Some(None) => return Err(wrong("a closing \" of the phrase")),
        None => read_chunk(text)?,
    };
    Ok((words.map(|words| SearchTerm { words, presence }), rest))
}

/// Reads up to the next space.
fn read_chunk(text: &str) -> Result<(Option<SearchWords>, &str)> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (chunk, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let words = match chunk.strip_suffix('*') {
        Some(prefix) => prefix_word(prefix)?,
        None => whole_words(chunk),
    };
    Ok((words, rest))
}

fn whole_words(text: &str) -> Option<SearchWords> {
    let mut found: Vec<String> = words(text).collect();
    match found.len() {
        0 => None,
        1 => found.pop().map(SearchWords::Word),
        _ => Some(SearchWords::Phrase(found)),
    }
}

fn prefix_word(text: &str) -> Result<Option<SearchWords>> {
    match whole_words(text) {
        None => Ok(None),
        Some(SearchWords::Word(word)) => Ok(Some(SearchWords::Prefix(word))),
        Some(_) => Err(wrong("a single word before `*`")),
    }
}

fn wrong(expected: &str) -> Error {
    Error::new(ErrorCode::QuerySyntax, expected)
}

impl fmt::Display for SearchQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for term in &self.terms {
            write!(f, "{separator}{term}")?;
            separator = " ";
        }
        Ok(())
    }
}

impl fmt::Display for SearchTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.presence == Presence::Excluded {
            f.write_str("-")?;
        }
        match &self.words {
            SearchWords::Word(word) => f.write_str(word),
            SearchWords::Phrase(words) => write!(f, "\"{}\"", words.join(" ")),
            SearchWords::Prefix(word) => write!(f, "{word}*"),
        }
    }
}
