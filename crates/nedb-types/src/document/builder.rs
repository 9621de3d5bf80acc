//! Writes the stored form piece by piece, without a tree of values in between.
//!
//! An item is written as soon as it is known; the header of an array or object, whose width depends on all items,
//! is put before them when it ends. Each byte is moved once per level of nesting, which for real documents is once or twice.

use super::keys::{DuplicateCheck, split_key};
use super::width::Width;
use super::{DocumentBuf, tag};
use crate::limits::{DOCUMENT_BYTES_MAX, NESTING_MAX};
use crate::{Error, ErrorCode, Result};

/// Builds one document from its parts in order; its buffers are kept from one document to the next.
///
/// # Errors
///
/// Every call checks the limits: `nesting_too_deep`, `document_too_large`, `invalid_value` for an oversized integer,
/// `duplicate_field`. Calls in an impossible order, such as a value where a key is due, give `invalid_argument`.
/// After an error the builder must be cleared.
///
/// # Examples
///
/// ```
/// use nedb_types::document::DocumentBuilder;
///
/// let mut builder = DocumentBuilder::new();
/// builder.begin_object()?;
/// builder.key("tags")?;
/// builder.begin_array()?;
/// builder.string("a")?;
/// builder.end()?;
/// builder.end()?;
/// let document = builder.finish()?;
/// assert_eq!(document.as_document().to_json()?, r#"{"tags":["a"]}"#);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug)]
pub struct DocumentBuilder {
    pub(super) out: Vec<u8>,
    ends: Vec<u32>,
    names: DuplicateCheck,
    header: Vec<u8>,
    outer: Vec<Open>,
    top: Open,
    bytes_max: usize,
}

/// Is what is being written: the root, an array or an object.
#[derive(Debug, Clone, Copy)]
struct Open {
    kind: Kind,
    expects: Expects,
    items_start: usize,
    ends_start: usize,
    names_start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Root,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Value,
    Key,
    Nothing,
}

const ROOT: Open = Open { kind: Kind::Root, expects: Expects::Value, items_start: 0, ends_start: 0, names_start: 0 };

impl Default for DocumentBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl DocumentBuilder {
    /// Makes an empty builder.
    pub const fn new() -> Self {
        Self::with_bytes_max(DOCUMENT_BYTES_MAX)
    }

    /// Makes an empty builder for what is no document but may hold several, such as a message with the operations of a transaction.
    ///
    /// Beyond so many bytes it gives `batch_too_large`. Documents in it are measured when they are written by themselves.
    pub const fn with_bytes_max(bytes_max: usize) -> Self {
        Self {
            out: Vec::new(),
            ends: Vec::new(),
            names: DuplicateCheck::new(),
            header: Vec::new(),
            outer: Vec::new(),
            top: ROOT,
            bytes_max,
        }
    }

    /// Forgets what was written and keeps the buffers.
    pub fn clear(&mut self) {
        self.out.clear();
        self.ends.clear();
        self.names.truncate(0);
        self.outer.clear();
        self.top = ROOT;
    }

    /// Begins an array; its elements follow, then [`end`](Self::end).
    pub fn begin_array(&mut self) -> Result<()> {
        self.begin(Kind::Array, Expects::Value)
    }

    /// Begins an object; its keys and values follow in turn, then [`end`](Self::end).
    pub fn begin_object(&mut self) -> Result<()> {
        self.begin(Kind::Object, Expects::Key)
    }

    /// Writes the name of the next field.
    pub fn key(&mut self, name: &str) -> Result<()> {
        if self.top.expects != Expects::Key {
            return Err(out_of_order("a key"));
        }
        if self.names.add(self.top.names_start, name.as_bytes()) && self.has_key(name.as_bytes()) {
            return Err(crate::value::duplicate_field(name));
        }
        let mut length = name.len();
        while length >= 0x80 {
            self.out.push(length.to_le_bytes().first().copied().unwrap_or_default() | 0x80);
            length >>= 7;
        }
        self.out.push(length.to_le_bytes().first().copied().unwrap_or_default());
        self.out.extend_from_slice(name.as_bytes());
        self.top.expects = Expects::Value;
        Ok(())
    }

    /// Ends the innermost array or object.
    pub fn end(&mut self) -> Result<()> {
        let closing = self.top;
        if closing.kind == Kind::Root || (closing.kind == Kind::Object && closing.expects == Expects::Value) {
            return Err(out_of_order("an end"));
        }
        if closing.kind == Kind::Object {
            self.names.truncate(closing.names_start);
            let ends = self.ends.get(closing.ends_start..).unwrap_or_default();
            let items = self.out.get(closing.items_start..).unwrap_or_default();
            DuplicateCheck::check_many(items, ends)?;
        }
        self.write_header(closing)?;
        self.ends.truncate(closing.ends_start);
        self.top = self.outer.pop().unwrap_or(ROOT);
        self.value_done()
    }

    /// Returns the finished document and makes the builder ready for the next.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when the root is not an object or something is still open.
    pub fn finish(&mut self) -> Result<DocumentBuf> {
        let bytes = self.finish_value()?;
        DocumentBuf::from_root(bytes)
    }

