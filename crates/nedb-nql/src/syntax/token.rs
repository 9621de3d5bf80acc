//! What the lexer finds.

use nedb_types::Value;

use super::Span;

/// Is one token and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Lexeme<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) span: Span,
}

/// Is one token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'a> {
    /// A name or keyword.
    Word(&'a str),
    /// A name in backquotes.
    Quoted(String),
    /// A string.
    Text(String),
    /// A number.
    Number(Value),
    /// An object in JSON, or the value that it stands for.
    Json(Value),
    /// The name behind a `$`.
    Param(&'a str),
    /// An operator or a bracket.
    Symbol(Symbol),
    /// The end of the text.
    End,
}

/// Is an operator or a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Star,
    Dot,
    Range,
}

/// Lists the symbols; a longer one stands before its own beginning.
pub(super) const SYMBOLS: &[(&str, Symbol)] = &[
    ("==", Symbol::Equal),
    ("=", Symbol::Equal),
    ("!=", Symbol::NotEqual),
    ("<>", Symbol::NotEqual),
    ("<=", Symbol::LessOrEqual),
    ("<", Symbol::Less),
    (">=", Symbol::GreaterOrEqual),
    (">", Symbol::Greater),
    ("(", Symbol::Open),
    (")", Symbol::Close),
    ("[", Symbol::OpenBracket),
    ("]", Symbol::CloseBracket),
    (",", Symbol::Comma),
    ("*", Symbol::Star),
    ("..", Symbol::Range),
    (".", Symbol::Dot),
];

impl Token<'_> {
    /// Says whether this is a keyword, in any case.
    pub(crate) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}
