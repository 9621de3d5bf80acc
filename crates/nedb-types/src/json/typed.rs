//! The JSON form of the types that JSON lacks.
//!
//! An object with exactly one field stands for a typed value when the field has one of these names; what it says must then
//! be well-formed. A real object that looks like one is wrapped in `$literal`, so that every value comes back as it was.
//!
//! ```text
//! {"$bytes": "aGk="}                          binary, base64 with padding
//! {"$datetime": "2024-03-01T11:00:00.25Z"}    moment, any form that a timestamp takes
//! {"$uuid": "01234567-89ab-cdef-0123-456789abcdef"}
//! {"$oid": "0123456789abcdef01234567"}
//! {"$decimal": "12.50"}
//! {"$literal": {"$bytes": 5}}                 the object {"$bytes": 5} itself
//! ```

use crate::document::DocumentBuilder;
use crate::hex::{encode_uuid, parse_hex};
use crate::{Decimal, Error, ErrorCode, Result, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Is a field name that makes a one-field object a typed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypedKey {
    Bytes,
    DateTime,
    Uuid,
    ObjectId,
    Decimal,
    Literal,
}

/// Lengths of the five groups of a UUID's digits.
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

impl TypedKey {
    #[inline]
    pub(super) fn parse(name: &str) -> Option<Self> {
        if !name.starts_with('$') {
            return None;
        }
        match name {
            "$bytes" => Some(Self::Bytes),
            "$datetime" => Some(Self::DateTime),
            "$uuid" => Some(Self::Uuid),
            "$oid" => Some(Self::ObjectId),
            "$decimal" => Some(Self::Decimal),
            "$literal" => Some(Self::Literal),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "$bytes",
            Self::DateTime => "$datetime",
            Self::Uuid => "$uuid",
            Self::ObjectId => "$oid",
            Self::Decimal => "$decimal",
            Self::Literal => "$literal",
        }
    }

    /// Writes the value that the text stands for.
    pub(super) fn write(self, text: &str, builder: &mut DocumentBuilder) -> Result<()> {
        match self {
            Self::Bytes => match STANDARD.decode(text) {
                Ok(bytes) => builder.bytes(&bytes),
                Err(error) => Err(self.malformed().with_source(error)),
            },
            Self::DateTime => match text.parse::<Timestamp>() {
                Ok(moment) => builder.date_time(moment),
                Err(error) => Err(self.malformed().with_source(error)),
            },
            Self::Uuid => builder.uuid(&parse_uuid(text).ok_or_else(|| self.malformed())?),
            Self::ObjectId => builder.object_id(&parse_hex(text).ok_or_else(|| self.malformed())?),
            Self::Decimal => match text.parse::<Decimal>() {
                Ok(number) => builder.decimal(&number),
                Err(error) => Err(self.malformed().with_source(error)),
            },
            Self::Literal => Err(self.malformed()),
        }
    }

    /// Makes the error for a one-field object whose content is not what its name says.
    pub(super) fn malformed(self) -> Error {
        let expected = match self {
            Self::Bytes => "base64 text",
            Self::DateTime => "an ISO 8601 date-time",
            Self::Uuid => "a UUID of 32 hexadecimal digits in five groups",
            Self::ObjectId => "24 hexadecimal digits",
            Self::Decimal => "a decimal number as text",
            Self::Literal => "an object",
        };
        let name = self.name();
        Error::new(
            ErrorCode::InvalidValue,
            format!("the object {{\"{name}\": ..}} needs {expected}; wrap it in $literal to store it as an object"),
        )
    }
}

/// Appends binary data as base64.
pub(super) fn push_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
}

/// Appends a UUID in its five groups.
pub(super) fn push_uuid(uuid: &[u8; 16], out: &mut Vec<u8>) {
    out.extend_from_slice(encode_uuid(uuid).as_bytes());
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').take(UUID_GROUPS.len() + 1).collect();
    let in_groups = groups.iter().map(|group| group.len()).eq(UUID_GROUPS);
    if in_groups { parse_hex(&groups.concat()) } else { None }
}
