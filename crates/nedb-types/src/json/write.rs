//! From the stored form straight to compact JSON text.
//!
//! Fields keep their order. Floats always have a point or an exponent and the fewest digits that give the same number
//! again; other types than JSON's take the forms of [`typed`](super::typed).

use super::typed::{TypedKey, push_base64, push_uuid};
use crate::Result;
use crate::document::{ArrayRef, ObjectRef, ValueRef, check_level};
use crate::hex::push_hex;

const LITERAL_OPEN: &[u8] = b"{\"$literal\":";

/// Appends a value as JSON text.
pub(crate) fn write_json(value: &ValueRef<'_>, out: &mut Vec<u8>) -> Result<()> {
    write_value(value, out, 1)
}

fn write_value(value: &ValueRef<'_>, out: &mut Vec<u8>, level: usize) -> Result<()> {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Bool(true) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) => out.extend_from_slice(b"false"),
        ValueRef::I64(integer) => {
            out.extend_from_slice(itoa::Buffer::new().format(*integer).as_bytes());
        }
        ValueRef::BigInt(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
        ValueRef::F64(float) => {
            out.extend_from_slice(ryu::Buffer::new().format_finite(float.get()).as_bytes());
        }
        ValueRef::String(text) => write_string(text, out),
        ValueRef::Array(array) => return write_array(array, out, level),
        ValueRef::Object(object) => return write_object(object, out, level),
        typed => write_typed(typed, out),
    }
    Ok(())
}

fn write_typed(value: &ValueRef<'_>, out: &mut Vec<u8>) {
    let key = match value {
        ValueRef::Bytes(_) => TypedKey::Bytes,
        ValueRef::DateTime(_) => TypedKey::DateTime,
        ValueRef::Uuid(_) => TypedKey::Uuid,
        ValueRef::ObjectId(_) => TypedKey::ObjectId,
        _ => TypedKey::Decimal,
    };
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(key.name().as_bytes());
    out.extend_from_slice(b"\":\"");
    match value {
        ValueRef::Bytes(bytes) => push_base64(bytes, out),
        ValueRef::DateTime(moment) => out.extend_from_slice(moment.to_string().as_bytes()),
        ValueRef::Uuid(uuid) => push_uuid(uuid, out),
        ValueRef::ObjectId(id) => push_hex(id.as_slice(), out),
        ValueRef::Decimal(number) => out.extend_from_slice(number.to_string().as_bytes()),
        _ => {}
    }
    out.extend_from_slice(b"\"}");
}

fn write_array(array: &ArrayRef<'_>, out: &mut Vec<u8>, level: usize) -> Result<()> {
    check_level(level)?;
    out.push(b'[');
    for (position, element) in array.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_value(&element?, out, level + 1)?;
    }
    out.push(b']');
    Ok(())
}

fn write_object(object: &ObjectRef<'_>, out: &mut Vec<u8>, level: usize) -> Result<()> {
    check_level(level)?;
    let is_literal = looks_typed(object)?;
    if is_literal {
        out.extend_from_slice(LITERAL_OPEN);
    }
    out.push(b'{');
    for (position, field) in object.iter().enumerate() {
        let (name, value) = field?;
        if position > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        write_value(&value, out, level + 1)?;
    }
    out.push(b'}');
    if is_literal {
        out.push(b'}');
    }
    Ok(())
}

/// Says whether a reader would take the object for a typed value.
fn looks_typed(object: &ObjectRef<'_>) -> Result<bool> {
    if object.len() != 1 {
        return Ok(false);
    }
    match object.keys().next() {
        Some(name) => Ok(TypedKey::parse(name?).is_some()),
        None => Ok(false),
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(position) = rest.iter().position(|byte| needs_escape(*byte)) {
        let (plain, tail) = rest.split_at_checked(position).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((escaped, tail)) = tail.split_first() else {
            break;
        };
        write_escape(*escaped, out);
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

const fn needs_escape(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | b'"' | b'\\')
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            push_hex(&[byte], out);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}
