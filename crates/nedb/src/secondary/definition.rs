//! What an index is of: its collection, its paths, and what it answers.
//!
//! Promises: a definition was checked when it was made, prints as it parses, and has one stored form. Leaves to others:
//! which definitions are in force, and the entries of an index.

use std::{fmt, str::FromStr};

use nedb_log::{IndexBody, IndexBodyKind};
use nedb_types::{
    Collection, Error, ErrorCode, FieldPath, PathStep, Result,
    limits::{INDEX_PATH_BYTES_MAX, INDEX_PATHS_MAX},
};

use super::{search_rule::SearchRule, stemming::Stemming};
use crate::mirror::RESERVED_FIELDS;

/// What stands for the field of the index of causes.
const CAUSED_BY: &str = "caused_by";

/// What an index is asked to answer.
///
/// `eq` and `ordered` are one structure: either answers equality, ranges and order. The word that was asked for is kept.
///
/// ```
/// use nedb::IndexKind;
///
/// let kind: IndexKind = "sorted".parse()?;
/// assert_eq!(kind, IndexKind::Ordered);
/// assert_eq!("search:english".parse::<IndexKind>()?.to_string(), "search:english");
/// assert!("fast".parse::<IndexKind>().is_err());
/// # Ok::<(), nedb::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// Equality: `eq`.
    Eq,
    /// Ranges and order: `ordered`, also called `sorted` and `range`.
    Ordered,
    /// What followed from what, for TRACE: `causes`. It is made by itself and cannot be asked for.
    Causes,
    /// Full text: `search`, or `search:` and a language by whose rules words are cut to their stems.
    Search {
        /// The language; words are kept whole without one.
        stemming: Option<Stemming>,
    },
}

impl IndexKind {
    /// Whether an index that was asked for as one answers for the other.
    pub(crate) fn is_alike(self, other: Self) -> bool {
        let structure = |kind| match kind {
            Self::Eq | Self::Ordered => 0,
            Self::Search { .. } => 1,
            Self::Causes => 2,
        };
        structure(self) == structure(other)
    }
}

impl FromStr for IndexKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "eq" => Ok(Self::Eq),
            "ordered" | "sorted" | "range" => Ok(Self::Ordered),
            "causes" => Ok(Self::Causes),
            "search" => Ok(Self::Search { stemming: None }),
            _ => {
                if let Some(language) = text.strip_prefix("search:") {
                    return Ok(Self::Search { stemming: Some(language.parse()?) });
                }
                let kinds = "eq, ordered (or sorted, range), search, search:LANGUAGE";
                Err(Error::new(ErrorCode::InvalidArgument, format!("{text:?} is no kind of index: {kinds}")))
            }
        }
    }
}

impl fmt::Display for IndexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eq => f.write_str("eq"),
            Self::Causes => f.write_str("causes"),
            Self::Ordered => f.write_str("ordered"),
            Self::Search { stemming: None } => f.write_str("search"),
            Self::Search { stemming: Some(language) } => write!(f, "search:{language}"),
        }
    }
}

/// The strings of a document that a search looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SearchFields {
    /// All of them, at any depth.
    Every,
    /// Those at these paths and below, in byte order of their text.
    At(Vec<FieldPath>),
}

/// What an index is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexDefinition {
    pub(crate) collection: Collection,
    pub(crate) subject: Subject,
}

/// The part of a document that is indexed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The value at a path, in the order of values; `asked_eq` keeps the word that was asked for.
    Value { path: FieldPath, asked_eq: bool },
    /// The words of some strings.
    Words(SearchRule),
    /// Which operations named which as their causes, whatever their collection.
    Causes,
}

