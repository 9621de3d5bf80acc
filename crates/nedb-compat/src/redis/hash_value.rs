//! A hash, in either of its forms: one document with the fields, or a record for each field below a header.
//!
//! A hash `coll:id` always is the document `id` of `coll`, up to the limit of documents. Any other hash becomes records when it
//! has more fields or bytes than a document is good for, since each change of a document writes all of it; it does not
//! become a document again, unless RENAME or COPY gives it a key `coll:id`. A field that another face wrote as a number or a structure reads as its JSON.

use nedb::{DocumentBuf, Object, Result, Value};

use super::keyspace::{Found, Header, Kind};
use super::layout::{self, CONTAINER_BYTES, DocKey, FIELD, HASH, VALUE};
use super::notices::Class;
use super::refusal::wrong_type;
use super::tx::{Record, Span, Times, Tx};

/// How many fields a hash has as one document: finding one reads those before it.
const DOCUMENT_FIELDS_MAX: usize = 512;

/// How large a hash is as one document: each change writes it again.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// The hash under a key, as one transaction sees and changes it.
pub(super) struct Hash<'k> {
    key: &'k [u8],
    form: Form,
}

enum Form {
    Document { object: Object, times: Times },
    Records(Header),
}

impl<'k> Hash<'k> {
    /// The hash under a key, an empty one when nothing is there; WRONGTYPE when something else is.
    pub(super) fn open(tx: &mut Tx<'_>, key: &'k [u8]) -> Result<Self> {
        let place = tx.value_place(key);
        if let Some(header) = tx.written_header(&place).filter(|header| header.kind == Kind::Hash) {
            return Ok(Self { key, form: Form::Records(header.clone()) });
        }
        let form = match tx.find(key)? {
            None => Form::Document { object: Object::new(), times: Times::default() },
            Some(Found::Hash(record)) => {
                let object = match record.document.as_document().to_value()? {
                    Value::Object(object) => object,
                    _ => Object::new(),
                };
                Form::Document { object, times: record.times }
            }
            Some(Found::Header(header, _)) if header.kind == Kind::Hash => Form::Records(*header),
            Some(_) => return Err(wrong_type()),
        };
        Ok(Self { key, form })
    }

    /// The header when the hash is made of records.
    pub(super) fn header(&self) -> Option<&Header> {
        match &self.form {
            Form::Document { .. } => None,
            Form::Records(header) => Some(header),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.form {
            Form::Document { object, .. } => object.len(),
            Form::Records(header) => usize::try_from(header.count).unwrap_or(usize::MAX),
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, tx: &Tx<'_>, field: &[u8]) -> Result<Option<Vec<u8>>> {
        match &self.form {
            Form::Document { object, .. } => {
                object.get(&layout::name_of_field(field)).map(layout::bytes_of).transpose()
            }
            Form::Records(header) => {
                let record = tx.get(&DocKey::part(FIELD, &header.container, field))?;
                record.map(|record| value_of_record(&record)).transpose()
            }
        }
    }

    /// All fields with their values.
    pub(super) fn entries(&self, tx: &Tx<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        match &self.form {
            Form::Document { object, .. } => {
                object.iter().map(|(name, value)| Ok((layout::field_of_name(name), layout::bytes_of(value)?))).collect()
            }
            Form::Records(header) => {
                let records = tx.walk(&Span::prefix(FIELD, &header.container))?;
                let entry = |record: Result<(Vec<u8>, Record)>| {
                    let (id, record) = record?;
                    tx.keep(id.len() + record.document.as_bytes().len())?;
                    Ok((id.get(CONTAINER_BYTES..).unwrap_or_default().to_vec(), value_of_record(&record)?))
                };
                records.map(entry).collect()
            }
        }
    }

    /// All fields with their values as the document has them, or would.
    pub(super) fn into_object(self, tx: &Tx<'_>) -> Result<Object> {
        match self.form {
            Form::Document { object, .. } => Ok(object),
            Form::Records(header) => object_of_records(tx, &header),
        }
    }

    /// Sets a field; `true` when it is new.
    pub(super) fn set(&mut self, tx: &mut Tx<'_>, field: &[u8], value: Value) -> Result<bool> {
        match &mut self.form {
            Form::Document { object, .. } => Ok(object.insert(layout::name_of_field(field), value).is_none()),
            Form::Records(header) => {
                let place = DocKey::part(FIELD, &header.container, field);
                let is_new = tx.get(&place)?.is_none();
                header.count += u64::from(is_new);
                tx.put_field(place, &value)?;
                Ok(is_new)
            }
        }
    }

    /// Takes a field out; `false` when there is none.
    pub(super) fn remove(&mut self, tx: &mut Tx<'_>, field: &[u8]) -> Result<bool> {
        match &mut self.form {
            Form::Document { object, .. } => Ok(object.remove(&layout::name_of_field(field)).is_some()),
            Form::Records(header) => {
                let place = DocKey::part(FIELD, &header.container, field);
                let is_there = tx.get(&place)?.is_some();
                if is_there {
                    header.count -= 1;
                    tx.delete(place);
                }
                Ok(is_there)
            }
        }
    }

    /// Writes the hash; one without fields is no more.
    pub(super) fn save(self, tx: &mut Tx<'_>) -> Result<()> {
        let Self { key, form } = self;
        let (object, times) = match form {
            Form::Records(header) => return header.save(tx, key),
            Form::Document { object, times } => (object, times),
        };
        let place = DocKey::hash(key);
        if object.is_empty() {
            tx.delete(place);
            tx.tell(Class::Generic, "del", key);
            return Ok(());
        }
        let is_large = *place.collection == *HASH
            && (object.len() > DOCUMENT_FIELDS_MAX
                || DocumentBuf::from_object(&object)?.as_bytes().len() > DOCUMENT_BYTES_MAX);
        if !is_large {
            return tx.put(place, &object, times);
        }
        tx.delete(place);
        let header = Header { times, ..Header::new(tx, Kind::Hash) };
        let mut records = Self { key, form: Form::Records(header) };
        for (name, value) in object {
            records.set(tx, &layout::field_of_name(&name), value)?;
        }
        records.save(tx)
    }
}

/// Writes a hash that is made of records as the document that a key `coll:id` names; `false` when the key names none.
pub(super) fn copy_as_document(tx: &mut Tx<'_>, header: &Header, to: &[u8]) -> Result<bool> {
    let place = DocKey::hash(to);
    if header.kind != Kind::Hash || *place.collection == *HASH {
        return Ok(false);
    }
    let object = object_of_records(tx, header)?;
    tx.put(place, &object, header.times.clone())?;
    Ok(true)
}

/// The fields that are records, as one object.
fn object_of_records(tx: &Tx<'_>, header: &Header) -> Result<Object> {
    let mut object = Object::new();
    for record in tx.walk(&Span::prefix(FIELD, &header.container))? {
        let (id, record) = record?;
        let field = id.get(CONTAINER_BYTES..).unwrap_or_default();
        let value = record.document.as_document().get(VALUE)?.ok_or_else(wrong_type)?.to_value()?;
        object.insert(layout::name_of_field(field), value);
    }
    Ok(object)
}

/// The bytes of a field's record.
pub(super) fn value_of_record(record: &Record) -> Result<Vec<u8>> {
    match record.document.as_document().get(VALUE)? {
        Some(value) => layout::bytes_of_ref(&value),
        None => Err(wrong_type()),
    }
}
