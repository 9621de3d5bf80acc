//! JSON text in and out, straight to and from the stored form.

mod read;
mod typed;
mod write;

pub(crate) use write::write_json;

use crate::document::{DocumentBuf, DocumentBuilder, DocumentRef, ValueRef, encode_value};
use crate::{Error, Result, Value};
use read::JsonReader;

/// Reads the JSON text of one object into the stored form.
///
/// Integers stay exact up to [`INTEGER_BYTES_MAX`](crate::limits::INTEGER_BYTES_MAX). The types that JSON lacks are written
/// as objects with one field:
///
/// ```text
/// {"$bytes": "aGk="}   {"$datetime": "2024-03-01T11:00:00.25Z"}   {"$decimal": "12.50"}
/// {"$oid": "0123456789abcdef01234567"}   {"$uuid": "01234567-89ab-cdef-0123-456789abcdef"}
/// {"$literal": {"$bytes": 5}}   the object {"$bytes": 5} itself
/// ```
///
/// # Errors
///
/// `invalid_json` with line and column when the text is not JSON or is not that of an object, `duplicate_field`,
/// `invalid_value` for a malformed typed object or a number that cannot be stored, and the limits of a document.
///
/// # Examples
///
/// ```
/// use nedb_types::document::json_to_document;
///
/// let document = json_to_document(br#"{"n": 123456789012345678901234567890, "x": 1.0}"#)?;
/// assert_eq!(document.as_document().to_json()?, r#"{"n":123456789012345678901234567890,"x":1.0}"#);
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn json_to_document(json: &[u8]) -> Result<DocumentBuf> {
    json_to_document_with(json, &mut DocumentBuilder::new())
}

/// Reads the JSON text of one object, reusing the buffers of a builder from one text to the next.
///
/// # Errors
///
/// Those of [`json_to_document`]; the builder can be used again after any of them.
pub fn json_to_document_with(json: &[u8], builder: &mut DocumentBuilder) -> Result<DocumentBuf> {
    builder.clear();
    JsonReader::new(json, builder).read_document()
}

/// Appends a document as compact JSON text; the fields keep their order.
///
/// # Errors
///
/// `corrupt` when something inside the document is not sound.
pub fn document_to_json(document: &DocumentRef<'_>, out: &mut Vec<u8>) -> Result<()> {
    write_json(&ValueRef::Object(document.root()), out)
}

/// Reads the JSON text of any value.
///
/// # Errors
///
/// Those of [`json_to_document`], except that the value may be of any type.
///
/// # Examples
///
/// ```
/// use nedb_types::Value;
/// use nedb_types::document::json_to_value;
///
/// assert_eq!(json_to_value(b"[1, null]")?, Value::Array(vec![Value::from(1), Value::Null]));
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn json_to_value(json: &[u8]) -> Result<Value> {
    let mut builder = DocumentBuilder::new();
    JsonReader::new(json, &mut builder).read()?;
    ValueRef::read(&builder.finish_value()?)?.to_value()
}

/// Writes any value as compact JSON text.
///
/// # Errors
///
/// The limits of a document.
///
/// # Examples
///
/// ```
/// use nedb_types::document::value_to_json;
/// use nedb_types::{Timestamp, Value};
///
/// let moment = Value::from(Timestamp::from_micros(0));
/// assert_eq!(value_to_json(&moment)?, r#"{"$datetime":"1970-01-01T00:00:00Z"}"#);
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn value_to_json(value: &Value) -> Result<String> {
    let mut text = Vec::new();
    write_json(&ValueRef::read(&encode_value(value)?)?, &mut text)?;
    String::from_utf8(text).map_err(|error| Error::corrupt("value: its JSON is not UTF-8").with_source(error))
}
