//! Calls of clients, cut out of the bytes of a connection.
//!
//! ```text
//! bytes ──> buffer ──> ranges of words ──> Batch: the buffer itself and where its words lie
//!                      └ a call that is not whole yet keeps its place, so that no byte is looked at twice
//! ```
//!
//! Promises: words are not copied; an unfinished call costs the bytes that came. Calls before an error are given first; behind it
//! nothing is read.

use std::ops::Range;

use super::inline;
use super::limits::{INLINE_BYTES_MAX, Limits, NUMBER_BYTES_MAX};

/// What is wrong with the bytes of a client; the connection ends with it.
///
/// ```
/// use nedb_wire::resp::{Calls, Limits};
/// let mut calls = Calls::new();
/// calls.buffer().extend_from_slice(b"*1\r\n!");
/// let error = calls.take(Limits::NORMAL).expect_err("a word begins with $");
/// assert_eq!(error.to_string(), "ERR Protocol error: expected '$', got '!'");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    message: String,
}

impl ProtocolError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl Limits {
    /// The error for a length beyond them, or for none at all.
    fn exceeded(&self, name: &str) -> ProtocolError {
        let why = if *self == Self::BEFORE_AUTH { "unauthenticated" } else { "invalid" };
        ProtocolError::new(format!("{why} {name}"))
    }
}

impl std::fmt::Display for ProtocolError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ERR Protocol error: {}", self.message)
    }
}

impl std::error::Error for ProtocolError {}

/// Whole calls, in the order in which they came.
///
/// ```
/// use nedb_wire::resp::{Calls, Limits};
/// # fn main() -> Result<(), nedb_wire::resp::ProtocolError> {
/// let mut calls = Calls::new();
/// calls.buffer().extend_from_slice(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n");
/// let batch = calls.take(Limits::NORMAL)?;
/// let words: Vec<Vec<&[u8]>> = batch.iter().collect();
/// assert_eq!(words, [vec![&b"GET"[..], b"k"], vec![b"PING"]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    words: Vec<Range<usize>>,
    /// Where the words of each call end in `words`.
    ends: Vec<usize>,
}

impl Batch {
    /// How many calls there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The words of a call.
    pub fn call(&self, position: usize) -> Option<Vec<&[u8]>> {
        let end = *self.ends.get(position)?;
        let start = position.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let words = self.words.get(start..end)?;
        Some(words.iter().map(|word| self.bytes.get(word.clone()).unwrap_or_default()).collect())
    }

    /// The words of one call after the other.
    pub fn iter(&self) -> impl Iterator<Item = Vec<&[u8]>> {
        (0..self.len()).filter_map(|position| self.call(position))
    }

    /// How many bytes the calls took.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// A call that is not whole yet.
#[derive(Clone, Copy, Debug)]
struct Unfinished {
    words_left: usize,
    /// The length of the word that comes next, once its line was read.
    word_bytes: Option<usize>,
}

/// The bytes of one connection on their way to calls.
///
/// ```
/// use nedb_wire::resp::{Calls, Limits};
/// # fn main() -> Result<(), nedb_wire::resp::ProtocolError> {
/// let mut calls = Calls::new();
/// calls.buffer().extend_from_slice(b"*1\r\n$4\r\nPI");
/// assert!(calls.take(Limits::NORMAL)?.is_empty());
/// calls.buffer().extend_from_slice(b"NG\r\n");
/// assert_eq!(calls.take(Limits::NORMAL)?.call(0), Some(vec![&b"PING"[..]]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Calls {
    batch: Batch,
    /// Up to where bytes were looked at.
    at: usize,
    /// Up to where whole calls lie.
    whole: usize,
    unfinished: Option<Unfinished>,
    failed: Option<ProtocolError>,
}

