//! A text cut into pieces for those who show or edit it: editors, highlighters, splitters of scripts.
//!
//! Promises: the pieces are those of the one lexer, they never overlap, and any text is cut to its end. What the lexer
//! refuses becomes a piece as well. Leaves to others: whether the pieces make a statement.

use std::ops::Range;

use super::json::balanced;
use super::{Lexer, Token};

/// Lists the words that have a meaning of their own somewhere in the language, for completion and highlighting.
///
/// Many of them are keywords only in their place and names elsewhere.
///
/// # Examples
///
/// ```
/// assert!(nedb_nql::KEYWORDS.contains(&"TRAVERSE"));
/// ```
pub const KEYWORDS: &[&str] = &[
    "AND",
    "AS",
    "ASC",
    "AVG",
    "BETWEEN",
    "BY",
    "CONTAINS",
    "COUNT",
    "DESC",
    "DIFF",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FROM",
    "GROUP",
    "HAVING",
    "HISTORY",
    "ILIKE",
    "IN",
    "IS",
    "LIKE",
    "LIMIT",
    "MAX",
    "MIN",
    "NOT",
    "NULL",
    "OF",
    "OFFSET",
    "OR",
    "ORDER",
    "REVERSE",
    "SEARCH",
    "SELECT",
    "SUM",
    "TIMESTAMP",
    "TO",
    "TRACE",
    "TRAVERSE",
    "TRUE",
    "VALID",
    "WHERE",
];

/// Is one piece of a text.
///
/// # Examples
///
/// ```
/// use nedb_nql::{PieceKind, pieces};
///
/// let text = "FROM blocks -- all of them";
/// let kinds: Vec<_> = pieces(text).map(|piece| (text.get(piece.span).unwrap(), piece.kind)).collect();
/// assert_eq!(kinds[0], ("FROM", PieceKind::Keyword));
/// assert_eq!(kinds[2], ("-- all of them", PieceKind::Comment));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

/// Says what a piece of a text is.
///
/// # Examples
///
/// ```
/// use nedb_nql::{PieceKind, pieces};
///
/// // A string without its end runs to the end of the text.
/// assert_eq!(pieces("'open").next().map(|piece| piece.kind), Some(PieceKind::Open));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// One of [`KEYWORDS`], in any case.
    Keyword,
    /// Another word.
    Name,
    /// A name in backquotes.
    Quoted,
    /// A string.
    Text,
    /// A number.
    Number,
    /// An object in JSON.
    Json,
    /// A parameter with its `$`.
    Param,
    /// An operator or a bracket.
    Symbol,
    /// A comment to the end of its line.
    Comment,
    /// What begins a string, a name in backquotes or an object whose end is not there; it runs to the end of the text.
    Open,
    /// What the language has no use for.
    Unknown,
}

/// Goes over the pieces of a text in order; white space is left out.
///
/// # Examples
///
/// ```
/// use nedb_nql::pieces;
///
/// assert_eq!(pieces("FROM a LIMIT 3").count(), 4);
/// ```
pub fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + (rest.len() - rest.trim_start().len());
        let piece = piece_at(text, start)?;
        at = piece.span.end;
        Some(piece)
    })
}

/// Reads the piece that begins at a place; `None` at the end.
fn piece_at(text: &str, start: usize) -> Option<Piece> {
    let rest = text.get(start..)?;
    let first = rest.chars().next()?;
    if rest.starts_with("--") {
        let length = rest.find('\n').unwrap_or(rest.len());
        return Some(Piece { kind: PieceKind::Comment, span: start..start + length });
    }
    let mut lexer = Lexer::new(rest);
    let (kind, length) = match lexer.next() {
        Ok(lexeme) => (kind_of(&lexeme.token), lexeme.span.end),
        Err(_) => match refused_length(rest, first, lexer.position()) {
            Some(length) => (PieceKind::Unknown, length),
            None => (PieceKind::Open, rest.len()),
        },
    };
    Some(Piece { kind, span: start..start + length })
}

fn kind_of(token: &Token<'_>) -> PieceKind {
    match token {
        Token::Word(word) if is_keyword(word) => PieceKind::Keyword,
        Token::Word(_) | Token::End => PieceKind::Name,
        Token::Quoted(_) => PieceKind::Quoted,
        Token::Text(_) => PieceKind::Text,
        Token::Number(_) => PieceKind::Number,
        Token::Json(_) => PieceKind::Json,
        Token::Param(_) => PieceKind::Param,
        Token::Symbol(_) => PieceKind::Symbol,
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Returns how long a piece is that the lexer refused although it has its end; `None` where it only lacks that.
fn refused_length(rest: &str, first: char, read: usize) -> Option<usize> {
    match first {
        '"' | '\'' => quoted_length(rest, first),
        '`' => None,
        '{' => balanced(rest),
        _ => Some(read.max(first.len_utf8())),
    }
}

/// Returns the length of the string at the beginning of a text, whatever its escapes mean.
fn quoted_length(rest: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, character)| {
        let is_end = *character == quote && !is_escaped;
        is_escaped = *character == '\\' && !is_escaped;
        is_end
    });
    end.map(|(at, _)| at + quote.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(&str, PieceKind)> {
        pieces(text).map(|piece| (text.get(piece.span).unwrap(), piece.kind)).collect()
    }

    #[test]
    fn every_piece_has_its_kind() {
        use PieceKind::{Keyword, Name, Number, Param, Quoted, Symbol, Text};
        let pieces = cut("from `odd name` where a.b >= -1.5 and c in ('x;y', $z)");
        let expected = [
            ("from", Keyword),
            ("`odd name`", Quoted),
            ("where", Keyword),
            ("a", Name),
            (".", Symbol),
            ("b", Name),
            (">=", Symbol),
            ("-1.5", Number),
            ("and", Keyword),
            ("c", Name),
            ("in", Keyword),
            ("(", Symbol),
            ("'x;y'", Text),
            (",", Symbol),
            ("$z", Param),
            (")", Symbol),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn what_lacks_its_end_is_open_and_what_is_wrong_is_unknown() {
        for text in ["'it", "\"a\\\"", "`b", r#"{"a": "}""#, "{"] {
            assert_eq!(cut(text), [(text, PieceKind::Open)]);
        }
        for text in [";", "ä ; 'x'", "'\\q' ;", "{\"a\": oops} ;", "\u{201c}", "$", "a -- c ;\n;"] {
            let last = pieces(text).filter(|piece| piece.kind == PieceKind::Unknown).count();
            assert!(last > 0, "{text}: {:?}", cut(text));
        }
    }

    #[test]
    fn any_text_is_cut_to_its_end_without_overlap() {
        for text in ["", " \n", "--", "a--b\nc", "€'\\", "}{", "''''", "$$$;;;", "\u{0}\u{7f}"] {
            let mut at = 0;
            for piece in pieces(text) {
                assert!(piece.span.start >= at && piece.span.end > piece.span.start, "{text:?}");
                at = piece.span.end;
            }
            assert!(text.get(at..).unwrap().trim().is_empty(), "{text:?}");
        }
    }
}
