//! Values: what a document is made of.
//!
//! A [`Value`] owns its parts and is built in memory; the stored form is in [`document`](crate::document).
//! Each value has exactly one form here: an integer within `i64` is never a wide one, and floats are finite.

mod decimal;
mod float;
mod object;
mod order;
mod wide_integer;

pub use decimal::Decimal;
pub(crate) use decimal::parse_integer;
pub use float::Float;
pub use object::Object;
pub(crate) use object::duplicate_field;
pub use wide_integer::WideInteger;

use crate::{PathStep, Result, Timestamp};
use num_bigint::BigInt;
use std::cmp::Ordering;

/// Is one value of a document.
///
/// `==` compares form and content, so `1` and `1.0` differ; [`Value::cmp_total`] compares numbers by their value.
///
/// # Examples
///
/// ```
/// use nedb_types::Value;
/// use std::cmp::Ordering;
///
/// let (integer, float) = (Value::from(1), Value::float(1.0)?);
/// assert_ne!(integer, float);
/// assert_eq!(integer.cmp_total(&float), Ordering::Equal);
/// # Ok::<(), nedb_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// Is null.
    #[default]
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
    String(String),
    /// Is binary data.
    Bytes(Vec<u8>),
    /// Is a moment.
    DateTime(Timestamp),
    /// Is a UUID.
    Uuid([u8; 16]),
    /// Is a 12-byte object id, as `MongoDB` has them.
    ObjectId([u8; 12]),
    /// Is a list of values.
    Array(Vec<Value>),
    /// Is a set of named values, in insertion order.
    Object(Object),
}

impl Value {
    /// Makes an integer of any size, in the one form it has.
    pub fn integer(integer: BigInt) -> Self {
        match i64::try_from(&integer) {
            Ok(small) => Self::I64(small),
            Err(_too_large) => WideInteger::new(integer).map_or(Self::Null, Self::BigInt),
        }
    }

    /// Makes a float.
    ///
    /// # Errors
    ///
    /// `invalid_value` for NaN and the infinities.
    pub fn float(number: f64) -> Result<Self> {
        Float::new(number).map(Self::F64)
    }

    /// Goes along steps into the value; `None` when they lead nowhere.
    ///
    /// ```
    /// use nedb_types::{FieldPath, Value};
    ///
    /// let tags = Value::Array(vec![Value::from("a"), Value::from("b")]);
    /// let path: FieldPath = "tags[1]".parse()?;
    /// assert_eq!(tags.at(&path.steps()[1..]), Some(&Value::from("b")));
    /// # Ok::<(), nedb_types::Error>(())
    /// ```
    pub fn at(&self, steps: &[PathStep]) -> Option<&Self> {
        steps.iter().try_fold(self, |value, step| match (value, step) {
            (Self::Object(object), PathStep::Field(name)) => object.get(name),
            (Self::Array(elements), PathStep::Index(index)) => elements.get(usize::try_from(*index).ok()?),
            _ => None,
        })
    }

    /// Compares in the total order of values.
    ///
    /// null < booleans < numbers < strings < binary < datetimes < uuids < object ids < arrays < objects; numbers of all
    /// types by their exact value, strings by their UTF-8 bytes, arrays element by element, objects by their fields
    /// sorted by name.
    pub fn cmp_total(&self, other: &Self) -> Ordering {
        order::cmp_total(self, other)
    }

    /// Returns about how many bytes of memory the value takes.
    pub fn memory_bytes(&self) -> usize {
        let inner = match self {
            Self::String(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Array(elements) => elements.iter().map(Self::memory_bytes).sum(),
            Self::Object(object) => {
                object.iter().map(|(name, value)| name.len() + size_of::<String>() + value.memory_bytes()).sum()
            }
            _ => 0,
        };
        size_of::<Self>() + inner
    }

    /// Names the type, for messages.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::I64(_) | Self::BigInt(_) => "integer",
            Self::F64(_) => "float",
            Self::Decimal(_) => "decimal",
            Self::String(_) => "string",
            Self::Bytes(_) => "binary",
            Self::DateTime(_) => "datetime",
            Self::Uuid(_) => "uuid",
            Self::ObjectId(_) => "object id",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Returns the text if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the integer if this is one of at most 64 bits.
    pub const fn as_i64(&self) -> Option<i64> {
        match self {
            Self::I64(integer) => Some(*integer),
            _ => None,
        }
    }

    /// Returns the fields if this is an object.
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the elements if this is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

macro_rules! value_from {
    ($($source:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

value_from! {
    bool => Bool, i32 => I64, i64 => I64, u32 => I64, Float => F64, Decimal => Decimal, &str => String, String => String,
    Timestamp => DateTime, Vec<Value> => Array, Object => Object,
}

impl From<u64> for Value {
    fn from(integer: u64) -> Self {
        Self::integer(BigInt::from(integer))
    }
}
