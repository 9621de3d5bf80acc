//! The document of a put, in whichever form the caller has it.

use nedb_types::{DocumentBuf, Object, Value};

/// The content of a put: an encoded document, a value, or JSON text.
///
/// ```
/// use nedb::{Body, Op};
/// let from_json = Op::put("users", "ada", Body::json(r#"{"born": 1815}"#));
/// # let _op: Op = from_json;
/// ```
#[derive(Clone, Debug)]
pub enum Body {
    /// A document in its stored form; the cheapest way in.
    Document(DocumentBuf),
    /// A value; it must be an object.
    Value(Value),
    /// JSON text of one object.
    Json(Vec<u8>),
}

impl Body {
    /// Takes JSON text of one object; it is parsed when the operation is admitted.
    pub fn json(text: impl Into<Vec<u8>>) -> Self {
        Self::Json(text.into())
    }
}

impl From<DocumentBuf> for Body {
    fn from(document: DocumentBuf) -> Self {
        Self::Document(document)
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<Object> for Body {
    fn from(object: Object) -> Self {
        Self::Value(Value::Object(object))
    }
}
