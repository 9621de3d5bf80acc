//! Documents between the two worlds: with their `_id` among the fields here, with the id beside the fields in the engine.

use nedb::{Op, QueryRow, RESERVED_FIELDS, Seq, Timestamp};
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
    /// When the version ends and what time it speaks of; an update keeps both.
    pub(super) times: Times,
    /// The document with `_id` as its first field.
    pub(super) fields: Object,
}

/// What a write said of the times of a version.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    expires_at: Option<Timestamp>,
    valid_from: Option<String>,
    valid_to: Option<String>,
}

impl Times {
    /// Takes a field of a row if it is one of these.
    fn take(&mut self, name: &str, value: &Value) -> Result<()> {
        let text = value.as_str();
        match name {
            "_expires_at" => self.expires_at = text.map(Timestamp::parse).transpose()?,
            "_valid_from" => self.valid_from = text.map(str::to_owned),
            "_valid_to" => self.valid_to = text.map(str::to_owned),
            _ => {}
        }
        Ok(())
    }

    /// The operation with these times.
    pub(super) fn on(&self, mut op: Op) -> Op {
        if let Some(at) = self.expires_at {
            op = op.expires_at(at);
        }
        if let Some(from) = &self.valid_from {
            op = op.valid_from(from);
        }
        if let Some(to) = &self.valid_to {
            op = op.valid_to(to);
        }
        op
    }
}

impl Found {
    /// Takes a row of the engine apart.
    pub(super) fn of(row: &QueryRow) -> Result<Self> {
        let document = row.document().as_document();
        let (mut key, mut kept, mut times) = (Vec::new(), None, Times::default());
        let mut fields = vec![("_id".to_owned(), Value::Null)];
        for field in document.iter() {
            let (name, value) = field?;
            match name {
                "_id" => key = key_bytes(&value.to_value()?),
                id::KEPT_FIELD => kept = Some(value.to_value()?),
                name if is_reserved(name) => times.take(name, &value.to_value()?)?,
                name => fields.push((name.to_owned(), value.to_value()?)),
            }
        }
        // Documents of other faces may have a field of that name, which says nothing about the id.
        let (id, other) = match kept {
            Some(kept) if id::key_of(&kept).is_ok_and(|own| own == key) => (kept, None),
            other => (id::value_of(&key), other),
        };
        if let Some((_, place)) = fields.first_mut() {
            *place = id;
        }
        fields.extend(other.map(|value| (id::KEPT_FIELD.to_owned(), value)));
        let seq = row.seq().ok_or_else(|| Error::corrupt("a row of a document has no seq"))?;
        Ok(Self { key, seq, times, fields: Object::from_fields(fields)? })
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

/// Divides a new document into the engine's id and what is stored under it.
///
/// Refused are names of fields that the engine makes itself, which would be dropped, and names that begin with `$`.
pub(super) fn divided(document: Object) -> Result<(Vec<u8>, Object)> {
    check_names(&document, &Object::new())?;
    let key = id::key_of(document.get("_id").unwrap_or(&Value::Null))?;
    let body = body(&key, document);
    Ok((key, body))
}

/// What is stored of a document under an id of the engine.
pub(super) fn body(key: &[u8], mut document: Object) -> Object {
    let id = document.remove("_id").unwrap_or_default();
    if id::value_of(key) != id {
        document.insert(id::KEPT_FIELD, id);
    }
    document
}

/// Refuses field names that cannot be stored, but for those that the document had before.
pub(super) fn check_names(document: &Object, before: &Object) -> Result<()> {
    for name in document.keys().filter(|name| before.get(name).is_none()) {
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
