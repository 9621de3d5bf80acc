//! Arrays and objects inside a stored document, read in place through their table of ends.

use super::ValueRef;
use super::keys::split_key;
use super::tag;
use super::value_ref::not_shortest;
use super::width::Width;
use crate::{Error, Result};

/// Is the frame that arrays and objects share: the table of ends, and the items that it divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Items<'a> {
    width: Width,
    ends: &'a [u8],
    content: &'a [u8],
}

/// Is a borrowed view of a stored array.
///
/// # Examples
///
/// ```
/// use nedb_types::document::{ValueRef, json_to_document};
///
/// let document = json_to_document(br#"{"sizes":[3,5]}"#)?;
/// let Some(ValueRef::Array(sizes)) = document.as_document().get("sizes")? else { unreachable!() };
/// assert_eq!(sizes.get(1)?, Some(ValueRef::I64(5)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrayRef<'a>(Items<'a>);

/// Is a borrowed view of a stored object.
///
/// # Examples
///
/// ```
/// use nedb_types::document::json_to_document;
///
/// let document = json_to_document(br#"{"b":1,"a":2}"#)?;
/// let names: Vec<&str> = document.as_document().root().keys().collect::<Result<_, _>>()?;
/// assert_eq!(names, ["b", "a"]);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectRef<'a>(Items<'a>);

impl<'a> Items<'a> {
    #[inline]
    fn read(width: Width, body: &'a [u8]) -> Result<Self> {
        let parts = body.split_at_checked(width.bytes()).and_then(|(length, frame)| {
            let (count, rest) = frame.split_at_checked(width.bytes())?;
            let table_bytes = width.read(count)?.checked_mul(width.bytes())?;
            let (ends, content) = rest.split_at_checked(table_bytes)?;
            Some((width.read(length)? == frame.len(), frame.len(), Self { width, ends, content }))
        });
        match parts {
            Some((true, length, frame)) if Width::of(length) == Some(width) => Ok(frame),
            Some((true, ..)) => Err(not_shortest("a length")),
            _ => Err(Error::corrupt("value: the lengths of an array or object do not match")),
        }
    }

    fn len(&self) -> usize {
        self.ends.len() / self.width.bytes()
    }

