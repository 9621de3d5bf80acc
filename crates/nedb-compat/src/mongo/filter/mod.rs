//! Filters: which documents a call is about.
//!
//! A filter is read once and judges documents in memory. Promises: each operator means what MongoDB's manual says, arrays included;
//! an operator that is not there is refused by its name when the filter is read. Leaves to others: which documents are looked at
//! (`narrow`), and how paths lead through documents (`path`).

mod array;
mod compare;
mod condition;
mod element;
mod logic;
mod modulo;
mod parse;
mod pcre;
mod text;

use nedb_types::{Object, Result};

pub(super) use self::{
    compare::{OrderTest, Side},
    condition::Condition,
    parse::{has_operators, is_logic},
};
use super::path::Path;

/// Judges documents.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// All must hold; of none, it does.
    All(Vec<Filter>),
    /// One must hold.
    Any(Vec<Filter>),
    /// None may hold.
    None(Vec<Filter>),
    /// What a path leads to must satisfy a condition.
    Field(Path, Condition),
}

impl Filter {
    /// Reads a filter.
    pub(super) fn new(filter: &Object) -> Result<Self> {
        parse::filter(filter, parse::Depth::default())
    }

    /// Whether every document satisfies it without a look.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Whether a document satisfies the filter.
    pub(super) fn matches(&self, document: &Object) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Self::None(parts) => !parts.iter().any(|part| part.matches(document)),
            Self::Field(path, condition) => condition.matches(document, path),
        }
    }
}
