//! A document as either place gives it.

use nedb::{RESERVED_FIELDS, Row};
use nedb_types::{DocId, DocumentBuf, Error, ErrorCode, Object, Result, Value};

/// A document with what reads add to it.
pub enum Record {
    /// As the engine has it.
    Row(Row),
    /// As a daemon tells it: with the fields that reads add.
    Told(Object),
}

impl Record {
    /// The document with `_id` and the fields that say where the version comes from.
    pub fn mirrored(&self) -> Result<DocumentBuf> {
        match self {
            Self::Row(row) => row.mirrored(),
            Self::Told(object) => DocumentBuf::from_object(object),
        }
    }

    /// The document as it was written.
    pub fn bare(&self) -> Result<DocumentBuf> {
        match self {
            Self::Row(row) => DocumentBuf::from_bytes(row.document()?.as_bytes().to_vec()),
            Self::Told(object) => DocumentBuf::from_object(&bare(object.clone())),
        }
    }

    /// Its id.
    pub fn id(&self) -> Result<DocId> {
        match self {
            Self::Row(row) => row.id(),
            Self::Told(object) => match object.get("_id") {
                Some(Value::String(text)) => DocId::new(text),
                Some(Value::Bytes(bytes)) => DocId::new(bytes),
                _ => Err(Error::new(ErrorCode::Io, "the server told a document without its _id")),
            },
        }
    }
}

/// An object without the fields that reads add; no document has fields of these names.
pub fn bare(object: Object) -> Object {
    object.filter_map(|name, value| (!RESERVED_FIELDS.contains(&name)).then_some(value))
}
