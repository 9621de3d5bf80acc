//! Keys of values: byte strings whose order is the total order of values.
//!
//! ```text
//! null 10 | false 20 | true 21 | number 30 number | string 40 component | binary 48 component | datetime 50 moment
//! uuid 58 bytes | object id 60 bytes | array 68 value* 01 | object 70 (02 component value)* 01, sorted by name
//! number = greatest float that is not above it, ordered 8 bytes, then 00 when it is that float
//!          else 01, decimal exponent ordered 8 bytes, decimal digits without zeros at the end, 00 (complemented: negative)
//! ```
//! A moment and an ordered integer are big-endian with the sign bit turned; of an ordered float the sign bit is turned,
//! and all bits of a negative one. Components are those of the other keys.
//!
//! Promises: values that sort alike, such as 1, 1.0 and 1.00, have one key; no key is the beginning of another. A key
//! that would be longer than [`VALUE_KEY_BYTES_MAX`] is cut there and gets one byte more, so that the order of cut keys
//! is never wrong but may be a draw. Leaves to others: comparing the values themselves where keys are cut.

use super::push_component;
use crate::{BigInt, Decimal, Object, Result, Value, ValueRef};
use std::cmp::Ordering;

/// Longest key of a whole value in bytes: a page of an index holds a dozen of the longest ones.
pub const VALUE_KEY_BYTES_MAX: usize = 256;

const NULL: u8 = 0x10;
const FALSE: u8 = 0x20;
const TRUE: u8 = 0x21;
const NUMBER: u8 = 0x30;
const STRING: u8 = 0x40;
const BYTES: u8 = 0x48;
const DATE_TIME: u8 = 0x50;
const UUID: u8 = 0x58;
const OBJECT_ID: u8 = 0x60;
const ARRAY: u8 = 0x68;
const OBJECT: u8 = 0x70;
/// Ends an array or object; below every beginning of an element or field.
const END: u8 = 0x01;
const FIELD: u8 = 0x02;
const CUT: u8 = 0xff;

/// Makes the key of a value.
///
/// # Examples
///
/// ```
/// use nedb_types::{Value, key::value_key};
///
/// assert_eq!(value_key(&Value::from(1)), value_key(&Value::float(1.0)?));
/// assert!(value_key(&Value::from("a")) < value_key(&Value::from("ab")));
/// assert!(value_key(&Value::from(-7)) < value_key(&Value::from(3)));
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn value_key(value: &Value) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    value_key_into(&mut key, value);
    key
}

/// Appends the key of a value to a buffer that the caller reuses.
pub fn value_key_into(key: &mut Vec<u8>, value: &Value) {
    let start = key.len();
    push_value(key, value, start + VALUE_KEY_BYTES_MAX);
    cut(key, start);
}

/// Appends the key of a stored value; nothing is copied for text and numbers, which most values are.
///
/// # Errors
///
/// `corrupt` when something inside is not sound.
///
/// # Examples
///
/// ```
/// use nedb_types::{Value, ValueRef, key};
///
/// let mut stored = Vec::new();
/// key::stored_value_key_into(&mut stored, &ValueRef::String("ab"))?;
/// assert_eq!(stored, key::value_key(&Value::from("ab")));
/// # Ok::<(), nedb_types::Error>(())
/// ```
pub fn stored_value_key_into(key: &mut Vec<u8>, value: &ValueRef<'_>) -> Result<()> {
    match value {
        ValueRef::Null => key.push(NULL),
        ValueRef::I64(integer) => push_number(key, &Value::I64(*integer)),
        ValueRef::F64(float) => push_number(key, &Value::F64(*float)),
        ValueRef::String(text) => {
            let start = key.len();
            push_bytes(key, STRING, text.as_bytes(), start + VALUE_KEY_BYTES_MAX);
            cut(key, start);
        }
        other => value_key_into(key, &other.to_value()?),
    }
    Ok(())
}

/// Cuts a key that begins at `start` if it is too long.
fn cut(key: &mut Vec<u8>, start: usize) {
    if key.len() > start + VALUE_KEY_BYTES_MAX {
        key.truncate(start + VALUE_KEY_BYTES_MAX);
        key.push(CUT);
    }
}

/// Returns whether a key holds its whole value: equal keys then mean equal values.
///
/// # Examples
///
/// ```
/// use nedb_types::{Value, key::{has_whole_value, value_key}};
///
/// assert!(has_whole_value(&value_key(&Value::from("short"))));
/// assert!(!has_whole_value(&value_key(&Value::from("long".repeat(100)))));
/// ```
pub const fn has_whole_value(key: &[u8]) -> bool {
    key.len() <= VALUE_KEY_BYTES_MAX
}