impl Calls {
    /// Begins a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the bytes that came are appended; nothing else may be done to it.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.batch.bytes
    }

    /// Takes the calls that are whole. Empty calls, which Redis passes over, are not among them.
    ///
    /// Errors: bytes that are no call, and calls beyond a limit, once the calls before them were taken.
    pub fn take(&mut self, limits: Limits) -> Result<Batch, ProtocolError> {
        if let Err(error) = self.look(&limits) {
            self.failed = Some(error);
        }
        if self.batch.is_empty() {
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            // Empty calls leave bytes behind that nobody needs.
            if self.unfinished.is_none() && self.whole > 0 {
                self.batch.bytes.drain(..self.whole);
                self.at -= self.whole;
                self.whole = 0;
            }
            return Ok(Batch::default());
        }
        Ok(self.cut())
    }

    /// Looks at all that came.
    fn look(&mut self, limits: &Limits) -> Result<(), ProtocolError> {
        if self.failed.is_some() {
            return Ok(());
        }
        while self.step(limits)? {}
        if self.batch.bytes.len() - self.whole > limits.buffer_bytes_max {
            return Err(ProtocolError::new("too big a call"));
        }
        Ok(())
    }

    /// Hands out what is whole and keeps what is not.
    fn cut(&mut self) -> Batch {
        let bytes = self.batch.bytes.split_off(self.whole);
        let words_whole = self.batch.ends.last().copied().unwrap_or_default();
        let mut words = self.batch.words.split_off(words_whole);
        for word in &mut words {
            *word = word.start - self.whole..word.end - self.whole;
        }
        self.at -= self.whole;
        self.whole = 0;
        std::mem::replace(&mut self.batch, Batch { bytes, words, ends: Vec::new() })
    }

    /// Looks at one line or word; false when it is not there yet.
    fn step(&mut self, limits: &Limits) -> Result<bool, ProtocolError> {
        match self.unfinished {
            None => self.begin(limits),
            Some(call) => match call.word_bytes {
                None => self.begin_word(call, limits),
                Some(bytes) => self.end_word(call, bytes),
            },
        }
    }

    fn begin(&mut self, limits: &Limits) -> Result<bool, ProtocolError> {
        match self.batch.bytes.get(self.at) {
            None => Ok(false),
            Some(b'*') => {
                let Some(count) = self.number("mbulk count string", "multibulk length")? else { return Ok(false) };
                let words = match usize::try_from(count) {
                    // A negative count is an empty call, as in Redis.
                    Err(_negative) => 0,
                    Ok(words) if words > limits.words_max => {
                        return Err(limits.exceeded("multibulk length"));
                    }
                    Ok(words) => words,
                };
                if words == 0 {
                    self.whole = self.at;
                } else {
                    self.unfinished = Some(Unfinished { words_left: words, word_bytes: None });
                }
                Ok(true)
            }
            Some(_) => self.inline(limits),
        }
    }

    fn begin_word(&mut self, call: Unfinished, limits: &Limits) -> Result<bool, ProtocolError> {
        match self.batch.bytes.get(self.at) {
            None => return Ok(false),
            Some(b'$') => {}
            Some(other) => {
                return Err(ProtocolError::new(format!("expected '$', got '{}'", char::from(*other).escape_default())));
            }
        }
        let Some(length) = self.number("bulk count string", "bulk length")? else { return Ok(false) };
        let bytes = usize::try_from(length).ok().filter(|bytes| *bytes <= limits.word_bytes_max);
        let Some(bytes) = bytes else {
            return Err(limits.exceeded("bulk length"));
        };
        self.unfinished = Some(Unfinished { word_bytes: Some(bytes), ..call });
        Ok(true)
    }

    fn end_word(&mut self, call: Unfinished, bytes: usize) -> Result<bool, ProtocolError> {
        let end = self.at + bytes;
        let Some(line_end) = self.batch.bytes.get(end..end + 2) else { return Ok(false) };
        if line_end != b"\r\n" {
            return Err(ProtocolError::new("a bulk string does not end with CRLF"));
        }
        self.batch.words.push(self.at..end);
        self.at = end + 2;
        let words_left = call.words_left - 1;
        self.unfinished = (words_left > 0).then_some(Unfinished { words_left, word_bytes: None });
        if words_left == 0 {
            self.finish_call();
        }
        Ok(true)
    }

    fn finish_call(&mut self) {
        self.whole = self.at;
        self.batch.ends.push(self.batch.words.len());
    }

    /// A line of words as a person types it.
    fn inline(&mut self, limits: &Limits) -> Result<bool, ProtocolError> {
        let rest = self.batch.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().take(INLINE_BYTES_MAX).position(|byte| *byte == b'\n') else {
            if rest.len() >= INLINE_BYTES_MAX {
                return Err(ProtocolError::new("too big inline request"));
            }
            return Ok(false);
        };
        let line = self.at..self.at + length;
        self.at += length + 1;
        // Words with escapes are shorter than they were typed, so they are written over what was typed.
        let typed = self.batch.bytes.get_mut(line.clone()).unwrap_or_default();
        let words = inline::split(typed).ok_or_else(|| ProtocolError::new("unbalanced quotes in request"))?;
        if words.len() > limits.words_max || words.iter().any(|word| word.len() > limits.word_bytes_max) {
            return Err(ProtocolError::new("too big inline request"));
        }
        if words.is_empty() {
            self.whole = self.at;
        } else {
            self.batch.words.extend(words.into_iter().map(|word| line.start + word.start..line.start + word.end));
            self.finish_call();
        }
        Ok(true)
    }

    /// Reads the number behind the sign at the place, up to the end of its line.
    fn number(&mut self, line_name: &str, name: &str) -> Result<Option<i64>, ProtocolError> {
        let rest = self.batch.bytes.get(self.at + 1..).unwrap_or_default();
        let Some(length) = rest.iter().take(NUMBER_BYTES_MAX).position(|byte| *byte == b'\r') else {
            if rest.len() >= NUMBER_BYTES_MAX {
                return Err(ProtocolError::new(format!("too big {line_name}")));
            }
            return Ok(None);
        };
        match rest.get(length + 1) {
            None => return Ok(None),
            Some(b'\n') => {}
            Some(_) => return Err(ProtocolError::new(format!("invalid {name}"))),
        }
        let digits = rest.get(..length).unwrap_or_default();
        let number = integer(digits).ok_or_else(|| ProtocolError::new(format!("invalid {name}")))?;
        self.at += 1 + length + 2;
        Ok(Some(number))
    }
}

