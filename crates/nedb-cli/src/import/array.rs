//! JSON files: one array of objects, or one object.
//!
//! Only the places where elements begin and end are found here, so that a file of any length needs the memory of one
//! element. Whether an element is sound is left to the JSON reader.

use std::io::BufRead;

use nedb_types::Result;

use super::record::{Content, Position, RECORD_BYTES_MAX, Record, Records, Refusal, too_long};

const BYTE_ORDER_MARK: [u8; 3] = *b"\xef\xbb\xbf";

/// The elements of a file's array.
pub struct Elements<R> {
    input: R,
    line: u64,
    column: u64,
    number: u64,
    state: State,
    bytes_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was read yet.
    Start,
    /// Behind the `[`, or behind an element.
    InArray,
    /// Behind the value; only white space may follow.
    Behind,
    /// Nothing more can be read.
    Ended,
}

impl<R: BufRead> Elements<R> {
    /// Reads from the start of a file.
    pub fn new(input: R) -> Self {
        Self { input, line: 1, column: 1, number: 0, state: State::Start, bytes_max: RECORD_BYTES_MAX }
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(available) => return Ok(available.first().copied()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn pass(&mut self, byte: u8) {
        self.input.consume(1);
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }

    /// The next byte that is not white space.
    fn peek_sign(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.pass(byte);
        }
        Ok(None)
    }

    fn position(&self) -> Position {
        Position { number: self.number, line: self.line, column: self.column }
    }

    fn refuse(&mut self, what: &str) -> Result<Record, Refusal> {
        self.state = State::Ended;
        Err(Refusal::last(self.position(), what))
    }

    /// Reads one value: up to its closing bracket, or, where it has none, up to what cannot belong to it.
    fn value(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        self.number += 1;
        let position = self.position();
        let (mut text, mut length, mut scan) = (Vec::new(), 0u64, Scan::default());
        while let Some(byte) = self.peek()? {
            if !scan.takes(byte) {
                break;
            }
            self.pass(byte);
            length += 1;
            if length <= self.bytes_max as u64 {
                text.push(byte);
            } else {
                text = Vec::new();
            }
            if scan.is_complete {
                break;
            }
        }
        if length > self.bytes_max as u64 {
            return Ok(Some(Err(Refusal::new(position, too_long(length)))));
        }
        Ok(Some(Ok(Record { position, content: Content::Json(text) })))
    }

    fn start(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        for mark in BYTE_ORDER_MARK {
            if self.peek()? == Some(mark) {
                self.pass(mark);
            }
        }
        match self.peek_sign()? {
            None => Ok(None),
            Some(b'[') => {
                self.pass(b'[');
                self.state = State::InArray;
                self.element(true)
            }
            Some(b'{') => {
                self.state = State::Behind;
                self.value()
            }
            Some(_) => Ok(Some(self.refuse("expected an array of objects, or one object"))),
        }
    }

    fn element(&mut self, is_first: bool) -> Result<Option<Result<Record, Refusal>>> {
        match self.peek_sign()? {
            Some(b']') => {
                self.pass(b']');
                return self.behind();
            }
            Some(b',') if !is_first => self.pass(b','),
            Some(_) if is_first => return self.value(),
            Some(_) => return Ok(Some(self.refuse("expected `,` or `]` behind the element"))),
            None => return Ok(Some(self.refuse("the file ends inside the array: expected `,` or `]`"))),
        }
        match self.peek_sign()? {
            Some(b']' | b',') => Ok(Some(self.refuse("expected an element behind the `,`"))),
            Some(_) => self.value(),
            None => Ok(Some(self.refuse("the file ends inside the array: expected an element"))),
        }
    }

    fn behind(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        self.state = State::Ended;
        match self.peek_sign()? {
            None => Ok(None),
            Some(_) => {
                Ok(Some(self.refuse("expected the end of the file; a file with one object a line is named .ndjson")))
            }
        }
    }
}

impl<R: BufRead> Records for Elements<R> {
    fn next_record(&mut self) -> Result<Option<Result<Record, Refusal>>> {
        match self.state {
            State::Start => self.start(),
            State::InArray => self.element(false),
            State::Behind => self.behind(),
            State::Ended => Ok(None),
        }
    }
}

/// Follows one value byte by byte.
#[derive(Default)]
struct Scan {
    depth: u64,
    is_in_string: bool,
    is_escaped: bool,
    is_complete: bool,
}

impl Scan {
    /// Whether the byte belongs to the value; notes when it is the last one.
    fn takes(&mut self, byte: u8) -> bool {
        if self.is_in_string {
            let is_escaped = std::mem::take(&mut self.is_escaped);
            match byte {
                b'\\' => self.is_escaped = !is_escaped,
                b'"' if !is_escaped => {
                    self.is_in_string = false;
                    self.is_complete = self.depth == 0;
                }
                _ => {}
            }
            return true;
        }
        match byte {
            b'"' => self.is_in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                self.is_complete = self.depth == 0;
            }
            b'}' | b']' | b',' => return self.depth > 0,
            _ if byte.is_ascii_whitespace() => return self.depth > 0,
            _ => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut elements = Elements { bytes_max: 24, ..Elements::new(BufReader::with_capacity(1, text.as_bytes())) };
        let mut found = Vec::new();
        while let Some(next) = elements.next_record().unwrap() {
            found.push(match next {
                Ok(Record { position: at, content: Content::Json(text) }) => {
                    format!("{}@{}:{} {}", at.number, at.line, at.column, String::from_utf8(text).unwrap())
                }
                Ok(other) => panic!("{other:?}"),
                Err(refusal) => {
                    format!("{} {}", if refusal.is_final { "last" } else { "next" }, refusal.words())
                }
            });
        }
        found
    }

    #[test]
    fn elements_are_found_with_their_places() {
        let text = "\u{feff}[ {\"a\": \"]}\\\"\"},\n  {\"b\":[1,{}]} ,5]\n";
        assert_eq!(read(text), ["1@1:6 {\"a\": \"]}\\\"\"}", "2@2:3 {\"b\":[1,{}]}", "3@2:17 5"]);
        assert_eq!(read("{\"one\": 1}\n"), ["1@1:1 {\"one\": 1}"]);
        assert!(read("[]").is_empty());
        assert!(read("  ").is_empty());
    }

    #[test]
    fn what_is_not_an_array_of_values_is_refused_with_its_place() {
        assert_eq!(read("x"), ["last line 1 column 1: expected an array of objects, or one object"]);
        assert_eq!(read("[1 2]")[1], "last line 1 column 4: expected `,` or `]` behind the element");
        assert_eq!(read("[1,]")[1], "last line 1 column 4: expected an element behind the `,`");
        assert_eq!(read("[{}")[1], "last line 1 column 4: the file ends inside the array: expected `,` or `]`");
        assert!(read("{}\n{}")[1].starts_with("last line 2 column 1: expected the end of the file"));
    }

    #[test]
    fn an_element_beyond_the_limit_is_refused_and_the_next_is_read() {
        let text = format!("[\"{}\", {{}}]", "x".repeat(40));
        let found = read(&text);
        assert!(found[0].starts_with("next line 1 column 2: bytes of the record is 42"), "{}", found[0]);
        assert_eq!(found[1], "2@1:46 {}");
    }
}
