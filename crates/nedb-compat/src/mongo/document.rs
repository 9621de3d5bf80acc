//! Documents between the two worlds: with their `_id` among the fields here, with the id beside the fields in the engine.

use nedb::{QueryRow, RESERVED_FIELDS, Seq, Timestamp};
use nedb_types::{Error, Object, Result, Value};

use super::{
    fault::{Refusal, refused},
    id,
};

/// A document that a read has found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The engine's id.
    pub(super) key: Vec<u8>,
    /// The version that was read.
    pub(super) seq: Seq,
    /// When the version ends; an update keeps it.
    pub(super) expires_at: Option<Timestamp>,
    /// The document with `_id` as its first field.
    pub(super) fields: Object,
}

impl Found {
    /// Takes a row of the engine apart.
    pub(super) fn of(row: &QueryRow) -> Result<Self> {
        let document = row.document().as_document();
        let (mut key, mut kept, mut expires_at) = (Vec::new(), None, None);
        let mut fields = vec![("_id".to_owned(), Value::Null)];
        for field in document.iter() {
            let (name, value) = field?;
            match name {
                "_id" => key = key_bytes(&value.to_value()?),
                "_expires_at" => expires_at = value.to_value()?.as_str().map(Timestamp::parse).transpose()?,
                id::KEPT_FIELD => kept = Some(value.to_value()?),
                name if is_reserved(name) => {}
                name => fields.push((name.to_owned(), value.to_value()?)),
            }
        }
        if let Some((_, id)) = fields.first_mut() {
            *id = kept.unwrap_or_else(|| id::value_of(&key));
        }
        let seq = row.seq().ok_or_else(|| Error::corrupt("a row of a document has no seq"))?;
        Ok(Self { key, seq, expires_at, fields: Object::from_fields(fields)? })
    }
}

fn key_bytes(id: &Value) -> Vec<u8> {
    match id {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.clone(),
        _ => Vec::new(),
    }
}

fn is_reserved(name: &str) -> bool {
    name.starts_with('_') && RESERVED_FIELDS.contains(&name)
}

/// Divides a document into the engine's id and what is stored under it.
///
/// Refused are names of fields that the engine makes itself, which would be dropped, and names that begin with `$`.
pub(super) fn divided(mut document: Object) -> Result<(Vec<u8>, Object)> {
    let given = document.remove("_id").unwrap_or_default();
    check_names(&document)?;
    let key = id::key_of(&given)?;
    if id::value_of(&key) != given {
        document.insert(id::KEPT_FIELD, given);
    }
    Ok((key, document))
}

/// Refuses field names of a document that cannot be stored.
pub(super) fn check_names(document: &Object) -> Result<()> {
    for name in document.keys() {
        if name.starts_with('$') {
            let message = format!("the field {name:?} of a document begins with a $");
            return Err(refused(Refusal::DollarPrefixedField, message));
        }
        if is_reserved(name) && name != "_id" {
            let message = format!("the field {name:?} is made by the database and cannot be written");
            return Err(refused(Refusal::BadValue, message));
        }
    }
    Ok(())
}

/// The document with `_id` as its first field.
pub(super) fn with_id_first(id: Value, mut document: Object) -> Result<Object> {
    document.remove("_id");
    let fields = std::iter::once(("_id".to_owned(), id)).chain(document);
    Object::from_fields(fields.collect())
}