/// Reads an integer without a plus sign. Every word has its length before it, and most of these have a digit or two.
fn integer(digits: &[u8]) -> Option<i64> {
    match digits {
        [one] if one.is_ascii_digit() => Some(i64::from(one - b'0')),
        [ten, one] if ten.is_ascii_digit() && one.is_ascii_digit() => Some(i64::from((ten - b'0') * 10 + one - b'0')),
        _ => std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]], limits: Limits) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
        let (mut calls, mut read) = (Calls::new(), Vec::new());
        for chunk in chunks {
            calls.buffer().extend_from_slice(chunk);
            let batch = calls.take(limits)?;
            read.extend(batch.iter().map(|words| words.into_iter().map(<[u8]>::to_vec).collect()));
        }
        Ok(read)
    }

    fn encoded(call: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = format!("*{}\r\n", call.len()).into_bytes();
        for word in call {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    #[test]
    fn empty_calls_are_passed_over_and_leave_nothing_behind() {
        let mut calls = Calls::new();
        for _ in 0..1000 {
            calls.buffer().extend_from_slice(b"\r\n*0\r\n*-1\r\n  \n");
            assert!(calls.take(Limits::NORMAL).unwrap().is_empty());
        }
        assert_eq!(calls.buffer().len(), 0);
        calls.buffer().extend_from_slice(b"\r\nPING\r\n*1\r\n$1");
        assert_eq!(calls.take(Limits::NORMAL).unwrap().call(0), Some(vec![&b"PING"[..]]));
        calls.buffer().extend_from_slice(b"\r\nx\r\n");
        assert_eq!(calls.take(Limits::NORMAL).unwrap().call(0), Some(vec![&b"x"[..]]));
    }

    #[test]
    fn integers_are_read_as_the_library_reads_them() {
        for number in (-120..1200).chain([i64::MIN, i64::MAX]) {
            assert_eq!(integer(number.to_string().as_bytes()), Some(number));
        }
        for digits in ["", "+", "+1", "-", "1x", "x1", "x", "/", ":", "1:", "9223372036854775808"] {
            assert_eq!(integer(digits.as_bytes()), None, "{digits}");
        }
    }

    #[test]
    fn what_is_no_call_is_named() {
        let text = |bytes: &[u8]| read(&[bytes], Limits::NORMAL).unwrap_err().to_string();
        for (bytes, wanted) in [
            (&b"*x\r\n"[..], "invalid multibulk length"),
            (b"*1000000\r\n", "invalid multibulk length"),
            (b"*1\rx", "invalid multibulk length"),
            (b"*11111111111111111111111111111111111111", "too big mbulk count string"),
            (b"*1\r\n$-1\r\n", "invalid bulk length"),
            (b"*1\r\n$999999999\r\n", "invalid bulk length"),
            (b"*1\r\n$+1\r\n", "invalid bulk length"),
            (b"*1\r\n$1\r\nxyz", "a bulk string does not end with CRLF"),
            (b"*1\r\nPING\r\n", "expected '$', got 'P'"),
            (b"SET k \"open\r\n", "unbalanced quotes in request"),
        ] {
            assert_eq!(text(bytes), format!("ERR Protocol error: {wanted}"), "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(text(&vec![b'a'; 70 << 10]), "ERR Protocol error: too big inline request");
    }

    #[test]
    fn calls_before_an_error_are_given_first() {
        let mut calls = Calls::new();
        calls.buffer().extend_from_slice(b"PING\r\n*x\r\nPING\r\n");
        assert_eq!(calls.take(Limits::NORMAL).unwrap().len(), 1);
        for _ in 0..2 {
            assert!(calls.take(Limits::NORMAL).is_err());
        }
    }

    #[test]
    fn who_has_not_said_who_he_is_may_send_little() {
        let text = |bytes: &[u8]| read(&[bytes], Limits::BEFORE_AUTH).unwrap_err().to_string();
        assert_eq!(text(b"*11\r\n"), "ERR Protocol error: unauthenticated multibulk length");
        assert_eq!(text(b"*1\r\n$20000\r\n"), "ERR Protocol error: unauthenticated bulk length");
        assert_eq!(read(&[b"*3\r\n$4\r\nAUTH\r\n$1\r\na\r\n$1\r\nb\r\n"], Limits::BEFORE_AUTH).unwrap().len(), 1);
    }

    #[test]
    fn a_declared_length_takes_no_memory() {
        let mut calls = Calls::new();
        calls.buffer().extend_from_slice(b"*200000\r\n$16777216\r\n");
        assert!(calls.take(Limits::NORMAL).unwrap().is_empty());
        assert!(calls.batch.bytes.capacity() < 1024 && calls.batch.words.capacity() < 1024);
    }

    proptest! {
        #[test]
        fn calls_come_out_whole_however_their_bytes_are_cut(
            sent in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..6), 1..8),
            cuts in prop::collection::vec(1usize..9, 0..200),
        ) {
            let bytes: Vec<u8> = sent.iter().flat_map(|call| encoded(call)).collect();
            let (mut rest, mut chunks) = (&bytes[..], Vec::new());
            for cut in cuts {
                let (chunk, behind) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk);
                rest = behind;
            }
            chunks.push(rest);
            prop_assert_eq!(read(&chunks, Limits::NORMAL).unwrap(), sent);
        }

        #[test]
        fn no_bytes_make_it_panic(chunks in prop::collection::vec(prop::collection::vec(
            prop_oneof![Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'"'), any::<u8>()], 0..30), 0..10))
        {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let _either = read(&chunks, Limits::NORMAL);
        }
    }
}
