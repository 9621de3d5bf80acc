//! From a value in memory to the stored form; of messages also the way back.

use super::validate::check_value;
use super::{DocumentBuf, DocumentBuilder, ValueRef};
use crate::{Error, ErrorCode, Object, Result, Value};

/// Writes the stored form of a document.
///
/// # Errors
///
/// `invalid_value` when the value is not an object, or with the path of an integer beyond the limit, `nesting_too_deep` and
/// `document_too_large`.
///
/// # Examples
///
/// ```
/// use nedb_types::document::encode;
/// use nedb_types::{Object, Value};
///
/// assert_eq!(encode(&Value::Object(Object::new()))?.as_bytes(), [0x48, 1, 0]);
/// assert!(encode(&Value::from(1)).is_err());
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn encode(value: &Value) -> Result<DocumentBuf> {
    match value {
        Value::Object(object) => DocumentBuf::from_object(object),
        other => {
            let found = other.type_name();
            Err(Error::new(ErrorCode::InvalidValue, format!("a document must be an object, not of type {found}")))
        }
    }
}

/// Writes the stored form of any value, as it stands inside a document.
///
/// # Errors
///
/// Those of [`encode`], except that the value may be of any type.
pub fn encode_value(value: &Value) -> Result<Vec<u8>> {
    let mut builder = DocumentBuilder::new();
    builder.value(value)?;
    builder.finish_value()
}

/// Writes an object of up to so many bytes in stored form: a message, which may hold several documents.
///
/// # Errors
///
/// `batch_too_large` beyond the limit; else those of [`encode`].
///
/// # Examples
///
/// ```
/// use nedb_types::document::{decode_message, encode_message};
/// use nedb_types::{ErrorCode, Object, Value};
///
/// let mut message = Object::new();
/// message.insert("docs", Value::Array(vec![Value::String("x".repeat(5 << 20)), Value::String("y".repeat(5 << 20))]));
/// assert_eq!(decode_message(&encode_message(&message, 16 << 20)?)?, message);
/// assert_eq!(encode_message(&message, 9 << 20).unwrap_err().code(), ErrorCode::BatchTooLarge);
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn encode_message(object: &Object, bytes_max: usize) -> Result<Vec<u8>> {
    let mut builder = DocumentBuilder::with_bytes_max(bytes_max);
    builder.object(object)?;
    builder.finish_value()
}

/// Reads what [`encode_message`] wrote, and checks every byte of it.
///
/// # Errors
///
/// `corrupt` with the offset of what does not check.
pub fn decode_message(bytes: &[u8]) -> Result<Object> {
    check_value(bytes, 0, 1)?;
    match ValueRef::read(bytes)?.to_value()? {
        Value::Object(object) => Ok(object),
        other => Err(Error::corrupt(format!("message: it is of type {}, not an object", other.type_name()))),
    }
}

impl DocumentBuf {
    /// Writes the stored form of an object.
    ///
    /// # Errors
    ///
    /// Those of [`encode`].
    pub fn from_object(object: &Object) -> Result<Self> {
        let mut builder = DocumentBuilder::new();
        builder.object(object)?;
        builder.finish()
    }
}

impl DocumentBuilder {
    /// Writes a value with everything inside it; an error names the path from here.
    pub fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::I64(value) => self.i64(*value),
            Value::BigInt(value) => self.wide_integer(value),
            Value::F64(value) => self.float(*value),
            Value::Decimal(value) => self.decimal(value),
            Value::String(value) => self.string(value),
            Value::Bytes(value) => self.bytes(value),
            Value::DateTime(value) => self.date_time(*value),
            Value::Uuid(value) => self.uuid(value),
            Value::ObjectId(value) => self.object_id(value),
            Value::Array(elements) => self.array(elements),
            Value::Object(object) => self.object(object),
        }
    }

    fn array(&mut self, elements: &[Value]) -> Result<()> {
        self.begin_array()?;
        for (position, element) in elements.iter().enumerate() {
            self.value(element).map_err(|error| error.under_index(position))?;
        }
        self.end()
    }

    /// Writes an object with everything inside it; an error names the path from here.
    pub fn object(&mut self, object: &Object) -> Result<()> {
        self.begin_object()?;
        for (name, value) in object.iter() {
            self.key(name)?;
            self.value(value).map_err(|error| error.under_field(name))?;
        }
        self.end()
    }
}
