//! A document with a few top-level fields more or less, without decoding the others.

use super::container::split_item;
use super::{DocumentBuf, DocumentBuilder, DocumentRef};
use crate::{Result, Value};

impl DocumentBuf {
    /// Copies a document with the given top-level fields set: a present one is replaced in place, a new one added at the end.
    ///
    /// # Errors
    ///
    /// `corrupt` when the keys of the document are not sound; the limits of a document.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::document::{DocumentBuf, json_to_document};
    ///
    /// let stored = json_to_document(br#"{"name":"Ada"}"#)?;
    /// let shown = DocumentBuf::with_fields(&stored.as_document(), &[("_id", "7".into())])?;
    /// assert_eq!(shown.as_document().to_json()?, r#"{"name":"Ada","_id":"7"}"#);
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    pub fn with_fields(document: &DocumentRef<'_>, fields: &[(&str, Value)]) -> Result<Self> {
        let mut builder = DocumentBuilder::new();
        builder.begin_object()?;
        for field in document.root().fields() {
            let (name, stored) = field?;
            builder.key(name)?;
            match fields.iter().find(|(replaced, _)| *replaced == name) {
                Some((_, value)) => builder.value(value)?,
                None => builder.stored(stored)?,
            }
        }
        for (name, value) in fields {
            if document.get(name)?.is_none() {
                builder.key(name)?;
                builder.value(value)?;
            }
        }
        builder.end()?;
        builder.finish()
    }
}

impl DocumentBuilder {
    /// Writes the top-level fields of a document into the object at hand, without decoding them, except those whose names, in
    /// UTF-8, are to be left out.
    ///
    /// # Errors
    ///
    /// `corrupt` when the keys of the document are not sound; the limits of a document.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::document::{DocumentBuilder, json_to_document};
    ///
    /// let stored = json_to_document(br#"{"name":"Ada","_id":"?"}"#)?;
    /// let mut builder = DocumentBuilder::new();
    /// builder.begin_object()?;
    /// builder.fields_of(&stored.as_document(), |name| name == b"_id")?;
    /// builder.key("_id")?;
    /// builder.string("7")?;
    /// builder.end()?;
    /// assert_eq!(builder.finish()?.as_document().to_json()?, r#"{"name":"Ada","_id":"7"}"#);
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    pub fn fields_of(&mut self, document: &DocumentRef<'_>, is_left_out: impl Fn(&[u8]) -> bool) -> Result<()> {
        for item in document.root().items() {
            let item = item?;
            let (name, _) = split_item(item)?;
            if !is_left_out(name) {
                self.item(name, item)?;
            }
        }
        Ok(())
    }
}

impl DocumentRef<'_> {
    /// Copies the document without the top-level fields whose names, in UTF-8, are to be left out; `None` says that it has
    /// none of them, and so nothing was copied.
    ///
    /// # Errors
    ///
    /// `corrupt` when the keys of the document are not sound.
    ///
    /// # Examples
    ///
    /// ```
    /// use nedb_types::document::json_to_document;
    ///
    /// let given = json_to_document(br#"{"_id":"7","name":"Ada"}"#)?;
    /// let stored = given.as_document().without_fields(|name| name == b"_id")?.expect("it has an _id");
    /// assert_eq!(stored.as_document().to_json()?, r#"{"name":"Ada"}"#);
    /// assert!(stored.as_document().without_fields(|name| name == b"_id")?.is_none());
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    pub fn without_fields(&self, is_left_out: impl Fn(&[u8]) -> bool) -> Result<Option<DocumentBuf>> {
        // Every document that is written comes by here, and few have such a field: the names are compared as they stand.
        let mut found = false;
        for item in self.root().items() {
            let (name, _) = split_item(item?)?;
            found |= is_left_out(name);
        }
        if !found {
            return Ok(None);
        }
        let mut builder = DocumentBuilder::new();
        builder.begin_object()?;
        for field in self.root().fields() {
            let (name, stored) = field?;
            if !is_left_out(name.as_bytes()) {
                builder.key(name)?;
                builder.stored(stored)?;
            }
        }
        builder.end()?;
        builder.finish().map(Some)
    }
}
