//! An answer of HTTP/1.1 that goes on: its head, and then its body, freed of chunks.
//!
//! ```text
//! HTTP/1.1 200 OK\r\n ... \r\n\r\n      the head
//! 2a\r\n (42 bytes) \r\n ... 0\r\n       chunks; or as many bytes as the head says; or all up to the end
//! ```
//!
//! Promises: bytes may come in any pieces; a wait for them that ended too early loses nothing. Leaves to others: reading from the
//! network, and what the body means.

use nedb::Result;

use crate::fields::strange;

/// How long a head is at most, and the line before a chunk.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What ends a head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Head,
    /// The line with the length of a chunk.
    Length,
    /// So many bytes of the body.
    Bytes(u64),
    /// The line that ends a chunk.
    ChunkEnd,
    Nothing,
}

/// An answer as far as it has come.
#[derive(Debug)]
pub(super) struct Answer {
    /// Bytes that came and were not looked at to their end.
    pending: Vec<u8>,
    status: Option<u16>,
    is_chunked: bool,
    next: Next,
}

impl Answer {
    pub(super) fn new() -> Self {
        Self { pending: Vec::new(), status: None, is_chunked: false, next: Next::Head }
    }

    /// The status, when the head has come.
    pub(super) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether nothing more belongs to it.
    pub(super) fn is_over(&self) -> bool {
        self.next == Next::Nothing
    }

    /// Takes what came, and hands on what belongs to the body.
    pub(super) fn take(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<()> {
        self.pending.extend_from_slice(bytes);
        while self.step(body)? {}
        if self.pending.len() > HEAD_BYTES_MAX {
            return Err(strange("a head without an end"));
        }
        Ok(())
    }

    /// Goes on by one part; false when more has to come first.
    fn step(&mut self, body: &mut Vec<u8>) -> Result<bool> {
        match self.next {
            Next::Head => {
                let Some(end) = self.pending.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END) else {
                    return Ok(false);
                };
                let head: Vec<u8> = self.pending.drain(..end + HEAD_END.len()).collect();
                self.read_head(&String::from_utf8_lossy(&head))?;
            }
            Next::Length => {
                let Some(line) = self.line() else { return Ok(false) };
                // What stands behind a semicolon is for others.
                let digits = line.split(';').next().unwrap_or_default().trim();
                let length = u64::from_str_radix(digits, 16).map_err(|error| strange(&error).with_source(error))?;
                self.next = if length == 0 { Next::Nothing } else { Next::Bytes(length) };
            }
            Next::Bytes(left) => {
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.pending.len());
                body.extend(self.pending.drain(..count));
                let left = left - u64::try_from(count).unwrap_or(left);
                self.next = match left {
                    0 if self.is_chunked => Next::ChunkEnd,
                    0 => Next::Nothing,
                    left => Next::Bytes(left),
                };
                return Ok(left == 0);
            }
            Next::ChunkEnd => {
                let Some(line) = self.line() else { return Ok(false) };
                if !line.is_empty() {
                    return Err(strange("a chunk that is longer than it says"));
                }
                self.next = Next::Length;
            }
            Next::Nothing => {
                self.pending.clear();
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_head(&mut self, head: &str) -> Result<()> {
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
        let status = status.and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        self.status = Some(status.ok_or_else(|| strange("no status of HTTP/1.1"))?);
        self.next = Next::Bytes(u64::MAX);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked") {
                (self.is_chunked, self.next) = (true, Next::Length);
            } else if name.eq_ignore_ascii_case("content-length") && !self.is_chunked {
                let length = value.trim().parse().map_err(|error| strange(&error).with_source(error))?;
                self.next = if length == 0 { Next::Nothing } else { Next::Bytes(length) };
            }
        }
        Ok(())
    }

    /// A line without what ends it, when all of it has come.
    fn line(&mut self) -> Option<String> {
        let end = self.pending.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.pending.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, piece: usize) -> (Answer, String) {
        let (mut answer, mut body) = (Answer::new(), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            answer.take(piece, &mut body).unwrap();
        }
        (answer, String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_body_is_the_same_in_whatever_pieces_and_form_it_comes() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nabcde\r\n2\r\nfg\r\n0\r\n\r\n";
        let counted = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nabcdefg";
        let open = "HTTP/1.0 200 OK\r\n\r\nabcdefg";
        for piece in 1..chunked.len() {
            for (text, is_over) in [(chunked, true), (counted, true), (open, false)] {
                let (answer, body) = read(text, piece);
                assert_eq!((answer.status(), body.as_str(), answer.is_over()), (Some(200), "abcdefg", is_over));
            }
        }
        assert!(!read("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n", 9).0.is_over());
        assert!(read("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 9).0.is_over());
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        for wrong in [
            "SMTP ready\r\n\r\n".to_owned(),
            "HTTP/1.1 OK\r\n\r\n".to_owned(),
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_owned(),
            format!("{chunked}xyz\r\n"),
            format!("{chunked}1\r\nab\r\n"),
            "x".repeat(HEAD_BYTES_MAX + 1),
        ] {
            let error = Answer::new().take(wrong.as_bytes(), &mut Vec::new()).unwrap_err();
            assert_eq!(error.code(), nedb::ErrorCode::Io, "{error}");
        }
    }
}
