//! Reads one token after the other.
//!
//! Tokens are made on demand, so that memory does not grow with the text.

use nedb_types::Result;

use super::escape::read_quoted;
use super::json::read_json;
use super::name::{is_name_part, is_name_start};
use super::number::read_number;
use super::token::SYMBOLS;
use super::{Lexeme, Span, Token, Trouble};

/// Reads tokens from a text; a copy of it looks ahead.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) const fn text(&self) -> &'a str {
        self.text
    }

    /// Reads the next token; at the end of the text, that is the end again and again.
    pub(crate) fn next(&mut self) -> Result<Lexeme<'a>> {
        self.skip_space();
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some('"' | '\'') => Token::Text(read_quoted(self)?),
            Some('`') => Token::Quoted(self.backquoted(start)?),
            Some('{') => Token::Json(read_json(self)?),
            Some('$') => {
                self.skip('$');
                Token::Param(self.param_name(start)?)
            }
            Some(digit) if digit.is_ascii_digit() || (digit == '-' && self.has_digit_next()) => {
                Token::Number(read_number(self)?)
            }
            Some(letter) if is_name_start(letter) => Token::Word(self.take_while(is_name_part)),
            Some(other) => self.symbol(other)?,
        };
        Ok(Lexeme { token, span: start..self.at })
    }

    /// Passes over white space and comments.
    fn skip_space(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest().starts_with("--") {
                return;
            }
            self.take_while(|character| character != '\n');
        }
    }

    fn backquoted(&mut self, start: usize) -> Result<String> {
        self.skip('`');
        let mut name = String::new();
        loop {
            name.push_str(self.take_while(|character| character != '`'));
            if !self.skip('`') {
                return Err(self
                    .trouble(start..self.text.len(), "the closing backquote")
                    .found("the end")
                    .into_error());
            }
            if !self.skip('`') {
                return Ok(name);
            }
            name.push('`');
        }
    }

    fn param_name(&mut self, start: usize) -> Result<&'a str> {
        if self.peek().is_some_and(is_name_start) {
            return Ok(self.take_while(is_name_part));
        }
        Err(self.trouble(start..start + 1, "the name of a parameter behind `$`").into_error())
    }

    fn symbol(&mut self, first: char) -> Result<Token<'a>> {
        let rest = self.rest();
        let is_strict = rest.starts_with("===") || rest.starts_with("!==");
        match SYMBOLS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
            Some((spelling, symbol)) if !is_strict => {
                self.at += spelling.len();
                Ok(Token::Symbol(*symbol))
            }
            _ => Err(self.unknown(first)),
        }
    }

    fn unknown(&self, first: char) -> nedb_types::Error {
        let (length, hint) = match self.rest() {
            rest if rest.starts_with("===") => (3, Some("did you mean =?")),
            rest if rest.starts_with("!==") => (3, Some("did you mean !=?")),
            rest if rest.starts_with("&&") => (2, Some("did you mean AND?")),
            rest if rest.starts_with("||") => (2, Some("did you mean OR?")),
            rest if rest.starts_with('&') => (1, Some("did you mean AND?")),
            rest if rest.starts_with('|') => (1, Some("did you mean OR?")),
            rest if rest.starts_with('!') => (1, Some("did you mean NOT?")),
            rest if rest.starts_with(';') => (1, Some("a text is one statement and has no `;`")),
            rest if rest.starts_with('-') => (1, Some("a word or name with `-` stands in quotes or backquotes")),
            rest if rest.starts_with('#') || rest.starts_with('/') => (1, Some("a comment begins with `--`")),
            rest if rest.starts_with(['“', '”', '‘', '’', '«', '»']) => {
                (first.len_utf8(), Some("strings stand in straight quotes, `\"` or `'`"))
            }
            _ => (first.len_utf8(), None),
        };
        let trouble = self.trouble(self.at..self.at + length, "a name, a value or an operator");
        trouble.maybe_hint(hint.map(str::to_owned)).into_error()
    }

    fn has_digit_next(&self) -> bool {
        self.rest().chars().nth(1).is_some_and(|next| next.is_ascii_digit())
    }

    /// Returns what is not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Returns the next character without reading it.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Returns how far the text is read, in bytes.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// Reads so many bytes, which end between two characters.
    pub(super) fn take_bytes(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// Reads as long as characters pass a test.
    pub(super) fn take_while(&mut self, is_taken: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !is_taken(character)).unwrap_or(rest.len());
        self.take_bytes(length)
    }

    /// Reads one character if it is the wanted one.
    pub(super) fn skip(&mut self, wanted: char) -> bool {
        let is_there = self.rest().starts_with(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    pub(super) fn trouble(&self, span: Span, expected: &str) -> Trouble<'a> {
        Trouble::new(self.text, span, expected)
    }
}
