//! From text to one statement.
//!
//! Promises: no text makes the parser or what follows it run out of stack, or take more than some hundred MiB: the length of
//! the text is bounded before it is looked at, nesting and the length of chains before anything is parsed. A mistake is told with its line and column. Placeholders leave here by number or name, `?`
//! counted from 1; the short `AS OF` leaves as `FOR SYSTEM_TIME AS OF`.

use nedb_types::{Detail, Error, ErrorCode, Result, limits::QUERY_NESTING_MAX};
use sqlparser::{
    ast::Statement,
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word},
};

use super::{
    dialect::NedbDialect,
    outside,
    params::Placeholders,
    refusal::{refuse_if, unsupported, wrong},
};

/// Longest text of a statement, in bytes. Each token takes some hundred bytes while it is parsed, and can be as short as one; a
/// list of IN with 200,000 numbers and the long INSERTs that dumps are made of are shorter.
pub(super) const SQL_BYTES_MAX: usize = 2 << 20;

/// Deepest nesting of parentheses, and of what the parser nests without them: each level takes some kilobytes of its stack.
pub(super) const SQL_NESTING_MAX: usize = QUERY_NESTING_MAX / 2;

/// Levels of the parser for one level of the text: a NOT in parentheses is two, a subquery three.
pub(super) const PARSER_LEVELS: usize = 3;

/// Most operators of a statement: a chain of them is a tree as deep as it is long, which is dropped level by level.
pub(super) const SQL_OPERATORS_MAX: usize = 4096;

/// Reads a text that is one statement.
pub(super) fn parse(sql: &str) -> Result<(Statement, Placeholders)> {
    if sql.len() > SQL_BYTES_MAX {
        return Err(too_large("length of the statement", "SQL_BYTES_MAX", SQL_BYTES_MAX, sql.len()));
    }
    let tokens = Tokenizer::new(&NedbDialect, sql)
        .tokenize_with_location()
        .map_err(|error| syntax(sql, error.location, "a token", &error.message, None))?;
    check_size(&tokens)?;
    refuse_if(tokens.iter().any(is_hexadecimal_number), "a hexadecimal number such as 0x10 (X'10' is binary)")?;
    if let Some(kind) = tokens.windows(2).find_map(kind_of_literal) {
        return Err(unsupported(format!("the literal {kind}'...'")));
    }
    let (tokens, placeholders) = rewritten(tokens)?;
    let mut parser = Parser::new(&NedbDialect)
        .with_recursion_limit(PARSER_LEVELS * SQL_NESTING_MAX)
        .with_tokens_with_locations(tokens);
    let mut statements = parser.parse_statements().map_err(|error| refused(sql, &error))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok((statement, placeholders)),
        (None, _) => Err(wrong("the text has no statement")),
        (Some(_), false) => Err(unsupported("more than one statement in a text")),
    }
}

/// Refuses a statement that nests too deeply or chains too much.
fn check_size(tokens: &[TokenWithSpan]) -> Result<()> {
    let (mut depth, mut depth_max, mut operators) = (0_usize, 0, 0);
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            token => operators += usize::from(is_operator(token)),
        }
        depth_max = depth_max.max(depth);
    }
    if depth_max > SQL_NESTING_MAX {
        return Err(too_large("nesting of the statement", "SQL_NESTING_MAX", SQL_NESTING_MAX, depth_max));
    }
    if operators > SQL_OPERATORS_MAX {
        return Err(too_large("operators of the statement", "SQL_OPERATORS_MAX", SQL_OPERATORS_MAX, operators));
    }
    Ok(())
}

/// Whether a token joins what stands on its two sides, or may stand many times before something.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(Word { keyword, .. }) => matches!(
            keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::UNION
                | Keyword::INTERSECT
                | Keyword::EXCEPT
                | Keyword::MINUS
                | Keyword::JOIN
        ),
        Token::EOF
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::HexStringLiteral(_)
        | Token::Comma
        | Token::Whitespace(_)
        | Token::Period
        | Token::Placeholder(_)
        | Token::SemiColon
        | Token::Eq => false,
        _ => true,
    }
}

/// Whether a literal is `0x10`: elsewhere that is a number or binary, and the parser takes it for `X'10'`, which is longer by a sign.
fn is_hexadecimal_number(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::HexStringLiteral(digits) => {
            let width = token.span.end.column.saturating_sub(token.span.start.column);
            width == digits.len() as u64 + 2
        }
        _ => false,
    }
}

/// The letter directly in front of a text, which says how to read it elsewhere; the parser would take it for a column with an alias.
fn kind_of_literal(pair: &[TokenWithSpan]) -> Option<&str> {
    match pair {
        [
            TokenWithSpan { token: Token::Word(Word { value, quote_style: None, .. }), .. },
            TokenWithSpan { token: Token::SingleQuotedString(_), .. },
        ] if matches!(value.as_str(), "b" | "B" | "e" | "E" | "q" | "Q" | "r" | "R") => Some(value),
        _ => None,
    }
}

/// Numbers the placeholders and writes the short AS OF out.
fn rewritten(tokens: Vec<TokenWithSpan>) -> Result<(Vec<TokenWithSpan>, Placeholders)> {
    let mut tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let (mut written, mut placeholders) = (Vec::with_capacity(tokens.len() + 8), Placeholders::default());
    let mut next_number = 0;
    tokens.reverse();
    while let Some(mut token) = tokens.pop() {
        if let Some(text) = placeholder_at(&token, &mut tokens) {
            let name = numbered(&text, &mut next_number, &mut placeholders)?;
            token.token = Token::Placeholder(name);
        } else if is_short_as_of(&written, &token, &tokens) {
            for word in ["FOR", "SYSTEM_TIME"] {
                written.push(TokenWithSpan::new(Token::make_keyword(word), token.span));
            }
        }
        written.push(token);
    }
    if !placeholders.names.is_empty() && !placeholders.numbers.is_empty() {
        return Err(wrong("placeholders are either counted (? or $1) or named (:name), not both in one statement"));
    }
    Ok((written, placeholders))
}

