//! One record of a file before it is a document, and what is said about one that cannot be stored.

use nedb_types::{Detail, DocumentBuf, Error, ErrorCode, Result, limits::DOCUMENT_BYTES_MAX};

/// Longest text of one record in bytes: that of the largest document when every byte is written as `\u00xx`.
pub const RECORD_BYTES_MAX: usize = 6 * DOCUMENT_BYTES_MAX;

/// Where a record stands in its file; all counted from 1, columns in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What numbers its operations: the line, or the position in a JSON array.
    pub number: u64,
    /// The line on which it begins.
    pub line: u64,
    /// The column at which it begins.
    pub column: u64,
}

/// The content of a record.
#[derive(Debug)]
pub enum Content {
    /// JSON text.
    Json(Vec<u8>),
    /// A document already.
    Document(DocumentBuf),
}

/// One record.
#[derive(Debug)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// What it says.
    pub content: Content,
}

/// A record that cannot be stored.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The line of the fault.
    pub line: u64,
    /// The column of the fault.
    pub column: u64,
    /// What is wrong, and what was expected.
    pub error: Error,
    /// Whether nothing behind it can be read either.
    pub is_final: bool,
}

impl Refusal {
    /// Says that a record cannot be stored. Errors of the JSON reader bring a line and column within the record.
    pub fn new(position: Position, error: Error) -> Self {
        let (mut line, mut column) = (position.line, position.column);
        let mut error = error;
        if let Some((line_in, column_in)) = json_place(&error) {
            let prefix = format!("JSON line {line_in} column {column_in}: ");
            line += line_in - 1;
            column = if line_in == 1 { position.column + column_in - 1 } else { column_in };
            if let Some(what) = error.message().strip_prefix(&prefix) {
                error = Error::new(error.code(), what);
            }
        }
        Self { line, column, error, is_final: false }
    }

    /// Says that nothing behind this place can be read.
    pub fn last(position: Position, what: impl Into<String>) -> Self {
        let error = Error::new(ErrorCode::InvalidJson, what);
        Self { line: position.line, column: position.column, error, is_final: true }
    }

    /// The place and the reason in a few words.
    pub fn words(&self) -> String {
        format!("line {} column {}: {}", self.line, self.column, self.error)
    }
}

/// The line and column that the JSON reader gives, from 1.
fn json_place(error: &Error) -> Option<(u64, u64)> {
    if let Detail::Line { line, column } = error.detail() {
        return Some((*line, *column));
    }
    // A limit keeps its own detail; the place is then in the message only.
    let rest = error.message().strip_prefix("JSON line ")?;
    let (line, rest) = rest.split_once(" column ")?;
    let (column, _) = rest.split_once(": ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// The error for a record that is longer than any document can be.
pub fn too_long(bytes: u64) -> Error {
    let max = RECORD_BYTES_MAX as u64;
    Error::over_limit(ErrorCode::DocumentTooLarge, "bytes of the record", "RECORD_BYTES_MAX", max, bytes)
}

/// Records of a file, one after the other. An error ends the import; a refusal is about one record.
pub trait Records {
    /// The next record.
    fn next_record(&mut self) -> Result<Option<Result<Record, Refusal>>>;
}

#[cfg(test)]
mod tests {
    use nedb_types::document::json_to_document;

    use super::*;

    fn refusal(line: u64, column: u64, json: &str) -> Refusal {
        let position = Position { number: 1, line, column };
        Refusal::new(position, json_to_document(json.as_bytes()).unwrap_err())
    }

    #[test]
    fn the_place_of_a_fault_is_counted_in_the_file() {
        let on_the_first = refusal(7, 3, "{\"a\": @}");
        assert_eq!((on_the_first.line, on_the_first.column), (7, 3 + 7 - 1));
        let on_the_second = refusal(7, 3, "{\n\"a\": @}");
        assert_eq!((on_the_second.line, on_the_second.column), (8, 6));
        assert!(!on_the_second.error.message().contains("line"), "{}", on_the_second.error);
    }

    #[test]
    fn a_limit_keeps_its_code_and_gets_its_place() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        let refusal = refusal(5, 1, &deep);
        assert_eq!(refusal.error.code(), ErrorCode::NestingTooDeep);
        assert_eq!(refusal.line, 5);
        assert!(refusal.column > 100);
    }
}
