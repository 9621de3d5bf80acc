//! Errors in a text: where, what was expected, what was found, and what may have been meant.

use std::fmt::Write as _;
use std::ops::Range;

use nedb_types::{Detail, Error, ErrorCode};

/// Is a part of the text, in bytes.
pub(crate) type Span = Range<usize>;

/// Longest piece of the text that a message repeats, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// Collects what is wrong at a place, and makes the error of it.
pub(crate) struct Trouble<'a> {
    text: &'a str,
    span: Span,
    code: ErrorCode,
    expected: String,
    found: Option<String>,
    hint: Option<String>,
}

impl<'a> Trouble<'a> {
    #[cold]
    pub(crate) fn new(text: &'a str, span: Span, expected: impl Into<String>) -> Self {
        Self { text, span, code: ErrorCode::QuerySyntax, expected: expected.into(), found: None, hint: None }
    }

    /// Names what was found by other words than those of the text.
    pub(crate) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// Says what may have been meant.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what may have been meant, where something is known.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Reports an exceeded limit instead of wrong syntax.
    pub(crate) fn too_large(mut self) -> Self {
        self.code = ErrorCode::QueryTooLarge;
        self
    }

    /// Makes the error.
    #[cold]
    pub(crate) fn into_error(self) -> Error {
        let (line, column) = place(self.text, self.span.start);
        let found = self.found.unwrap_or_else(|| shown(self.text, self.span));
        let mut message = format!("line {line}, column {column}: expected {}, found {found}", self.expected);
        if let Some(hint) = &self.hint {
            message.push_str("; ");
            message.push_str(hint);
        }
        let detail = Detail::Syntax { line, column, expected: self.expected, found, hint: self.hint };
        Error::new(self.code, message).with_detail(detail)
    }
}

/// Turns an offset into a line and a column in characters, both from 1.
fn place(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    (lines as u64 + 1, line.chars().count() as u64 + 1)
}

/// Repeats a piece of the text, cut short when it is long.
fn shown(text: &str, span: Span) -> String {
    let piece = text.get(span).unwrap_or_default();
    if piece.is_empty() {
        return "the end".to_owned();
    }
    let mut short: String = piece.chars().take(SHOWN_CHARS_MAX).collect();
    if short.len() < piece.len() {
        short.push('…');
    }
    let escape = |character: char| {
        if character.is_control() { character.escape_default().to_string() } else { character.to_string() }
    };
    format!("`{}`", short.chars().map(escape).collect::<String>())
}

/// Draws the line of the text in which an error lies, with a caret below the place; `None` for an error without one.
///
/// # Examples
///
/// ```
/// use nedb_nql::{parse, show_place};
///
/// let text = "FROM blocks\nWHRE height > 5";
/// let error = parse(text).unwrap_err();
/// assert_eq!(show_place(text, &error).unwrap(), "WHRE height > 5\n^");
/// ```
pub fn show_place(text: &str, error: &Error) -> Option<String> {
    let Detail::Syntax { line, column, .. } = error.detail() else {
        return None;
    };
    let line = text.split('\n').nth(usize::try_from(line.checked_sub(1)?).ok()?)?.trim_end_matches('\r');
    let before = line.chars().take(usize::try_from(column.checked_sub(1)?).ok()?);
    // A tab stays a tab, so that the caret stands below its place whatever the width of one is.
    let indent: String = before.map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    let mut drawn = String::new();
    write!(drawn, "{line}\n{indent}^").expect("writing to a String cannot fail");
    Some(drawn)
}
