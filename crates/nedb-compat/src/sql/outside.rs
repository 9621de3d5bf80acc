//! SQL that the parser does not read: constructs outside the subset, by their names.
//!
//! Looks around the place where reading ended, and only then. What is not known here is a mistake, to be told by its place.

use nedb_types::Error;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

use super::{
    dialect::NedbDialect,
    refusal::{unsupported, unsupported_but},
    scope::is_reserved,
};

/// How the parser begins to say that it knows an operator, but not in the SQL of NEDB; the rest shows the token as it holds it.
pub(super) const NOT_INFIX: &str = "No infix parser";

/// Words with which statements begin that are not part of the subset, whatever stands behind them.
const STATEMENTS: &[&str] = &[
    "ABORT",
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BACKUP",
    "CALL",
    "CHECKPOINT",
    "CLUSTER",
    "COMMENT",
    "COPY",
    "CREATE",
    "DECLARE",
    "DETACH",
    "DO",
    "DROP",
    "EXECUTE",
    "GRANT",
    "HANDLER",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "PRAGMA",
    "PREPARE",
    "REFRESH",
    "REINDEX",
    "RENAME",
    "REVOKE",
    "SHOW",
    "TABLE",
    "TRUNCATE",
    "UNLISTEN",
    "UPSERT",
    "VACUUM",
];

/// The statements that the word behind tells apart.
const STATEMENTS_OF_TWO_WORDS: &[&str] = &["ALTER", "CREATE", "DROP", "REFRESH"];

/// The refusal of what stands where reading ended; `None` when it is a mistake.
#[cold]
pub(super) fn refused(sql: &str, at: Location, said: &str) -> Option<Error> {
    let tokens = Tokenizer::new(&NedbDialect, sql).tokenize_with_location().ok()?;
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let at = tokens.iter().position(|token| token.span.start == at)?;
    let place = Place { tokens: &tokens, at, is_operator: said.starts_with(NOT_INFIX) };
    place.statement().or_else(|| place.clause()).or_else(|| place.expression())
}

/// Where reading ended.
struct Place<'t> {
    tokens: &'t [TokenWithSpan],
    at: usize,
    /// Whether the parser takes the token for an operator.
    is_operator: bool,
}

impl Place<'_> {
    fn token(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|token| &token.token)
    }

    /// The word at a position, in capitals; empty for anything else.
    fn word_at(&self, position: Option<usize>) -> String {
        match position.and_then(|position| self.tokens.get(position)).map(|token| &token.token) {
            Some(Token::Word(Word { value, quote_style: None, .. })) => value.to_uppercase(),
            _ => String::new(),
        }
    }

    fn word(&self) -> String {
        self.word_at(Some(self.at))
    }

    /// The word so many tokens before.
    fn before(&self, distance: usize) -> String {
        self.word_at(self.at.checked_sub(distance))
    }

    /// Whether a word stands anywhere before.
    fn is_behind(&self, word: &str) -> bool {
        (0..self.at).any(|position| self.word_at(Some(position)) == word)
    }

    /// A statement that has no part in the subset.
    fn statement(&self) -> Option<Error> {
        let first = self.word_at(Some(0));
        if !STATEMENTS.contains(&first.as_str()) {
            return None;
        }
        let second = self.word_at(Some(1));
        let is_of_two = STATEMENTS_OF_TWO_WORDS.contains(&first.as_str()) && !second.is_empty();
        Some(if is_of_two { unsupported(format!("{first} {second}")) } else { unsupported(first) })
    }

    /// Whether it changes what `*` stands for: `* EXCLUDE (a)`, or `* EXCEPT (a`, which begins like a second SELECT.
    fn is_behind_star(&self) -> bool {
        let is_star = |distance: usize| {
            let before = self.at.checked_sub(distance).and_then(|at| self.tokens.get(at));
            before.is_some_and(|before| before.token == Token::Mul)
        };
        let changes = |word: String| matches!(word.as_str(), "EXCEPT" | "EXCLUDE" | "REPLACE" | "RENAME" | "ILIKE");
        (is_star(1) && changes(self.word())) || (is_star(3) && self.before(2) == "EXCEPT")
    }

    /// A clause, by the statement around it.
    fn clause(&self) -> Option<Error> {
        let (first, word) = (self.word_at(Some(0)), self.word());
        let writes = matches!(first.as_str(), "INSERT" | "REPLACE");
        match (self.token()?, word.as_str()) {
            (_, "SET") if writes => Some(unsupported_but("INSERT ... SET", "write the columns and VALUES")),
            (Token::Comma, _) if first == "UPDATE" && !self.is_behind("SET") => {
                Some(unsupported("UPDATE of several tables"))
            }
            (Token::LBracket, _) if first == "UPDATE" && self.is_behind("SET") && !self.is_behind("WHERE") => {
                Some(unsupported("an element of an array on the left of SET"))
            }
            (_, "WITH") if matches!(self.word_at(Some(self.at + 1)).as_str(), "ROLLUP" | "CUBE") => {
                Some(unsupported("ROLLUP, CUBE or GROUPING SETS"))
            }
            (_, "WHERE") if first == "DELETE" && !self.is_behind("FROM") => {
                Some(unsupported_but("DELETE without FROM", "write DELETE FROM"))
            }
            _ if self.is_behind_star() => Some(unsupported("* without some columns, or with others in their places")),
            (_, "INDEXED") => Some(unsupported("INDEXED BY or NOT INDEXED")),
            (_, "BY") if self.before(1) == "INDEXED" => Some(unsupported("INDEXED BY or NOT INDEXED")),
            _ => None,
        }
    }

    /// An operator or a test.
    fn expression(&self) -> Option<Error> {
        let (before, word) = (self.before(1), self.word());
        match (before.as_str(), word.as_str()) {
            (_, "ISNULL") => return Some(unsupported_but("ISNULL", "write IS NULL")),
            (_, "NOTNULL") => return Some(unsupported_but("NOTNULL", "write IS NOT NULL")),
            (_, "GLOB") | ("GLOB", _) => return Some(unsupported_but("GLOB", "write LIKE")),
            (_, "MATCH") | ("MATCH", _) => return Some(unsupported_but("MATCH", "NQL has SEARCH")),
            (_, "OVERLAPS" | "DIV" | "MEMBER" | "OPERATOR" | "XOR") => {
                return Some(unsupported(format!("the operator {word}")));
            }
            ("SYMMETRIC" | "ASYMMETRIC", _) if self.before(2) == "BETWEEN" => {
                return Some(unsupported(format!("BETWEEN {before}")));
            }
            ("IS", _) if self.is_value() => return Some(is_of_a_value("IS", "IS NOT DISTINCT FROM")),
            ("NOT", _) if self.before(2) == "IS" && self.is_value() => {
                return Some(is_of_a_value("IS NOT", "IS DISTINCT FROM"));
            }
            _ => {}
        }
        match self.token()? {
            Token::Word(_) => None,
            operator => self.is_operator.then(|| unsupported(format!("the operator {operator}"))),
        }
    }

    /// Whether a value or a column stands where reading ended.
    fn is_value(&self) -> bool {
        match self.token() {
            Some(Token::Word(word)) => word.quote_style.is_some() || !is_reserved(&word.value),
            Some(
                Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::HexStringLiteral(_)
                | Token::Placeholder(_)
                | Token::Colon
                | Token::AtSign
                | Token::Minus
                | Token::LParen,
            ) => true,
            _ => false,
        }
    }
}

#[cold]
fn is_of_a_value(test: &str, instead: &str) -> Error {
    unsupported_but(&format!("{test} before a value"), &format!("write {instead}"))
}
