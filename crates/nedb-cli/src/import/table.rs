//! CSV files: the first row names the fields, each further row is a document.
//!
//! Cells follow [`typed_cell`]. A row with another number of cells than the first is refused. Blank lines
//! are passed over; the line of a row is that of the first blank line before it, where there is one.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::{ByteRecord, ErrorKind, Reader};
use nedb_types::{DocumentBuf, Error, ErrorCode, Result, document::DocumentBuilder};

use super::{
    record::{Content, Position, RECORD_BYTES_MAX, Record, Records, Refusal, too_long},
    typed_cell,
};

/// The rows of a file.
pub struct Rows<R: Read> {
    reader: Reader<Metered<R>>,
    read_bytes: Arc<AtomicU64>,
    names: Option<Vec<String>>,
    row: ByteRecord,
    builder: DocumentBuilder,
    is_ended: bool,
}

impl<R: Read> Rows<R> {
    /// Reads from the start of a file.
    pub fn new(input: R) -> Self {
        let read_bytes = Arc::new(AtomicU64::new(0));
        let metered = Metered { input, read_bytes: Arc::clone(&read_bytes) };
        Self {
            reader: Reader::from_reader(metered),
            read_bytes,
            names: None,
            row: ByteRecord::new(),
            builder: DocumentBuilder::new(),
            is_ended: false,
        }
    }

    fn position(&self) -> Position {
        let line = self.row.position().map_or_else(|| self.reader.position().line(), csv::Position::line);
        Position { number: line, line, column: 1 }
    }

    /// Reads the first row: the names of the fields.
    fn read_names(&mut self) -> Result<Vec<String>, Refusal> {
        let first = Position { number: 1, line: 1, column: 1 };
        let header = self.reader.byte_headers().map_err(|error| Refusal::last(first, error.to_string()))?;
        let mut names: Vec<String> = Vec::with_capacity(header.len());
        for cell in header {
            let name = std::str::from_utf8(cell)
                .map_err(|error| Refusal::last(first, format!("a field name is not UTF-8: {error}")))?;
            if name.is_empty() {
                return Err(Refusal::last(first, "expected a name for each field, but one is empty"));
            }
            if names.iter().any(|known| known == name) {
                return Err(Refusal::last(first, format!("two fields have the name {name:?}")));
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }

    fn document(&mut self, names: &[String]) -> Result<DocumentBuf> {
        self.builder.clear();
        self.builder.begin_object()?;
        for (name, cell) in names.iter().zip(&self.row) {
            let cell = std::str::from_utf8(cell).map_err(|error| {
                let message = format!("the cell of {name:?} is not UTF-8");
                Error::new(ErrorCode::InvalidValue, message).with_source(error)
            })?;
            self.builder.key(name)?;
            typed_cell::write(cell, &mut self.builder)?;
        }
        self.builder.end()?;
        self.builder.finish()
    }

    fn refuse_row(&mut self, error: &csv::Error) -> Refusal {
        if let ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
            let line = pos.as_ref().map_or_else(|| self.reader.position().line(), csv::Position::line);
            let message = format!("expected {expected_len} cells as in the first row, found {len}");
            let position = Position { number: line, line, column: 1 };
            return Refusal::new(position, Error::new(ErrorCode::InvalidValue, message));
        }
        self.is_ended = true;
        Refusal::last(self.position(), error.to_string())
    }

    fn read_row(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        self.read_bytes.store(0, Ordering::Relaxed);
        match self.reader.read_byte_record(&mut self.row) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) if is_too_long(&error) => {
                self.is_ended = true;
                let line = self.reader.position().line();
                let error = too_long(self.read_bytes.load(Ordering::Relaxed));
                let refusal = Refusal::new(Position { number: line, line, column: 1 }, error);
                return Ok(Some(Err(Refusal { is_final: true, ..refusal })));
            }
            Err(error) => match error.kind() {
                ErrorKind::Io(_) => return Err(io::Error::from(error).into()),
                _ => return Ok(Some(Err(self.refuse_row(&error)))),
            },
        }
        let (position, names) = (self.position(), self.names.take().unwrap_or_default());
        let document = self.document(&names);
        self.names = Some(names);
        Ok(Some(match document {
            Ok(document) => Ok(Record { position, content: Content::Document(document) }),
            Err(error) => Err(Refusal::new(position, error)),
        }))
    }
}

impl<R: Read> Records for Rows<R> {
    fn next_record(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        if self.is_ended {
            return Ok(None);
        }
        if self.names.is_none() {
            match self.read_names() {
                Ok(names) => self.names = Some(names),
                Err(refusal) => {
                    self.is_ended = true;
                    return Ok(Some(Err(refusal)));
                }
            }
        }
        self.read_row()
    }
}

/// Ends a row that never ends, such as one with an unclosed quote, before it fills the memory.
struct Metered<R> {
    input: R,
    /// Bytes since the row began; what was read ahead for the next row counts for this one.
    read_bytes: Arc<AtomicU64>,
}

/// What the meter says; the CSV reader passes it on.
#[derive(Debug)]
struct RowTooLong;

impl std::fmt::Display for RowTooLong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the row is too long")
    }
}

impl std::error::Error for RowTooLong {}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read_bytes.load(Ordering::Relaxed) > RECORD_BYTES_MAX as u64 {
            return Err(io::Error::other(RowTooLong));
        }
        let read = self.input.read(buffer)?;
        self.read_bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn is_too_long(error: &csv::Error) -> bool {
    match error.kind() {
        ErrorKind::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref::<RowTooLong>()).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<String> {
        let (mut rows, mut found) = (Rows::new(text), Vec::new());
        while let Some(next) = rows.next_record().unwrap() {
            found.push(match next {
                Ok(Record { position, content: Content::Document(document) }) => {
                    format!("{} {}", position.line, document.as_document().to_json().unwrap())
                }
                Ok(other) => panic!("{other:?}"),
                Err(refusal) => refusal.words(),
            });
        }
        found
    }

    #[test]
    fn rows_become_documents_with_their_lines() {
        let text = "id,näme,n\n1,\"two\nlines\",2.5\n3,,007\n";
        assert_eq!(
            read(text.as_bytes()),
            ["2 {\"id\":1,\"näme\":\"two\\nlines\",\"n\":2.5}", "4 {\"id\":3,\"näme\":null,\"n\":\"007\"}"]
        );
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused_and_the_next_is_read() {
        let found = read(b"a,b\n1\n2,3\n\xff,4\n");
        assert_eq!(found[0], "line 2 column 1: expected 2 cells as in the first row, found 1");
        assert_eq!(found[1], "3 {\"a\":2,\"b\":3}");
        assert_eq!(found[2], "line 4 column 1: the cell of \"a\" is not UTF-8");
    }

    #[test]
    fn a_header_with_two_equal_or_empty_names_is_refused() {
        assert_eq!(read(b"a,a\n1,2\n"), ["line 1 column 1: two fields have the name \"a\""]);
        assert_eq!(read(b"a,\n1,2\n"), ["line 1 column 1: expected a name for each field, but one is empty"]);
    }

    #[test]
    fn a_quote_that_never_ends_ends_the_import() {
        let mut text = b"a\n\"".to_vec();
        text.resize(RECORD_BYTES_MAX + (1 << 20), b'x');
        let found = read(&text);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("RECORD_BYTES_MAX"), "{}", found[0]);
    }
}
