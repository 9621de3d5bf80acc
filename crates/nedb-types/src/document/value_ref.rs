//! A value inside a stored document, read in place.
//!
//! Reading checks the value it reads and nothing else: tag, lengths, the shortest form, UTF-8 of text. What lies inside an
//! array or object is checked when it is read in turn.

use super::tag;
use super::width::Width;
use super::{ArrayRef, ObjectRef};
use crate::limits::{INTEGER_BYTES_MAX, NESTING_MAX};
use crate::{BigInt, Decimal, Error, Float, Object, PathStep, Result, Timestamp, Value, WideInteger};
use num_bigint::Sign;

/// Is a borrowed view of one stored value.
///
/// # Examples
///
/// ```
/// use nedb_types::document::{ValueRef, json_to_document};
///
/// let document = json_to_document(br#"{"name":"Ada","born":1815}"#)?;
/// assert_eq!(document.as_document().get("born")?, Some(ValueRef::I64(1815)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum ValueRef<'a> {
    /// Is null.
    Null,
    /// Is true or false.
    Bool(bool),
    /// Is an integer of at most 64 bits.
    I64(i64),
    /// Is an integer beyond 64 bits.
    BigInt(WideInteger),
    /// Is a finite float.
    F64(Float),
    /// Is an exact decimal number.
    Decimal(Decimal),
    /// Is text.
    String(&'a str),
    /// Is binary data.
    Bytes(&'a [u8]),
    /// Is a moment.
    DateTime(Timestamp),
    /// Is a UUID.
    Uuid(&'a [u8; 16]),
    /// Is an object id.
    ObjectId(&'a [u8; 12]),
    /// Is a list of values.
    Array(ArrayRef<'a>),
    /// Is a set of named values.
    Object(ObjectRef<'a>),
}

impl<'a> ValueRef<'a> {
    /// Reads the value that takes up all of `bytes`.
    ///
    /// # Errors
    ///
    /// `corrupt` when the bytes are not a value in its one valid form.
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&tag, body)) => Self::read_tagged(tag, body),
            None => Err(Error::corrupt("value: it has no bytes")),
        }
    }

    /// Goes along steps into the value; `None` when they lead nowhere.
    ///
    /// # Errors
    ///
    /// `corrupt` when bytes on the way are not sound.
    ///
    /// ```
    /// use nedb_types::{FieldPath, ValueRef, document::json_to_document};
    ///
    /// let document = json_to_document(br#"{"tags":["a","b"]}"#)?;
    /// let path: FieldPath = "tags[1]".parse()?;
    /// let root = ValueRef::Object(document.as_document().root());
    /// assert_eq!(root.at(path.steps())?, Some(ValueRef::String("b")));
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    pub fn at(self, steps: &[PathStep]) -> Result<Option<Self>> {
        let mut value = self;
        for step in steps {
            let inner = match (&value, step) {
                (Self::Object(object), PathStep::Field(name)) => object.get(name)?,
                (Self::Array(elements), PathStep::Index(index)) => match usize::try_from(*index) {
                    Ok(index) => elements.get(index)?,
                    Err(_beyond_memory) => None,
                },
                _ => None,
            };
            match inner {
                Some(inner) => value = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(value))
    }

    /// Copies the value out of the document.
    ///
    /// # Errors
    ///
    /// `corrupt` when something inside is not sound.
    pub fn to_value(&self) -> Result<Value> {
        self.to_value_at(1)
    }

    fn to_value_at(&self, level: usize) -> Result<Value> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::I64(value) => Value::I64(*value),
            Self::BigInt(value) => Value::BigInt(value.clone()),
            Self::F64(value) => Value::F64(*value),
            Self::Decimal(value) => Value::Decimal(value.clone()),
            Self::String(value) => Value::String((*value).to_owned()),
            Self::Bytes(value) => Value::Bytes(value.to_vec()),
            Self::DateTime(value) => Value::DateTime(*value),
            Self::Uuid(value) => Value::Uuid(**value),
            Self::ObjectId(value) => Value::ObjectId(**value),
            Self::Array(array) => {
                check_level(level)?;
                Value::Array(array.iter().map(|element| element?.to_value_at(level + 1)).collect::<Result<_>>()?)
            }
            Self::Object(object) => {
                check_level(level)?;
                Value::Object(to_object(object, level)?)
            }
        })
    }

    fn read_tagged(tag: u8, body: &'a [u8]) -> Result<Self> {
        match tag {
            tag::NULL => no_body(body).map(|()| Self::Null),
            tag::FALSE => no_body(body).map(|()| Self::Bool(false)),
            tag::TRUE => no_body(body).map(|()| Self::Bool(true)),
            tag::I8..=tag::I64 => read_integer(tag, body).map(Self::I64),
            tag::BIG_INT => read_wide(body).map(Self::BigInt),
            tag::F64 => read_float(body).map(Self::F64),
            tag::DECIMAL => read_decimal(body).map(Self::Decimal),
            tag::STRING..=0x22 => {
                let bytes = sized(tag, tag::STRING, body)?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => Ok(Self::String(text)),
                    Err(error) => Err(Error::corrupt("value: a string is not UTF-8").with_source(error)),
                }
            }
            tag::BYTES..=0x2a => sized(tag, tag::BYTES, body).map(Self::Bytes),
            tag::DATE_TIME => {
                fixed(body).map(|bytes| Self::DateTime(Timestamp::from_micros(i64::from_le_bytes(*bytes))))
            }
            tag::UUID => fixed(body).map(Self::Uuid),
            tag::OBJECT_ID => fixed(body).map(Self::ObjectId),
            tag::ARRAY..=0x42 => ArrayRef::read(tag, body).map(Self::Array),
            tag::OBJECT..=0x4a => ObjectRef::read(tag, body).map(Self::Object),
            unknown => Err(Error::corrupt(format!("value: the tag {unknown:#04x} is unknown"))),
        }
    }
}

