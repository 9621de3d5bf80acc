//! A whole document in stored form: borrowed from the log, or owned.

use super::validate::check_value;
use super::{ObjectRef, ValueRef, tag};
use crate::json::write_json;
use crate::limits::DOCUMENT_BYTES_HARD_MAX;
use crate::{Error, ErrorCode, FieldPath, PathStep, Result, Value};

/// Borrows the stored form of a document, for instance from the mapped log, and reads fields in place.
///
/// # Examples
///
/// ```
/// use nedb_types::document::{DocumentRef, ValueRef, json_to_document};
///
/// let bytes = json_to_document(br#"{"address":{"city":"Turin"}}"#)?.into_bytes();
/// let document = DocumentRef::new(&bytes)?;
/// assert_eq!(document.get_path(&"address.city".parse()?)?, Some(ValueRef::String("Turin")));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRef<'a> {
    bytes: &'a [u8],
    root: ObjectRef<'a>,
}

impl<'a> DocumentRef<'a> {
    /// Takes bytes whose outer frame is that of an object; what lies inside is checked when it is read.
    ///
    /// # Errors
    ///
    /// `corrupt` when the frame does not check.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > DOCUMENT_BYTES_HARD_MAX {
            return Err(Error::corrupt(format!("document: {} bytes exceed every limit", bytes.len())));
        }
        match bytes.split_first() {
            Some((&tag, body)) if tag::is_object(tag) => Ok(Self { bytes, root: ObjectRef::read(tag, body)? }),
            _ => Err(not_an_object(bytes)),
        }
    }

    /// Checks every byte of the document.
    ///
    /// # Errors
    ///
    /// `corrupt` with the offset of the first value that is not exactly what a writer produces.
    pub fn validate(&self) -> Result<()> {
        check_value(self.bytes, 0, 1)
    }

    /// Returns the bytes of the stored form.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the object at the root.
    pub const fn root(&self) -> ObjectRef<'a> {
        self.root
    }

    /// Reads one field of the root, or returns `None` if there is none of that name.
    ///
    /// # Errors
    ///
    /// `corrupt` when bytes on the way are not sound.
    pub fn get(&self, name: &str) -> Result<Option<ValueRef<'a>>> {
        self.root.get(name)
    }

    /// Reads the value at a path, or returns `None` if the path leads nowhere.
    ///
    /// # Errors
    ///
    /// `corrupt` when bytes on the way are not sound.
    #[inline]
    pub fn get_path(&self, path: &FieldPath) -> Result<Option<ValueRef<'a>>> {
        match path.steps() {
            [PathStep::Field(name)] => self.root.get(name),
            steps => ValueRef::Object(self.root).at(steps),
        }
    }

    /// Goes over the fields of the root in insertion order.
    pub fn iter(&self) -> impl Iterator<Item = Result<(&'a str, ValueRef<'a>)>> + use<'a> {
        self.root.iter()
    }

    /// Copies the document into a value, which is an object.
    ///
    /// # Errors
    ///
    /// `corrupt` when something inside is not sound.
    pub fn to_value(&self) -> Result<Value> {
        ValueRef::Object(self.root).to_value()
    }

    /// Writes the document as compact JSON text.
    ///
    /// # Errors
    ///
    /// `corrupt` when something inside is not sound.
    pub fn to_json(&self) -> Result<String> {
        let mut text = Vec::with_capacity(self.bytes.len() * 3 / 2);
        write_json(&ValueRef::Object(self.root), &mut text)?;
        String::from_utf8(text).map_err(|error| Error::corrupt("document: its JSON is not UTF-8").with_source(error))
    }
}

#[cold]
fn not_an_object(bytes: &[u8]) -> Error {
    match ValueRef::read(bytes) {
        Ok(_) => Error::corrupt("document: its root is not an object"),
        Err(error) => error,
    }
}

/// Owns the stored form of a document that was built here or checked on the way in.
///
/// # Examples
///
/// ```
/// use nedb_types::document::DocumentBuf;
/// use nedb_types::{Object, Value};
///
/// let mut object = Object::new();
/// object.insert("name", "Ada");
/// let document = DocumentBuf::from_object(&object)?;
/// assert_eq!(document.as_document().to_value()?, Value::Object(object));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentBuf(Vec<u8>);

impl DocumentBuf {
    /// Takes bytes from outside and checks every one of them.
    ///
    /// # Errors
    ///
    /// `corrupt` with the offset of what does not check.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        DocumentRef::new(&bytes)?.validate()?;
        Ok(Self(bytes))
    }

    /// Takes a value that the builder wrote.
    pub(crate) fn from_root(bytes: Vec<u8>) -> Result<Self> {
        match DocumentRef::new(&bytes) {
            Ok(_) => Ok(Self(bytes)),
            Err(error) => Err(Error::new(ErrorCode::InvalidValue, "a document must be an object").with_source(error)),
        }
    }

    /// Borrows the document for reading.
    ///
    /// # Panics
    ///
    /// Never: the frame was checked when the document was made, and its bytes do not change.
    pub fn as_document(&self) -> DocumentRef<'_> {
        DocumentRef::new(&self.0).expect("the frame was checked when the document was made")
    }

    /// Returns the bytes of the stored form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes by value.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl<'a> From<DocumentRef<'a>> for DocumentBuf {
    fn from(document: DocumentRef<'a>) -> Self {
        Self(document.bytes.to_vec())
    }
}
