//! What a word at a place of the input could be.
//!
//! It looks at the pieces of the text before the cursor, not at a parse: what is being typed is seldom a whole statement.

use std::ops::Range;

use nedb_nql::{Piece, PieceKind, pieces};

const STATEMENTS: &[&str] = &["FROM", "EXPLAIN", "HISTORY", "DIFF"];
const CLAUSES: &[&str] = &[
    "WHERE", "AS", "VALID", "SEARCH", "TRAVERSE", "TRACE", "GROUP", "COUNT", "SUM", "AVG", "MIN", "MAX", "HAVING",
    "ORDER", "LIMIT", "OFFSET", "SELECT",
];
const OPERATORS: &[&str] =
    &["AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "IS", "CONTAINS", "ASC", "DESC", "REVERSE"];
const CONDITIONS: &[&str] = &["NOT", "EXISTS"];

/// What can stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// One of these words.
    Words(&'static [&'static str]),
    /// The name of a collection in a statement.
    Collections,
    /// The name of a collection as one word of a dot command.
    CollectionWords,
    /// A field of this collection.
    Fields(String),
    /// The name of a relation.
    Relations,
    /// A parameter.
    Params,
    /// A dot command.
    Commands,
}

/// A place of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The word that is being typed, in bytes.
    pub word: Range<usize>,
    /// What it could be.
    pub wants: Vec<Want>,
}

impl Place {
    /// Looks at the word that ends at a position.
    pub fn at(input: &str, position: usize) -> Self {
        let before = input.get(..position).unwrap_or(input);
        let is_part = |sign: char| sign.is_alphanumeric() || "_.[]$".contains(sign);
        let start = before.char_indices().rev().take_while(|(_, sign)| is_part(*sign)).last();
        let start = start.map_or(before.len(), |(at, _)| at);
        let (above, word) = before.split_at_checked(start).unwrap_or((before, ""));
        let wants = match command_words(above, word) {
            Some(wants) => wants,
            None => statement_words(above, word),
        };
        Self { word: start..before.len(), wants }
    }
}

/// What can stand in a dot command; `None` where there is none.
fn command_words(above: &str, word: &str) -> Option<Vec<Want>> {
    if above.trim().is_empty() && word.starts_with('.') {
        return Some(vec![Want::Commands]);
    }
    let words: Vec<&str> = above.split_whitespace().collect();
    let wants = match (words.first().copied()?, words.len()) {
        (".explain", _) => return Some(statement_words(above.trim_start().trim_start_matches(".explain"), word)),
        (".history" | ".trace" | ".fields", 1) => vec![Want::CollectionWords],
        (".mode", 1) => vec![Want::Words(&["table", "json", "ndjson", "csv", "line"])],
        (".timer", 1) => vec![Want::Words(&["on", "off"])],
        (".asof", 1) => vec![Want::Words(&["now"])],
        (".rows", 1) => vec![Want::Words(&["all"])],
        (".param", 1) => vec![Want::Words(&["set", "unset", "list"])],
        (".help", 1) => vec![Want::Commands],
        (".trace", 3) => vec![Want::Words(&["reverse"])],
        (name, _) if name.starts_with('.') => Vec::new(),
        _ => return None,
    };
    Some(wants)
}