impl IndexDefinition {
    /// Checks what a caller asks for. The fields of a search are `*` or paths divided by commas.
    pub(crate) fn new(collection: &str, fields: &str, kind: IndexKind) -> Result<Self> {
        let collection = Collection::new(collection)?;
        let subject = match kind {
            IndexKind::Eq | IndexKind::Ordered => {
                Subject::Value { path: checked_path(fields)?, asked_eq: kind == IndexKind::Eq }
            }
            IndexKind::Causes if (collection.as_str(), fields) == ("*", CAUSED_BY) => return Ok(Self::causes()),
            IndexKind::Causes => {
                let message = format!("{collection}.{fields}: the index of causes is that of * and {CAUSED_BY}");
                return Err(Error::new(ErrorCode::InvalidArgument, message));
            }
            IndexKind::Search { stemming } => {
                Subject::Words(SearchRule { fields: SearchFields::parse(fields)?, stemming })
            }
        };
        Ok(Self { collection, subject })
    }

    /// The kind as it was asked for.
    pub(crate) fn kind(&self) -> IndexKind {
        match self.subject {
            Subject::Value { asked_eq: true, .. } => IndexKind::Eq,
            Subject::Value { asked_eq: false, .. } => IndexKind::Ordered,
            Subject::Words(SearchRule { stemming, .. }) => IndexKind::Search { stemming },
            Subject::Causes => IndexKind::Causes,
        }
    }

    /// The fields as they are written in a call.
    pub(crate) fn fields(&self) -> String {
        match &self.subject {
            Subject::Value { path, .. } => path.to_string(),
            Subject::Words(rule) => rule.fields.to_string(),
            Subject::Causes => CAUSED_BY.to_owned(),
        }
    }

    /// Whether both are of the same fields and answer the same questions, in the same words or not.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.collection == other.collection
            && match (&self.subject, &other.subject) {
                (Subject::Value { path, .. }, Subject::Value { path: other, .. }) => path == other,
                (Subject::Words(rule), Subject::Words(other)) => rule.fields == other.fields,
                (Subject::Causes, Subject::Causes) => true,
                _ => false,
            }
    }

    /// Whether one can stand for the other: alike, and with the same answers.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_alike(other) && self.stemming() == other.stemming()
    }

    /// What a search is of; `None` for the order of a value.
    pub(crate) fn search_rule(&self) -> Option<&SearchRule> {
        match &self.subject {
            Subject::Value { .. } | Subject::Causes => None,
            Subject::Words(rule) => Some(rule),
        }
    }

    fn stemming(&self) -> Option<Stemming> {
        self.search_rule().and_then(|rule| rule.stemming)
    }

    /// The stored form; none for the list of causes, of which there is only one.
    pub(crate) fn to_body(&self) -> Option<IndexBody> {
        let (kind, paths) = match &self.subject {
            Subject::Value { path, asked_eq: true } => (IndexBodyKind::Eq, vec![path.to_string()]),
            Subject::Value { path, asked_eq: false } => (IndexBodyKind::Ordered, vec![path.to_string()]),
            Subject::Words(SearchRule { fields: SearchFields::Every, .. }) => (IndexBodyKind::Search, Vec::new()),
            Subject::Words(SearchRule { fields: SearchFields::At(paths), .. }) => {
                (IndexBodyKind::Search, paths.iter().map(FieldPath::to_string).collect())
            }
            Subject::Causes => return None,
        };
        let stemming = self.stemming().map_or("", Stemming::as_str).to_owned();
        Some(IndexBody { kind, stemming, collection: self.collection.as_str().to_owned(), paths })
    }

    /// Reads the stored form.
    pub(crate) fn from_body(body: &IndexBody) -> Result<Self> {
        let stemming = match body.stemming.as_str() {
            "" => None,
            language => Some(language.parse().map_err(|error: Error| {
                Error::new(ErrorCode::UnknownFeature, format!("an index of the log: {}", error.message()))
            })?),
        };
        let paths = body.paths.iter().map(|path| FieldPath::parse(path)).collect::<Result<Vec<_>>>()?;
        let subject = match (body.kind, paths.is_empty()) {
            (IndexBodyKind::Search, true) => Subject::Words(SearchRule { fields: SearchFields::Every, stemming }),
            (IndexBodyKind::Search, false) => Subject::Words(SearchRule { fields: SearchFields::At(paths), stemming }),
            (kind, _) => {
                let path = paths.into_iter().next();
                let path = path.ok_or_else(|| Error::corrupt("an index definition has no path"))?;
                Subject::Value { path, asked_eq: kind == IndexBodyKind::Eq }
            }
        };
        Ok(Self { collection: Collection::new(&body.collection)?, subject })
    }
}

