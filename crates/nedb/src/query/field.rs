//! The fields of a row: those of the document, and those that the engine makes.
//!
//! Promises: a field of the document is read in place, without the others. A system field hides a document's field of that
//! name; there is none in documents that were written through `put`.

use nedb_log::PayloadView;
use nedb_nql::{FieldRef, Fields};
use nedb_types::{FieldPath, Float, PathStep, Result, Seq, Timestamp, Value, ValueRef};

use super::view::DocumentView;
use crate::mirror::is_reserved;

/// Copies what a path leads to; null when it leads nowhere.
pub(crate) fn read_value(row: &impl Fields, path: &FieldPath) -> Result<Value> {
    row.field(path)?.map_or(Ok(Value::Null), |value| value.to_value())
}

impl Fields for DocumentView<'_> {
    #[inline]
    fn field(&self, path: &FieldPath) -> Result<Option<FieldRef<'_>>> {
        match system_name(path) {
            None => Ok(self.document.get_path(path)?.map(FieldRef::Stored)),
            Some(name) => self.system_path(name, path.steps().get(1..).unwrap_or_default()),
        }
    }
}

/// The name of a system field when the path leads to one or into one.
#[inline]
pub(crate) fn system_name(path: &FieldPath) -> Option<&str> {
    match path.steps().first() {
        Some(PathStep::Field(name)) if is_reserved(name.as_bytes()) => Some(name),
        _ => None,
    }
}

impl DocumentView<'_> {
    fn system_path(&self, name: &str, inner: &[PathStep]) -> Result<Option<FieldRef<'_>>> {
        match self.system_field(name)? {
            Some(FieldRef::Built(value)) => Ok(value.at(inner).map(FieldRef::Built)),
            Some(stored) if inner.is_empty() => Ok(Some(stored)),
            _ => Ok(None),
        }
    }

    fn system_field(&self, name: &str) -> Result<Option<FieldRef<'_>>> {
        let (entry, payload) = (&self.content.entry, self.content.payload.as_ref());
        let number =
            |number: Option<f64>| Ok::<_, nedb_types::Error>(number.map(Float::new).transpose()?.map(ValueRef::F64));
        let stored = match name {
            "_id" => Some(std::str::from_utf8(self.id()).map_or(ValueRef::Bytes(self.id()), ValueRef::String)),
            "_seq" => Some(ValueRef::I64(i64::try_from(self.seq().get()).unwrap_or(i64::MAX))),
            "_ts" => Some(ValueRef::DateTime(self.committed_at()?)),
            "_score" => number(self.score)?,
            "_client" => Some(ValueRef::String(self.version.entry.client())),
            "_confidence" => number(entry.confidence())?,
            "_evidence" => payload.and_then(PayloadView::evidence).map(ValueRef::String),
            "_valid_from" => payload.and_then(PayloadView::valid_from_text).map(ValueRef::String),
            "_valid_to" => payload.and_then(PayloadView::valid_to_text).map(ValueRef::String),
            "_expires_at" => return Ok(self.expires_at().map(FieldRef::Built)),
            _ => return Ok(self.caused_by().map(FieldRef::Built)),
        };
        Ok(stored.map(FieldRef::Stored))
    }

    fn expires_at(&self) -> Option<&Value> {
        let at = self.version.entry.expiry().map(Timestamp::from_micros)?;
        Some(self.made_expires_at.get_or_init(|| Value::String(at.to_string())))
    }

    fn caused_by(&self) -> Option<&Value> {
        let causes = self.content.entry.causes();
        let causes = self.made_caused_by.get_or_init(|| Value::Array(causes.map(Seq::get).map(Value::from).collect()));
        causes.as_array().is_some_and(|causes| !causes.is_empty()).then_some(causes)
    }
}