    fn item(&self, position: usize) -> Option<&'a [u8]> {
        let end = self.width.read_at(self.ends, position)?;
        let start = match position.checked_sub(1) {
            Some(previous) => self.width.read_at(self.ends, previous)?,
            None => 0,
        };
        self.content.get(start..end)
    }

    fn iter(self) -> impl Iterator<Item = Result<&'a [u8]>> {
        let mut start = 0;
        self.ends.chunks_exact(self.width.bytes()).map(move |end| {
            let end = self.width.read(end).unwrap_or(usize::MAX);
            let item = self.content.get(start..end).ok_or_else(|| bad_ends(end));
            start = end;
            item
        })
    }

    /// Returns the value of the item that has a key, in stored form.
    #[inline]
    fn find(&self, key: &[u8]) -> Result<Option<&'a [u8]>> {
        // The loop is made once for each width: most documents have the least.
        match self.width {
            Width::One => self.find_among(key, self.ends.iter().map(|end| usize::from(*end))),
            wide => {
                let ends = self.ends.chunks_exact(wide.bytes());
                self.find_among(key, ends.map(|end| wide.read(end).unwrap_or(usize::MAX)))
            }
        }
    }

    #[inline]
    fn find_among(&self, key: &[u8], ends: impl Iterator<Item = usize>) -> Result<Option<&'a [u8]>> {
        let mut start = 0;
        for end in ends {
            let item = self.content.get(start..end).ok_or_else(|| bad_ends(end))?;
            start = end;
            let (found, value) = split_item(item)?;
            if found == key {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Checks that the items take up all the bytes, so that none lies unread behind them.
    fn check_end(&self) -> Result<()> {
        let end = match self.len().checked_sub(1) {
            Some(last) => self.width.read_at(self.ends, last),
            None => Some(0),
        };
        if end == Some(self.content.len()) { Ok(()) } else { Err(bad_ends(end.unwrap_or(usize::MAX))) }
    }
}

impl<'a> ArrayRef<'a> {
    pub(super) fn read(tag: u8, body: &'a [u8]) -> Result<Self> {
        let width = Width::of_tag(tag, tag::ARRAY).ok_or_else(|| Error::corrupt("value: it is not an array"))?;
        Items::read(width, body).map(Self)
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Reads one element without the others, or returns `None` beyond the last.
    ///
    /// # Errors
    ///
    /// `corrupt` when its bytes are not sound.
    pub fn get(&self, position: usize) -> Result<Option<ValueRef<'a>>> {
        if position >= self.len() {
            return Ok(None);
        }
        let item = self.0.item(position).ok_or_else(|| bad_ends(position))?;
        ValueRef::read(item).map(Some)
    }

    /// Goes over the elements.
    pub fn iter(&self) -> impl Iterator<Item = Result<ValueRef<'a>>> + use<'a> {
        self.0.iter().map(|item| ValueRef::read(item?))
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Result<&'a [u8]>> + use<'a> {
        self.0.iter()
    }

    pub(super) fn check_end(&self) -> Result<()> {
        self.0.check_end()
    }

    pub(super) fn items_bytes(&self) -> usize {
        self.0.content.len()
    }
}

impl<'a> ObjectRef<'a> {
    #[inline]
    pub(super) fn read(tag: u8, body: &'a [u8]) -> Result<Self> {
        let width = Width::of_tag(tag, tag::OBJECT).ok_or_else(|| Error::corrupt("value: it is not an object"))?;
        Items::read(width, body).map(Self)
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Reads one field without the others, or returns `None` if there is none of that name.
    ///
    /// # Errors
    ///
    /// `corrupt` when a key on the way, or the field's bytes, are not sound.
    pub fn get(&self, name: &str) -> Result<Option<ValueRef<'a>>> {
        match self.0.find(name.as_bytes())? {
            Some(value) => ValueRef::read(value).map(Some),
            None => Ok(None),
        }
    }

    /// Goes over the fields in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = Result<(&'a str, ValueRef<'a>)>> + use<'a> {
        self.fields().map(|field| {
            let (name, value) = field?;
            Ok((name, ValueRef::read(value)?))
        })
    }

    /// Goes over the names in insertion order, without reading the values.
    pub fn keys(&self) -> impl Iterator<Item = Result<&'a str>> + use<'a> {
        self.fields().map(|field| field.map(|(name, _)| name))
    }

    /// Goes over the fields with their values in stored form.
    pub(super) fn fields(&self) -> impl Iterator<Item = Result<(&'a str, &'a [u8])>> + use<'a> {
        self.0.iter().map(|item| {
            let (key, value) = split_item(item?)?;
            match std::str::from_utf8(key) {
                Ok(name) => Ok((name, value)),
                Err(error) => Err(Error::corrupt("value: a key is not UTF-8").with_source(error)),
            }
        })
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Result<&'a [u8]>> + use<'a> {
        self.0.iter()
    }

    pub(super) fn check_end(&self) -> Result<()> {
        self.0.check_end()
    }

    pub(super) fn items_bytes(&self) -> usize {
        self.0.content.len()
    }
}

#[inline]
pub(super) fn split_item(item: &[u8]) -> Result<(&[u8], &[u8])> {
    match split_key(item) {
        Some(parts) => Ok(parts),
        None => Err(bad_key()),
    }
}

#[cold]
fn bad_key() -> Error {
    Error::corrupt("value: a key does not fit its item")
}

#[cold]
fn bad_ends(end: usize) -> Error {
    Error::corrupt(format!("value: the table of an array or object has a wrong end, {end}"))
}
