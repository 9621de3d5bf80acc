//! Rows that are read while they come.
//!
//! ```text
//! {"_id":"17",...}                         a row
//! {"_id":"18",...}                         a row
//! {"count":2,"seq":41,"head":"9f86.."}     the end; or an error of the daemon; or nothing, and the answer broke off
//! ```
//!
//! Promises: the last line is never a row, so that a row which looks like an error, or like an end, is a row. One line is read ahead.

use std::fmt;
use std::io::{BufRead, BufReader, Read as _};

use nedb::{Digest, Error, ErrorCode, Object, Result, Seq};
use nedb_types::document::json_to_value;
use ureq::BodyReader;

use crate::failure;
use crate::fields::Fields;

/// The longest line: a document of the greatest size whose every byte is written as six, and room for what reads add.
pub(crate) const LINE_BYTES_MAX: u64 = 128 << 20;

/// What a daemon says behind the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How many rows there were.
    pub count: u64,
    /// The seq of the moment that was asked about; `None` when nothing had happened.
    pub seq: Option<Seq>,
    /// The root of the tree over all operations at the time of the answer.
    pub head: Digest,
}

/// The rows of an answer, each an object, in the order in which the daemon found them.
///
/// It holds a connection until its end. An error ends it: one that the daemon met on the way has its code, an answer that breaks off is
/// `io`.
///
/// ```no_run
/// use nedb_client::{Daemon, Options, Params};
/// # fn main() -> nedb_client::Result<()> {
/// let shop = Daemon::at("http://127.0.0.1:7070", Options::new())?.database("shop");
/// let mut rows = shop.query("FROM orders", &Params::new())?;
/// for row in rows.by_ref() {
///     println!("{:?}", row?.get("state"));
/// }
/// assert!(rows.end().is_some());
/// # Ok(())
/// # }
/// ```
pub struct Rows {
    url: String,
    lines: Box<dyn BufRead + Send + Sync>,
    /// The line that was read ahead.
    ahead: Option<String>,
    end: Option<End>,
    is_over: bool,
}

impl Rows {
    pub(crate) fn new(body: BodyReader<'static>, url: String) -> Self {
        Self { url, lines: Box::new(BufReader::new(body)), ahead: None, end: None, is_over: false }
    }

    /// What the daemon said behind the last row; `None` before that was read, and after an error.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    fn row(&mut self) -> Result<Option<Object>> {
        let line = match self.ahead.take() {
            Some(line) => Some(line),
            None => self.line()?,
        };
        let Some(line) = line else { return Err(self.broken("it ended before it began")) };
        self.ahead = self.line()?;
        let fields = Fields::of(json_to_value(line.as_bytes()).map_err(|error| self.broken(&error))?)?;
        if self.ahead.is_some() {
            return Ok(Some(fields.0));
        }
        self.is_over = true;
        if let Some(error) = failure::told(&fields) {
            return Err(error);
        }
        let (Ok(count), Ok(head)) = (fields.number("count"), fields.parsed("head")) else {
            return Err(self.broken("it has no end"));
        };
        self.end = Some(End { count, seq: fields.maybe_seq("seq"), head });
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        let read = self.lines.by_ref().take(LINE_BYTES_MAX).read_line(&mut line).map_err(|error| {
            let message = format!("the answer of {} broke off: {error}", self.url);
            Error::new(ErrorCode::Io, message).with_source(error)
        })?;
        match read {
            0 => Ok(None),
            _ if !line.ends_with('\n') => Err(self.broken("a line has no end")),
            _ => Ok(Some(line)),
        }
    }

    fn broken(&self, what: impl fmt::Display) -> Error {
        Error::new(ErrorCode::Io, format!("the answer of {} broke off: {what}", self.url))
    }

    /// All rows that are left, made into something else.
    pub(crate) fn read_all<T>(self, each: impl Fn(Fields) -> Result<T>) -> Result<Vec<T>> {
        self.map(|row| each(Fields(row?))).collect()
    }
}

impl Iterator for Rows {
    type Item = Result<Object>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let row = self.row();
        self.is_over |= row.is_err();
        row.transpose()
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").field("url", &self.url).field("end", &self.end).finish_non_exhaustive()
    }
}
