//! The place in the token stream, and the steps that every rule takes.

use std::mem;

use nedb_types::limits::{QUERY_NESTING_MAX, QUERY_TERMS_MAX};
use nedb_types::{Error, ErrorCode, ErrorKind, Result};

use crate::syntax::{Lexeme, Lexer, Span, Symbol, Token, Trouble, nearest};

/// Holds the token at hand and what is left of the limits.
pub(super) struct Cursor<'a> {
    lexer: Lexer<'a>,
    current: Lexeme<'a>,
    levels_left: usize,
    terms_left: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn open(text: &'a str) -> Result<Self> {
        let mut lexer = Lexer::new(text);
        let current = lexer.next()?;
        Ok(Self { lexer, current, levels_left: QUERY_NESTING_MAX, terms_left: QUERY_TERMS_MAX })
    }

    /// Returns the token at hand.
    pub(super) const fn token(&self) -> &Token<'a> {
        &self.current.token
    }

    /// Returns where the token at hand stands.
    pub(super) fn span(&self) -> Span {
        self.current.span.clone()
    }

    /// Returns the text of the token at hand, as it was written.
    pub(super) fn source(&self) -> &'a str {
        self.lexer.text().get(self.span()).unwrap_or_default()
    }

    /// Goes on and returns the token that was at hand.
    pub(super) fn advance(&mut self) -> Result<Token<'a>> {
        let next = self.lexer.next()?;
        Ok(mem::replace(&mut self.current, next).token)
    }

    /// Returns the token after the one at hand; one that is no token counts as the end here.
    pub(super) fn look_ahead(&self) -> Token<'a> {
        self.lexer.clone().next().map_or(Token::End, |lexeme| lexeme.token)
    }

    /// Says whether the token at hand is a keyword.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        self.token().is_word(keyword)
    }

    /// Goes past a keyword if it is at hand.
    pub(super) fn skip_word(&mut self, keyword: &str) -> Result<bool> {
        let is_there = self.is_word(keyword);
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    /// Goes past a symbol if it is at hand.
    pub(super) fn skip_symbol(&mut self, symbol: Symbol) -> Result<bool> {
        let is_there = *self.token() == Token::Symbol(symbol);
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    /// Goes past a keyword that must be there.
    pub(super) fn expect_word(&mut self, keyword: &str) -> Result<()> {
        if self.skip_word(keyword)? { Ok(()) } else { Err(self.trouble_near(keyword, &[keyword]).into_error()) }
    }

    /// Goes past a symbol that must be there.
    pub(super) fn expect_symbol(&mut self, symbol: Symbol, expected: &str) -> Result<()> {
        if self.skip_symbol(symbol)? { Ok(()) } else { Err(self.trouble(expected).into_error()) }
    }

    /// Runs a rule one level deeper.
    pub(super) fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let Some(left) = self.levels_left.checked_sub(1) else {
            let expected = format!("at most {QUERY_NESTING_MAX} levels (QUERY_NESTING_MAX)");
            return Err(self.trouble(expected).too_large().into_error());
        };
        let before = mem::replace(&mut self.levels_left, left);
        let result = rule(self);
        self.levels_left = before;
        result
    }

    /// Counts a condition or value.
    pub(super) fn count_term(&mut self) -> Result<()> {
        let Some(left) = self.terms_left.checked_sub(1) else {
            let expected = format!("at most {QUERY_TERMS_MAX} conditions and values (QUERY_TERMS_MAX)");
            return Err(self.trouble(expected).too_large().into_error());
        };
        self.terms_left = left;
        Ok(())
    }

    /// Reports the token at hand.
    pub(super) fn trouble(&self, expected: impl Into<String>) -> Trouble<'a> {
        Trouble::new(self.lexer.text(), self.span(), expected)
    }

    /// Reports a place that was passed.
    pub(super) fn trouble_at(&self, span: Span, expected: impl Into<String>) -> Trouble<'a> {
        Trouble::new(self.lexer.text(), span, expected)
    }

    /// Reports the token at hand, with a hint if it is nearly one of some keywords.
    pub(super) fn trouble_near(&self, expected: impl Into<String>, keywords: &[&str]) -> Trouble<'a> {
        let hint = match self.token() {
            Token::Word(word) => nearest(word, keywords),
            _ => None,
        };
        self.trouble(expected).maybe_hint(hint)
    }

    /// Gives an error that a name, a number or a search has by itself the place of the token that it came from.
    pub(super) fn place(&self, span: Span, expected: &str, error: &Error) -> Error {
        let trouble = match error.code() {
            ErrorCode::QuerySyntax => self.trouble_at(span, error.message()),
            _ => self.trouble_at(span, expected).hint(error.message()),
        };
        if error.kind() == ErrorKind::Limit { trouble.too_large() } else { trouble }.into_error()
    }
}