/// Refuses nesting that no writer produces, before a reader recurses further.
pub(crate) fn check_level(level: usize) -> Result<()> {
    if level > NESTING_MAX { Err(Error::corrupt(format!("value: it nests deeper than {NESTING_MAX}"))) } else { Ok(()) }
}

fn to_object(object: &ObjectRef<'_>, level: usize) -> Result<Object> {
    let mut fields = Vec::with_capacity(object.len());
    for field in object.iter() {
        let (name, value) = field?;
        fields.push((name.to_owned(), value.to_value_at(level + 1)?));
    }
    Object::from_fields(fields).map_err(|error| Error::corrupt(error.message()))
}

fn no_body(body: &[u8]) -> Result<()> {
    if body.is_empty() { Ok(()) } else { Err(wrong_length(0, body)) }
}

fn fixed<const N: usize>(body: &[u8]) -> Result<&[u8; N]> {
    body.try_into().map_err(|error| wrong_length(N, body).with_source(error))
}

fn read_integer(tag: u8, body: &[u8]) -> Result<i64> {
    let (value, fits_less) = match tag {
        tag::I8 => (i64::from(i8::from_le_bytes(*fixed(body)?)), false),
        tag::I16 => {
            let value = i16::from_le_bytes(*fixed(body)?);
            (i64::from(value), i8::try_from(value).is_ok())
        }
        tag::I32 => {
            let value = i32::from_le_bytes(*fixed(body)?);
            (i64::from(value), i16::try_from(value).is_ok())
        }
        _ => {
            let value = i64::from_le_bytes(*fixed(body)?);
            (value, i32::try_from(value).is_ok())
        }
    };
    if fits_less { Err(not_shortest("an integer")) } else { Ok(value) }
}

fn read_wide(body: &[u8]) -> Result<WideInteger> {
    WideInteger::new(read_magnitude(body)?).ok_or_else(|| not_shortest("an integer"))
}

fn read_decimal(body: &[u8]) -> Result<Decimal> {
    let Some((scale, magnitude)) = body.split_first_chunk() else {
        return Err(wrong_length(9, body));
    };
    Ok(Decimal::new(read_magnitude(magnitude)?, i32::from_le_bytes(*scale)))
}

fn read_magnitude(body: &[u8]) -> Result<BigInt> {
    let Some((&[sign, a, b, c, d], magnitude)) = body.split_first_chunk::<5>() else {
        return Err(wrong_length(5, body));
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    if usize::try_from(length).ok() != Some(magnitude.len()) || magnitude.len() > INTEGER_BYTES_MAX {
        return Err(Error::corrupt(format!("value: an integer of {length} bytes has {} of them", magnitude.len())));
    }
    let sign = match (sign, magnitude.last()) {
        (0, None) => Sign::NoSign,
        (0, Some(1..)) => Sign::Plus,
        (1, Some(1..)) => Sign::Minus,
        _ => return Err(not_shortest("an integer")),
    };
    Ok(BigInt::from_bytes_le(sign, magnitude))
}

fn read_float(body: &[u8]) -> Result<Float> {
    Float::new(f64::from_bits(u64::from_le_bytes(*fixed(body)?))).map_err(|error| Error::corrupt(error.message()))
}

/// Reads the body of text or binary data, whose length must be in its shortest form and end the value.
#[inline]
fn sized(tag: u8, first_tag: u8, body: &[u8]) -> Result<&[u8]> {
    let parts = Width::of_tag(tag, first_tag).and_then(|width| {
        let (length, content) = body.split_at_checked(width.bytes())?;
        Some((width, width.read(length)?, content))
    });
    match parts {
        Some((width, length, content)) if length == content.len() => {
            if Width::of(length) == Some(width) {
                Ok(content)
            } else {
                Err(not_shortest("a length"))
            }
        }
        _ => Err(Error::corrupt("value: a length does not match")),
    }
}

#[cold]
pub(super) fn not_shortest(what: &str) -> Error {
    Error::corrupt(format!("value: {what} is not in its shortest form"))
}

#[cold]
fn wrong_length(expected: usize, body: &[u8]) -> Error {
    Error::corrupt(format!("value: {expected} bytes are needed, there are {}", body.len()))
}
