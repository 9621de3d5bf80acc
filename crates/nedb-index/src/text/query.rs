//! What is searched for.
//!
//! Promises: nothing but the parts. Leaves to others: the text of a query.

/// One thing that a text has or has not.
///
/// # Examples
///
/// ```
/// use nedb_index::TextTerm;
///
/// let phrase = TextTerm::Phrase(vec!["red".into(), "wine".into()]);
/// assert_ne!(phrase, TextTerm::Word("red wine".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTerm {
    /// A token.
    Word(String),
    /// A token with this beginning.
    Prefix(String),
    /// Tokens one behind the other.
    Phrase(Vec<String>),
}

/// What a text must have, all of it, and what it must not have, none of it.
///
/// Without required terms nothing is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextQuery {
    /// What a text must have; these are what ranks it, in this order.
    pub required: Vec<TextTerm>,
    /// What it must not have.
    pub excluded: Vec<TextTerm>,
}
