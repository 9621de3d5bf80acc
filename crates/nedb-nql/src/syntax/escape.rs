//! Strings in quotes and their escapes.

use nedb_types::Result;

use super::Lexer;

/// The first of the code points that come in pairs for one character beyond U+FFFF.
const HIGH_SURROGATES: std::ops::Range<u32> = 0xd800..0xdc00;
/// The second of the two.
const LOW_SURROGATES: std::ops::Range<u32> = 0xdc00..0xe000;

/// Reads a string, which begins at the next character.
pub(super) fn read_quoted(lexer: &mut Lexer<'_>) -> Result<String> {
    let start = lexer.position();
    let quote = lexer.peek().unwrap_or_default();
    lexer.skip(quote);
    let mut text = String::new();
    loop {
        text.push_str(lexer.take_while(|character| character != quote && character != '\\'));
        if lexer.skip(quote) {
            return Ok(text);
        }
        if lexer.peek().is_none() {
            let end = lexer.position();
            let expected = format!("the closing {quote} of this string");
            return Err(lexer.trouble(start..end, &expected).found("the end").into_error());
        }
        text.push(read_escape(lexer)?);
    }
}

/// Reads one escape, which begins at the next character.
fn read_escape(lexer: &mut Lexer<'_>) -> Result<char> {
    let start = lexer.position();
    lexer.skip('\\');
    let kind = lexer.peek().unwrap_or_default();
    lexer.skip(kind);
    Ok(match kind {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        '\\' | '"' | '\'' | '/' => kind,
        'u' => return read_code_point(lexer, start),
        _ => {
            let trouble = lexer
                .trouble(start..lexer.position(), "an escape (\\n \\t \\r \\b \\f \\\\ \\\" \\' \\/ \\uXXXX \\u{...})");
            let hint = matches!(kind, '%' | '_').then(|| format!("in a LIKE pattern, write \\\\{kind}"));
            return Err(trouble.maybe_hint(hint).into_error());
        }
    })
}

/// Reads what follows `\u`.
fn read_code_point(lexer: &mut Lexer<'_>, start: usize) -> Result<char> {
    let code = if lexer.skip('{') {
        let digits = lexer.take_while(|character| character.is_ascii_hexdigit());
        lexer.skip('}').then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    } else {
        read_pair(lexer)
    };
    let character = code.and_then(char::from_u32);
    character.ok_or_else(|| {
        let end = lexer.position();
        lexer.trouble(start..end, "the hexadecimal code of a character, as \\u00e9 or \\u{1f600}").into_error()
    })
}

/// Reads four digits, and four more when the first are one half of a pair.
fn read_pair(lexer: &mut Lexer<'_>) -> Option<u32> {
    let first = read_four(lexer)?;
    if !HIGH_SURROGATES.contains(&first) {
        return Some(first);
    }
    let second = if lexer.skip('\\') && lexer.skip('u') { read_four(lexer) } else { None };
    let second = second.filter(|second| LOW_SURROGATES.contains(second))?;
    Some(0x1_0000 + ((first - HIGH_SURROGATES.start) << 10) + (second - LOW_SURROGATES.start))
}

fn read_four(lexer: &mut Lexer<'_>) -> Option<u32> {
    let digits = lexer.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    lexer.take_bytes(4);
    u32::from_str_radix(digits, 16).ok()
}
