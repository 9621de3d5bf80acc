//! From a value in memory to the stored form.

use super::{DocumentBuf, DocumentBuilder};
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

    fn object(&mut self, object: &Object) -> Result<()> {
        self.begin_object()?;
        for (name, value) in object.iter() {
            self.key(name)?;
            self.value(value).map_err(|error| error.under_field(name))?;
        }
        self.end()
    }
}
