//! The full check of a document whose bytes come from outside.
//!
//! It accepts exactly what the writer produces: every value in its one form, text and keys in UTF-8, no key twice, no byte
//! unaccounted for, nesting within the limit. It takes time in proportion to the bytes (for the keys of large objects, n log n),
//! and no memory beyond one pointer per key.

use super::container::split_item;
use super::keys::first_repeated;
use super::value_ref::check_level;
use super::{ArrayRef, ObjectRef, ValueRef};
use crate::{Error, Place, Result};

/// Checks the value that takes up all of `bytes`; `start` is its offset in the document, for the error.
pub(super) fn check_value(bytes: &[u8], start: usize, level: usize) -> Result<()> {
    match ValueRef::read(bytes).map_err(|error| located(error, start))? {
        ValueRef::Array(array) => check_array(&array, start + bytes.len() - array.items_bytes(), level),
        ValueRef::Object(object) => check_object(&object, start + bytes.len() - object.items_bytes(), level),
        _ => Ok(()),
    }
}

fn check_array(array: &ArrayRef<'_>, items_start: usize, level: usize) -> Result<()> {
    check_level(level).and_then(|()| array.check_end()).map_err(|error| located(error, items_start))?;
    let mut start = items_start;
    for item in array.items() {
        let item = item.map_err(|error| located(error, start))?;
        check_value(item, start, level + 1)?;
        start += item.len();
    }
    Ok(())
}

fn check_object(object: &ObjectRef<'_>, items_start: usize, level: usize) -> Result<()> {
    check_level(level).and_then(|()| object.check_end()).map_err(|error| located(error, items_start))?;
    let mut start = items_start;
    let mut keys = Vec::new();
    for item in object.items() {
        let item = item.map_err(|error| located(error, start))?;
        let (key, value) = split_item(item).map_err(|error| located(error, start))?;
        if let Err(error) = std::str::from_utf8(key) {
            return Err(located(Error::corrupt("value: a key is not UTF-8").with_source(error), start));
        }
        keys.push(key);
        check_value(value, start + item.len() - value.len(), level + 1)?;
        start += item.len();
    }
    match first_repeated(keys) {
        Some(_) => Err(located(Error::corrupt("value: a key occurs twice"), items_start)),
        None => Ok(()),
    }
}

fn located(error: Error, offset: usize) -> Error {
    if error.place().is_some() { error } else { error.at(Place::at_offset(offset as u64)) }
}