/// The text of a placeholder that begins here, without its sign when it has a name; the word behind a colon is taken.
fn placeholder_at(token: &TokenWithSpan, rest: &mut Vec<TokenWithSpan>) -> Option<String> {
    match &token.token {
        Token::Placeholder(text) => Some(text.trim_start_matches(['?', '$']).to_owned()),
        Token::Colon | Token::AtSign => {
            let name = match &rest.last()?.token {
                Token::Word(Word { value, quote_style: None, .. }) => value.clone(),
                Token::Number(digits, false) => digits.clone(),
                _ => return None,
            };
            rest.pop();
            Some(name)
        }
        _ => None,
    }
}

/// The number or name of a placeholder; one without either is counted.
fn numbered(text: &str, next_number: &mut usize, placeholders: &mut Placeholders) -> Result<String> {
    let number = match text {
        "" => {
            *next_number += 1;
            *next_number
        }
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => match text.parse() {
            Ok(number @ 1..=65_535) => number,
            _ => return Err(wrong(format!("placeholders are counted from 1 to 65535, not {text}"))),
        },
        name => {
            placeholders.names.insert(name.to_owned());
            return Ok(name.to_owned());
        }
    };
    *next_number = (*next_number).max(number);
    placeholders.numbers.insert(number);
    Ok(number.to_string())
}

/// Whether `AS OF` and a moment stand here without the words that the standard puts before them.
fn is_short_as_of(written: &[TokenWithSpan], token: &TokenWithSpan, rest: &[TokenWithSpan]) -> bool {
    let is_keyword = |token: Option<&TokenWithSpan>, wanted: Keyword| {
        token.is_some_and(|token| matches!(&token.token, Token::Word(word) if word.keyword == wanted))
    };
    let behind = |distance: usize| rest.len().checked_sub(distance).and_then(|position| rest.get(position));
    if !is_keyword(Some(token), Keyword::AS) || !is_keyword(behind(1), Keyword::OF) {
        return false;
    }
    let before = [Keyword::SYSTEM_TIME, Keyword::TIMESTAMP, Keyword::VERSION];
    if before.iter().any(|word| is_keyword(written.last(), *word)) {
        return false;
    }
    match behind(2).map(|token| &token.token) {
        Some(
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Minus
            | Token::Placeholder(_)
            | Token::Colon
            | Token::AtSign,
        ) => true,
        Some(Token::Word(word)) => word.keyword == Keyword::TIMESTAMP,
        _ => false,
    }
}

/// The error for what the parser refuses.
#[cold]
fn refused(sql: &str, error: &ParserError) -> Error {
    let message = match error {
        ParserError::RecursionLimitExceeded => return too_deep(),
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let (said, location) = match message.rsplit_once(" at Line: ") {
        Some((said, place)) => (said, place_of(place)),
        None => (message.as_str(), None),
    };
    let location = location.unwrap_or_else(|| end_of(sql));
    if let Some(refused) = outside::refused(sql, location, said) {
        return refused;
    }
    let said = said.replace("found: EOF", "found: the end");
    let wanted = said.strip_prefix("Expected: ").or_else(|| said.strip_prefix("Expected "));
    match wanted.and_then(|said| said.split_once(", found: ")) {
        // These words were written for a short AS OF in the wrong place.
        Some((_, "SYSTEM_TIME")) => {
            let expected = "AS OF directly behind a table, before its alias";
            syntax(sql, location, expected, "AS OF", Some(expected))
        }
        Some((expected, found)) => syntax(sql, location, expected, found, Some(expected)),
        None if said.starts_with(outside::NOT_INFIX) => {
            let expected = "the end of an expression";
            syntax(sql, location, expected, "something else", Some(expected))
        }
        None => syntax(sql, location, "other words", &said, None),
    }
}

/// Reads `3, Column: 7`.
fn place_of(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location { line: line.parse().ok()?, column: column.parse().ok()? })
}

/// The place behind the last character.
fn end_of(sql: &str) -> Location {
    let last = sql.rsplit('\n').next().unwrap_or_default();
    let (line, column) = (sql.matches('\n').count() + 1, last.chars().count() + 1);
    Location { line: line as u64, column: column as u64 }
}

/// A syntax error at a place; without `expected` the words of the parser say all.
#[cold]
fn syntax(sql: &str, at: Location, wanted: &str, said: &str, expected: Option<&str>) -> Error {
    let Location { line, column } = if at.line == 0 { end_of(sql) } else { at };
    let what = match expected {
        Some(expected) => format!("expected {expected}, found {said}"),
        None => said.to_lowercase(),
    };
    let message = format!("line {line}, column {column}: {what}");
    let (expected, found) = (wanted.to_owned(), said.to_owned());
    Error::new(ErrorCode::SqlSyntax, message).with_detail(Detail::Syntax { line, column, expected, found, hint: None })
}

/// The error for what nests too deeply without parentheses.
#[cold]
pub(super) fn too_deep() -> Error {
    too_large("nesting of the statement", "SQL_NESTING_MAX", SQL_NESTING_MAX, SQL_NESTING_MAX + 1)
}

#[cold]
pub(super) fn too_large(what: &str, name: &'static str, max: usize, actual: usize) -> Error {
    Error::over_limit(ErrorCode::QueryTooLarge, what, name, max as u64, actual as u64)
}
