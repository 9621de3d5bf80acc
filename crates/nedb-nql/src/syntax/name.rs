//! Which texts are names, and which words a name must not be.

use unicode_ident::{is_xid_continue, is_xid_start};

/// Lists the words that end a clause or a condition; a name that is one of them stands in backquotes.
const RESERVED: &[&str] = &[
    "AND", "BETWEEN", "BY", "CONTAINS", "EXISTS", "FROM", "GROUP", "HAVING", "ILIKE", "IN", "IS", "LIKE", "LIMIT",
    "NOT", "OFFSET", "OR", "ORDER", "SEARCH", "SELECT", "TRACE", "TRAVERSE", "WHERE",
];

/// Says whether a text can be a name without backquotes: letters, digits and `_` of any script, no digit first.
pub(crate) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_xid_continue)
}

/// Says whether a name may begin with a character.
pub(super) fn is_name_start(character: char) -> bool {
    character == '_' || is_xid_start(character)
}

/// Says whether a name may go on with a character.
pub(super) fn is_name_part(character: char) -> bool {
    is_xid_continue(character)
}

/// Says whether a word cannot be a name or a bare value.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