impl fmt::Display for IndexDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} index on {} of {}", self.kind(), self.fields(), self.collection)
    }
}

impl SearchFields {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.trim() == "*" {
            return Ok(Self::Every);
        }
        let mut paths = split_paths(text).map(checked_path).collect::<Result<Vec<_>>>()?;
        if let Some(path) = paths.iter().find(|path| path.to_string().contains(',')) {
            let message = format!("{path}: a field whose name has a comma cannot be one of several for search");
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        paths.sort_by_cached_key(FieldPath::to_string);
        paths.dedup();
        if paths.len() > INDEX_PATHS_MAX {
            let (max, actual) = (INDEX_PATHS_MAX as u64, paths.len() as u64);
            let (code, what) = (ErrorCode::TooManyIndexes, "paths of an index for search");
            return Err(Error::over_limit(code, what, "INDEX_PATHS_MAX", max, actual));
        }
        Ok(Self::At(paths))
    }
}

impl fmt::Display for SearchFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::At(paths) => {
                let texts: Vec<String> = paths.iter().map(FieldPath::to_string).collect();
                f.write_str(&texts.join(", "))
            }
        }
    }
}

/// The parts between the commas that do not stand in backquotes.
fn split_paths(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |letter| {
        is_quoted ^= letter == '`';
        letter == ',' && !is_quoted
    })
    .map(str::trim)
}

fn checked_path(text: &str) -> Result<FieldPath> {
    let path = FieldPath::parse(text)?;
    let (max, actual) = (INDEX_PATH_BYTES_MAX as u64, path.to_string().len() as u64);
    if actual > max {
        let what = "bytes of an indexed path";
        return Err(Error::over_limit(ErrorCode::NameTooLong, what, "INDEX_PATH_BYTES_MAX", max, actual));
    }
    match path.steps().first() {
        // An index reads documents, where these fields never are: it would hold every document as one without them.
        Some(PathStep::Field(name)) if RESERVED_FIELDS.contains(&name.as_str()) => {
            let message = format!("{path}: a field that the engine makes has no index");
            Err(Error::new(ErrorCode::InvalidArgument, message))
        }
        _ => Ok(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_reads_as_it_was_stored() {
        for (fields, kind) in
            [("a.b[2]", "eq"), ("`x, y`", "range"), ("*", "search"), ("b, `a b`.c ,b", "search:english")]
        {
            let definition = IndexDefinition::new("c", fields, kind.parse().unwrap()).unwrap();
            let body = IndexBody::decode(&definition.to_body().unwrap().encode()).unwrap();
            assert_eq!(IndexDefinition::from_body(&body).unwrap(), definition);
            let again = IndexDefinition::new("c", &definition.fields(), definition.kind()).unwrap();
            assert_eq!(again, definition);
        }
    }

    #[test]
    fn equality_and_order_are_one_index_and_languages_are_two_answers() {
        let of = |fields: &str, kind: &str| IndexDefinition::new("c", fields, kind.parse().unwrap()).unwrap();
        assert!(of("a", "eq").is_same(&of("a", "sorted")));
        assert!(!of("a", "eq").is_alike(&of("a", "search")));
        assert!(of("a, b", "search").is_same(&of("b,a", "search")));
        assert!(of("a", "search").is_alike(&of("a", "search:english")));
        assert!(!of("a", "search").is_same(&of("a", "search:english")));
    }
}
