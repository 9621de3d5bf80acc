//! NDJSON: one JSON object on each line.
//!
//! Blank lines are passed over, and a line beyond every limit is never held in memory.

use std::io::BufRead;

use nedb_types::Result;

use super::record::{Content, Position, RECORD_BYTES_MAX, Record, Records, Refusal, too_long};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file.
pub struct Lines<R> {
    input: R,
    line: u64,
    bytes_max: usize,
}

impl<R: BufRead> Lines<R> {
    /// Reads from the start of a file.
    pub fn new(input: R) -> Self {
        Self { input, line: 0, bytes_max: RECORD_BYTES_MAX }
    }

    /// The next line without its end; what is too long comes as its length alone. `None` at the end of the file.
    fn read_line(&mut self) -> Result<Option<Result<Vec<u8>, u64>>> {
        let (mut line, mut length, mut has_any) = (Vec::new(), 0, false);
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let (part, is_end) = match available.iter().position(|byte| *byte == b'\n') {
                Some(end) => (available.get(..end).unwrap_or_default(), true),
                None => (available, available.is_empty()),
            };
            has_any |= !available.is_empty();
            length += part.len() as u64;
            if length <= self.bytes_max as u64 {
                line.extend_from_slice(part);
            } else {
                line = Vec::new();
            }
            let consumed = (part.len() + usize::from(is_end)).min(available.len());
            self.input.consume(consumed);
            if is_end {
                self.line += u64::from(has_any);
                let read = if length <= self.bytes_max as u64 { Ok(line) } else { Err(length) };
                return Ok(has_any.then_some(read));
            }
        }
    }
}

impl<R: BufRead> Records for Lines<R> {
    fn next_record(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        loop {
            let Some(read) = self.read_line()? else { return Ok(None) };
            let position = Position { number: self.line, line: self.line, column: 1 };
            let mut text = match read {
                Ok(text) => text,
                Err(length) => return Ok(Some(Err(Refusal::new(position, too_long(length))))),
            };
            if self.line == 1 && text.starts_with(BYTE_ORDER_MARK) {
                text.drain(..BYTE_ORDER_MARK.len());
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Ok(Record { position, content: Content::Json(text) })));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn numbers_and_texts(text: &[u8], buffer: usize) -> Vec<(u64, String)> {
        let mut lines = Lines { input: BufReader::with_capacity(buffer, text), line: 0, bytes_max: 8 };
        let mut found = Vec::new();
        while let Some(next) = lines.next_record().unwrap() {
            found.push(match next {
                Ok(Record { position, content: Content::Json(text) }) => {
                    (position.line, String::from_utf8(text).unwrap())
                }
                Ok(other) => panic!("{other:?}"),
                Err(refusal) => (refusal.line, refusal.error.code().as_str().to_owned()),
            });
        }
        found
    }

    #[test]
    fn lines_keep_their_numbers_whatever_the_buffer() {
        let text = b"\xef\xbb\xbf{}\n\n  \r\n{\"a\":1}\r\n123456789\n{}";
        let expected = [(1, "{}"), (4, "{\"a\":1}\r"), (5, "document_too_large"), (6, "{}")];
        let expected = expected.map(|(line, text)| (line, text.to_owned()));
        for buffer in [1, 2, 3, 7, 64] {
            assert_eq!(numbers_and_texts(text, buffer), expected, "buffer of {buffer}");
        }
    }

    #[test]
    fn an_empty_file_has_no_lines() {
        assert!(numbers_and_texts(b"", 8).is_empty());
        assert!(numbers_and_texts(b"\n\n", 8).is_empty());
    }
}
