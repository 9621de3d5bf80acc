//! Names and paths.

use nedb_types::limits::NESTING_MAX;
use nedb_types::{FieldPath, PathStep, Result, Value};

use super::cursor::Cursor;
use crate::syntax::{Symbol, Token, is_reserved};

/// Reads a path such as `items[0].sku`.
pub(super) fn path(cursor: &mut Cursor<'_>) -> Result<FieldPath> {
    if let Token::Word(word) = *cursor.token()
        && is_reserved(word)
    {
        let trouble = cursor.trouble("a field");
        let hint = match word {
            word if word.eq_ignore_ascii_case("EXISTS") => "write EXISTS(field)".to_owned(),
            word => format!("a field named {word} is written `{word}` in backquotes"),
        };
        return Err(trouble.hint(hint).into_error());
    }
    let start = cursor.span();
    let mut steps = vec![PathStep::Field(name(cursor, "a field")?)];
    loop {
        if cursor.skip_symbol(Symbol::Dot)? {
            if matches!(cursor.token(), Token::Number(_)) {
                let trouble = cursor.trouble("the name of a field");
                return Err(trouble.hint("an element of an array is written [0]").into_error());
            }
            steps.push(PathStep::Field(name(cursor, "the name of a field")?));
        } else if cursor.skip_symbol(Symbol::OpenBracket)? {
            steps.push(PathStep::Index(index(cursor)?));
            cursor.expect_symbol(Symbol::CloseBracket, "`]`")?;
        } else {
            break;
        }
        if steps.len() > NESTING_MAX {
            let expected = format!("a path of at most {NESTING_MAX} steps (NESTING_MAX)");
            return Err(cursor.trouble_at(start, expected).too_large().into_error());
        }
    }
    FieldPath::from_steps(steps)
}

/// Reads a name, which may be any word or stand in backquotes.
pub(super) fn name(cursor: &mut Cursor<'_>, expected: &str) -> Result<String> {
    match cursor.token() {
        Token::Word(word) => {
            let name = (*word).to_owned();
            cursor.advance()?;
            Ok(name)
        }
        Token::Quoted(_) => match cursor.advance()? {
            Token::Quoted(name) => Ok(name),
            _ => Err(cursor.trouble(expected).into_error()),
        },
        _ => Err(cursor.trouble(expected).into_error()),
    }
}

/// Reads the position of an array element.
fn index(cursor: &mut Cursor<'_>) -> Result<u32> {
    let expected = "a position from 0 to 4294967295";
    match cursor.token() {
        Token::Number(Value::I64(number)) => match u32::try_from(*number) {
            Ok(index) => {
                cursor.advance()?;
                Ok(index)
            }
            Err(_out_of_range) if *number < 0 => {
                Err(cursor.trouble(expected).hint("positions count from the front, beginning at 0").into_error())
            }
            Err(_out_of_range) => Err(cursor.trouble(expected).into_error()),
        },
        _ => Err(cursor.trouble(expected).into_error()),
    }
}
