//! A string: one document of `_kv` with its bytes.

use nedb::{Result, Timestamp};

use super::keyspace::Found;
use super::layout::{self, VALUE};
use super::refusal::wrong_type;
use super::tx::{Record, Times, Tx};

/// The longest string: with it a document stays within its limit.
pub(super) const STRING_BYTES_MAX: u64 = 8 * 1024 * 1024 - 64;

/// The bytes of a string document.
pub(super) fn bytes(record: &Record) -> Result<Vec<u8>> {
    match record.document.as_document().get(VALUE)? {
        Some(value) => layout::bytes_of_ref(&value),
        None => Err(wrong_type()),
    }
}

/// The string under a key with its times; WRONGTYPE when something else lies there.
pub(super) fn string(tx: &mut Tx<'_>, key: &[u8]) -> Result<Option<(Vec<u8>, Times)>> {
    string_of(tx.find(key)?)
}

/// The string under a key that a command which writes reads.
pub(super) fn string_to_read(tx: &mut Tx<'_>, key: &[u8]) -> Result<Option<(Vec<u8>, Times)>> {
    string_of(tx.find_to_read(key)?)
}

fn string_of(found: Option<Found>) -> Result<Option<(Vec<u8>, Times)>> {
    match found {
        None => Ok(None),
        Some(Found::String(record)) => Ok(Some((bytes(&record)?, record.times))),
        Some(_) => Err(wrong_type()),
    }
}

/// Writes a string where a string or nothing lies.
pub(super) fn write(tx: &mut Tx<'_>, key: &[u8], value: &[u8], times: impl Into<Times>) -> Result<()> {
    let place = tx.value_place(key);
    tx.put_value(place, value, times)
}

/// Writes a string in place of whatever lies under the key.
pub(super) fn replace(tx: &mut Tx<'_>, key: &[u8], value: &[u8], expires_at: Option<Timestamp>) -> Result<()> {
    let found = tx.find(key)?;
    tx.make_way(key, found.as_ref())?;
    write(tx, key, value, expires_at)
}