/// Appends the key of a value; what lies beyond `end` may be missing, because it will be cut.
fn push_value(key: &mut Vec<u8>, value: &Value, end: usize) {
    if key.len() > end {
        return;
    }
    match value {
        Value::Null => key.push(NULL),
        Value::Bool(value) => key.push(if *value { TRUE } else { FALSE }),
        Value::I64(_) | Value::BigInt(_) | Value::F64(_) | Value::Decimal(_) => push_number(key, value),
        Value::String(text) => push_bytes(key, STRING, text.as_bytes(), end),
        Value::Bytes(bytes) => push_bytes(key, BYTES, bytes, end),
        Value::DateTime(at) => {
            key.push(DATE_TIME);
            key.extend_from_slice(&super::ordered_moment(*at));
        }
        Value::Uuid(bytes) => {
            key.push(UUID);
            key.extend_from_slice(bytes);
        }
        Value::ObjectId(bytes) => {
            key.push(OBJECT_ID);
            key.extend_from_slice(bytes);
        }
        Value::Array(elements) => {
            key.push(ARRAY);
            for element in elements {
                push_value(key, element, end);
            }
            key.push(END);
        }
        Value::Object(object) => push_object(key, object, end),
    }
}

fn push_object(key: &mut Vec<u8>, object: &Object, end: usize) {
    key.push(OBJECT);
    let mut fields: Vec<_> = object.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    for (name, value) in fields {
        push_bytes(key, FIELD, name.as_bytes(), end);
        push_value(key, value, end);
    }
    key.push(END);
}

/// Appends a component, or as much of it as can matter.
fn push_bytes(key: &mut Vec<u8>, tag: u8, bytes: &[u8], end: usize) {
    key.push(tag);
    push_component(key, bytes.get(..end.saturating_sub(key.len()) + 1).unwrap_or(bytes));
}

fn push_number(key: &mut Vec<u8>, value: &Value) {
    let (floor, is_exact) = floor_float(value);
    key.push(NUMBER);
    let bits = floor.to_bits();
    let ordered = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
    key.extend_from_slice(&ordered.to_be_bytes());
    if is_exact {
        key.push(0);
        return;
    }
    key.push(1);
    let start = key.len();
    match value {
        Value::I64(integer) => push_decimal(key, &integer.unsigned_abs().to_string(), 0),
        Value::BigInt(integer) => push_decimal(key, &integer.get().magnitude().to_string(), 0),
        Value::Decimal(decimal) => {
            push_decimal(key, &decimal.coefficient().magnitude().to_string(), i64::from(decimal.scale()));
        }
        // Every float is its own floor.
        _ => {}
    }
    if floor.is_sign_negative() {
        for byte in key.iter_mut().skip(start) {
            *byte = !*byte;
        }
    }
}

/// Appends exponent and digits of a number that is not zero.
fn push_decimal(key: &mut Vec<u8>, digits: &str, scale: i64) {
    let exponent = i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_sub(scale);
    key.extend_from_slice(&(exponent ^ i64::MIN).to_be_bytes());
    key.extend_from_slice(digits.trim_end_matches('0').as_bytes());
    key.push(0);
}

/// Returns the greatest float that is not above a number, or minus infinity, and whether it is the number.
fn floor_float(value: &Value) -> (f64, bool) {
    let nearest = match value {
        Value::F64(float) => return (float.get() + 0.0, true),
        Value::I64(integer) if integer.unsigned_abs() <= 1 << 53 => return (rounded(*integer), true),
        Value::I64(integer) => rounded(*integer),
        Value::BigInt(integer) => parsed(integer.get()),
        Value::Decimal(decimal) => parsed_decimal(decimal),
        _ => 0.0,
    };
    let nearest = nearest.clamp(f64::MIN, f64::MAX);
    match Value::float(nearest).map_or(Ordering::Equal, |float| float.cmp_total(value)) {
        Ordering::Less => (nearest, false),
        Ordering::Equal => (nearest, true),
        Ordering::Greater => (nearest.next_down() + 0.0, false),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the caller compares the result with the exact number")]
fn rounded(integer: i64) -> f64 {
    integer as f64
}

fn parsed(integer: &BigInt) -> f64 {
    integer.to_string().parse().unwrap_or_default()
}

/// Rounds to the nearest float; the text of a decimal is one that floats have too.
fn parsed_decimal(decimal: &Decimal) -> f64 {
    // Adding zero turns -0.0 into 0.0.
    decimal.to_string().parse().unwrap_or(0.0) + 0.0
}