    /// Returns the finished value, which need not be an object, and makes the builder ready for the next.
    ///
    /// # Errors
    ///
    /// `invalid_argument` when nothing was written or something is still open.
    pub fn finish_value(&mut self) -> Result<Vec<u8>> {
        if self.top.kind != Kind::Root || self.top.expects != Expects::Nothing {
            return Err(out_of_order("the finish"));
        }
        let bytes = self.out.as_slice().to_vec();
        self.clear();
        Ok(bytes)
    }

    /// Copies a value that is already in stored form; readers check it as they check every stored value.
    pub(super) fn stored(&mut self, value: &[u8]) -> Result<()> {
        self.before_value()?;
        self.out.extend_from_slice(value);
        self.value_done()
    }

    /// Copies a field that is already in stored form; readers check it as they check every stored value.
    #[inline]
    pub(super) fn item(&mut self, key: &[u8], item: &[u8]) -> Result<()> {
        if self.top.expects != Expects::Key {
            return Err(out_of_order("a key"));
        }
        if self.names.add(self.top.names_start, key) && self.has_key(key) {
            return Err(crate::value::duplicate_field(&String::from_utf8_lossy(key)));
        }
        self.out.extend_from_slice(item);
        self.value_done()
    }

    fn begin(&mut self, kind: Kind, expects: Expects) -> Result<()> {
        self.before_value()?;
        let depth = self.outer.len() + 1;
        if depth > NESTING_MAX {
            let (max, actual) = (NESTING_MAX as u64, depth as u64);
            return Err(Error::over_limit(ErrorCode::NestingTooDeep, "nesting", "NESTING_MAX", max, actual));
        }
        self.outer.push(self.top);
        self.top = Open {
            kind,
            expects,
            items_start: self.out.len(),
            ends_start: self.ends.len(),
            names_start: self.names.len(),
        };
        Ok(())
    }

    fn write_header(&mut self, closing: Open) -> Result<()> {
        let ends = self.ends.get(closing.ends_start..).unwrap_or_default();
        let items = self.out.len() - closing.items_start;
        let (width, body) = container_width(ends.len(), items).ok_or_else(|| too_large(items))?;
        let first_tag = if closing.kind == Kind::Array { tag::ARRAY } else { tag::OBJECT };
        self.header.clear();
        self.header.push(first_tag + width.tag_step());
        width.push(&mut self.header, body);
        width.push(&mut self.header, u32::try_from(ends.len()).unwrap_or(u32::MAX));
        for end in ends {
            width.push(&mut self.header, *end);
        }
        let items_end = self.out.len();
        self.out.extend_from_slice(&self.header);
        if let Some(written) = self.out.get_mut(closing.items_start..) {
            written.copy_within(..items_end - closing.items_start, self.header.len());
            if let Some(place) = written.get_mut(..self.header.len()) {
                place.copy_from_slice(&self.header);
            }
        }
        Ok(())
    }

    #[inline]
    pub(super) fn before_value(&self) -> Result<()> {
        if self.top.expects == Expects::Value { Ok(()) } else { Err(out_of_order("a value")) }
    }

    #[inline]
    pub(super) fn value_done(&mut self) -> Result<()> {
        if self.out.len() > self.bytes_max {
            return Err(self.too_large());
        }
        self.top.expects = match self.top.kind {
            Kind::Root => {
                self.top.expects = Expects::Nothing;
                return Ok(());
            }
            Kind::Array => Expects::Value,
            Kind::Object => Expects::Key,
        };
        let end = self.out.len() - self.top.items_start;
        self.ends.push(u32::try_from(end).map_err(|error| too_large(end).with_source(error))?);
        Ok(())
    }

    #[cold]
    fn too_large(&self) -> Error {
        if self.bytes_max == DOCUMENT_BYTES_MAX {
            return too_large(self.out.len());
        }
        let message = format!("a message of more than {} bytes: send its operations in several", self.bytes_max);
        Error::new(ErrorCode::BatchTooLarge, message)
    }

    /// Says whether the innermost object has the key already.
    fn has_key(&self, name: &[u8]) -> bool {
        let ends = self.ends.get(self.top.ends_start..).unwrap_or_default();
        let items = self.out.get(self.top.items_start..).unwrap_or_default();
        super::keys::items(items, ends).any(|item| split_key(item).is_some_and(|(key, _)| key == name))
    }
}

/// Returns the width and body length of an array or object with so many items of so many bytes.
fn container_width(count: usize, items_bytes: usize) -> Option<(Width, u32)> {
    for width in [Width::One, Width::Two, Width::Four] {
        let body = items_bytes.checked_add(count.checked_add(1)?.checked_mul(width.bytes())?)?;
        if Width::of(body)?.bytes() <= width.bytes() {
            return Some((width, u32::try_from(body).ok()?));
        }
    }
    None
}

/// Makes the error for a document beyond the limit.
#[cold]
pub(super) fn too_large(bytes: usize) -> Error {
    let (max, actual) = (DOCUMENT_BYTES_MAX as u64, bytes as u64);
    Error::over_limit(ErrorCode::DocumentTooLarge, "size of the document", "DOCUMENT_BYTES_MAX", max, actual)
}

#[cold]
fn out_of_order(what: &str) -> Error {
    Error::new(ErrorCode::InvalidArgument, format!("{what} of a document came where it cannot stand"))
}