/// What can stand in a statement behind a text.
fn statement_words(above: &str, word: &str) -> Vec<Want> {
    let all: Vec<Piece> = pieces(above).collect();
    let is_shut = all.last().is_some_and(|last| match last.kind {
        PieceKind::Open => true,
        PieceKind::Comment => last.span.end == above.len(),
        _ => false,
    });
    if is_shut {
        return Vec::new();
    }
    if word.starts_with('$') {
        return vec![Want::Params];
    }
    let text = |piece: &Piece| above.get(piece.span.clone()).unwrap_or_default();
    let begin = all.iter().rposition(|piece| text(piece) == ";").map_or(0, |at| at + 1);
    let said: Vec<(PieceKind, &str)> = all.iter().skip(begin).map(|piece| (piece.kind, text(piece))).collect();
    let said: Vec<(PieceKind, &str)> = said.into_iter().filter(|(kind, _)| *kind != PieceKind::Comment).collect();
    let Some((kind, last)) = said.last() else { return vec![Want::Words(STATEMENTS)] };
    let fields = || Want::Fields(collection(&said));
    match kind {
        PieceKind::Keyword => behind_keyword(&last.to_ascii_uppercase(), &said),
        PieceKind::Symbol if ["(", ","].contains(last) => vec![fields(), Want::Words(CONDITIONS)],
        PieceKind::Symbol if [")", "]", "*"].contains(last) => vec![Want::Words(CLAUSES), Want::Words(OPERATORS)],
        PieceKind::Symbol => vec![Want::Params],
        PieceKind::Unknown => Vec::new(),
        _ => vec![Want::Words(CLAUSES), Want::Words(OPERATORS)],
    }
}

fn behind_keyword(keyword: &str, said: &[(PieceKind, &str)]) -> Vec<Want> {
    let fields = || Want::Fields(collection(said));
    let begins_with = |word: &str| said.first().is_some_and(|(_, first)| first.eq_ignore_ascii_case(word));
    match keyword {
        "EXPLAIN" => vec![Want::Words(&["FROM"])],
        "FROM" if begins_with("DIFF") => vec![Want::Params],
        "FROM" | "HISTORY" | "DIFF" => vec![Want::Collections],
        "WHERE" | "AND" | "OR" | "NOT" | "HAVING" => vec![fields(), Want::Words(CONDITIONS)],
        "BY" | "SELECT" | "SUM" | "AVG" | "MIN" | "MAX" => vec![fields()],
        "TRAVERSE" => vec![Want::Relations],
        "TRACE" => vec![Want::Words(&["caused_by"])],
        "AS" => vec![Want::Words(&["OF"])],
        "VALID" => vec![Want::Words(&["AS"])],
        "OF" => vec![Want::Words(&["TIMESTAMP"]), Want::Params],
        "ORDER" | "GROUP" => vec![Want::Words(&["BY"])],
        "IS" => vec![Want::Words(&["NULL", "NOT"])],
        "COUNT" | "REVERSE" | "ASC" | "DESC" | "NULL" | "TRUE" | "FALSE" => {
            vec![Want::Words(CLAUSES), Want::Words(OPERATORS)]
        }
        _ => vec![Want::Params],
    }
}

/// The collection that a statement is about.
fn collection(said: &[(PieceKind, &str)]) -> String {
    let mut words = said
        .iter()
        .skip_while(|(_, word)| !["FROM", "HISTORY", "DIFF"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word)));
    match words.nth(1) {
        Some((PieceKind::Quoted, name)) => name.trim_matches('`').replace("``", "`"),
        Some((_, name)) => (*name).to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(input: &str) -> Vec<Want> {
        Place::at(input, input.len()).wants
    }

    #[test]
    fn the_collection_of_the_statement_under_the_cursor_counts() {
        assert_eq!(wants("FROM `a b` WHERE "), [Want::Fields("a b".to_owned()), Want::Words(CONDITIONS)]);
        assert_eq!(wants("FROM a; FROM b SELECT "), [Want::Fields("b".to_owned())]);
        assert_eq!(wants("FROM a; "), [Want::Words(STATEMENTS)]);
        assert_eq!(wants("EXPLAIN FROM a ORDER BY x, "), [Want::Fields("a".to_owned()), Want::Words(CONDITIONS)]);
        assert_eq!(wants("DIFF a FROM "), [Want::Params]);
    }

    #[test]
    fn the_word_is_what_stands_before_the_cursor() {
        assert_eq!(Place::at("FROM a WHERE näm = 1", 17).word, 13..17);
        assert_eq!(Place::at("FROM a WHERE b[0].c", 19).word, 13..19);
        assert_eq!(Place::at("", 0).word, 0..0);
    }
}
