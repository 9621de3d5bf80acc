//! Values, parameters in their place, and the numbers and moments of clauses.

use nedb_types::{Collection, DocId, Result, Seq, Timestamp, Value};

use super::cursor::Cursor;
use super::paths::name;
use crate::ast::{Arg, Moment, ParamName};
use crate::search::SearchQuery;
use crate::syntax::{Symbol, Token, is_reserved};

/// Reads a parameter if one is at hand.
pub(super) fn param(cursor: &mut Cursor<'_>) -> Result<Option<ParamName>> {
    let Token::Param(name) = *cursor.token() else {
        return Ok(None);
    };
    cursor.advance()?;
    Ok(Some(ParamName::from_lexer(name.to_owned())))
}

/// Reads a parameter or what else may stand in its place.
pub(super) fn arg<'a, T>(cursor: &mut Cursor<'a>, rule: impl FnOnce(&mut Cursor<'a>) -> Result<T>) -> Result<Arg<T>> {
    match param(cursor)? {
        Some(name) => Ok(Arg::Param(name)),
        None => rule(cursor).map(Arg::Given),
    }
}

/// Reads a value: a literal, an array, an object in JSON, or a bare word, which is a string.
pub(super) fn value(cursor: &mut Cursor<'_>) -> Result<Value> {
    cursor.count_term()?;
    match cursor.token() {
        Token::Symbol(Symbol::OpenBracket) => cursor.deeper(array),
        Token::Word(word) if is_reserved(word) => {
            let hint = format!("the string \"{word}\" stands in quotes");
            Err(cursor.trouble("a value").hint(hint).into_error())
        }
        Token::Word(word) => {
            let value = word_value(word);
            cursor.advance()?;
            Ok(value)
        }
        Token::Text(_) | Token::Number(_) | Token::Json(_) => match cursor.advance()? {
            Token::Text(text) => Ok(Value::String(text)),
            Token::Number(value) | Token::Json(value) => Ok(value),
            _ => Err(cursor.trouble("a value").into_error()),
        },
        Token::Quoted(_) => {
            Err(cursor.trouble("a value").hint("backquotes are for names; a string has \" or '").into_error())
        }
        _ => Err(cursor.trouble("a value").into_error()),
    }
}

fn word_value(word: &str) -> Value {
    match word {
        word if word.eq_ignore_ascii_case("true") => Value::Bool(true),
        word if word.eq_ignore_ascii_case("false") => Value::Bool(false),
        word if word.eq_ignore_ascii_case("null") => Value::Null,
        word => Value::String(word.to_owned()),
    }
}

fn array(cursor: &mut Cursor<'_>) -> Result<Value> {
    cursor.advance()?;
    let mut elements = Vec::new();
    if cursor.skip_symbol(Symbol::CloseBracket)? {
        return Ok(Value::Array(elements));
    }
    loop {
        elements.push(value(cursor)?);
        if cursor.skip_symbol(Symbol::CloseBracket)? {
            return Ok(Value::Array(elements));
        }
        cursor.expect_symbol(Symbol::Comma, "`,` or `]`")?;
    }
}

/// Reads a string.
pub(super) fn text(cursor: &mut Cursor<'_>, expected: &str) -> Result<String> {
    match cursor.token() {
        Token::Text(_) => match cursor.advance()? {
            Token::Text(text) => Ok(text),
            _ => Err(cursor.trouble(expected).into_error()),
        },
        _ => Err(cursor.trouble(expected).into_error()),
    }
}

/// Reads a count of rows.
pub(super) fn count(cursor: &mut Cursor<'_>) -> Result<u64> {
    let number = match cursor.token() {
        Token::Number(Value::I64(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    let Some(number) = number else {
        return Err(cursor.trouble("a number of rows, 0 or more").into_error());
    };
    cursor.advance()?;
    Ok(number)
}

/// Reads a moment: a seq, -1, or a time.
pub(super) fn moment(cursor: &mut Cursor<'_>) -> Result<Moment> {
    if cursor.skip_word("TIMESTAMP")? {
        if matches!(cursor.token(), Token::Param(_)) {
            let trouble = cursor.trouble("a time in quotes");
            return Err(trouble
                .hint("leave TIMESTAMP out: a parameter with a string or datetime is a time")
                .into_error());
        }
        return timestamp(cursor).map(Moment::Time);
    }
    let moment = match cursor.token() {
        Token::Number(Value::I64(number)) => moment_of_number(*number),
        _ => None,
    };
    let Some(moment) = moment else {
        let hint = matches!(cursor.token(), Token::Text(_)).then(|| "a time is written TIMESTAMP \"...\"".to_owned());
        return Err(cursor.trouble("a seq, -1, TIMESTAMP or a parameter").maybe_hint(hint).into_error());
    };
    cursor.advance()?;
    Ok(moment)
}

/// Returns the moment that a number stands for.
pub(crate) fn moment_of_number(number: i64) -> Option<Moment> {
    match u64::try_from(number) {
        Ok(seq) => Some(Moment::Seq(Seq::new(seq))),
        Err(_negative) if number == -1 => Some(Moment::Empty),
        Err(_negative) => None,
    }
}

/// Reads a date or a time in quotes.
pub(super) fn timestamp(cursor: &mut Cursor<'_>) -> Result<Timestamp> {
    let span = cursor.span();
    let text = text(cursor, "a date or time in quotes")?;
    let expected = "an ISO 8601 date or time such as \"2024-03-01\" or \"2024-03-01T12:00:00Z\"";
    Timestamp::parse(&text).map_err(|_not_iso| cursor.trouble_at(span, expected).into_error())
}

/// Reads the words of a search.
pub(super) fn search(cursor: &mut Cursor<'_>) -> Result<SearchQuery> {
    let span = cursor.span();
    let text = text(cursor, "the words to search for, in quotes")?;
    SearchQuery::parse(&text).map_err(|error| cursor.place(span, "fewer words to search for", &error))
}

/// Reads the name of a collection.
pub(super) fn collection(cursor: &mut Cursor<'_>) -> Result<Collection> {
    let span = cursor.span();
    if matches!(cursor.token(), Token::Text(_)) {
        let trouble = cursor.trouble("the name of a collection");
        return Err(trouble.hint("a name with other characters than letters stands in backquotes").into_error());
    }
    let name = name(cursor, "the name of a collection")?;
    Collection::new(&name).map_err(|error| cursor.place(span, "the name of a collection", &error))
}

/// Reads the id of a document: a string, a word or a number.
pub(super) fn doc_id(cursor: &mut Cursor<'_>) -> Result<DocId> {
    let span = cursor.span();
    let source = cursor.source();
    let id = match cursor.token() {
        Token::Word(_) | Token::Number(_) => {
            cursor.advance()?;
            source.to_owned()
        }
        Token::Quoted(_) => name(cursor, "the id of a document")?,
        _ => text(cursor, "the id of a document")?,
    };
    DocId::new(&id).map_err(|error| cursor.place(span, "the id of a document", &error))
}
