//! SELECT: what a row shows of a document.
//!
//! Promises: every row of a query has the same selected columns; what a document lacks is null. Columns that were named
//! twice stand once.

use nedb_nql::{Selection, column_name};
use nedb_types::{DocumentBuf, FieldPath, Float, Object, Result, Timestamp, Value, document::DocumentBuilder};

use crate::{
    mirror::mirror_fields,
    query::{field::read_value, options::RowFields, view::DocumentView},
    read::provenance,
};

/// What rows of documents show.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    /// Whether the document itself is shown.
    has_document: bool,
    fields: RowFields,
    columns: Vec<(String, FieldPath)>,
}

impl Projection {
    pub(crate) fn new(selection: &Selection, fields: RowFields) -> Self {
        let (has_document, paths) = match selection {
            Selection::Default => (true, [].as_slice()),
            Selection::DocumentAnd(paths) => (true, paths.as_slice()),
            Selection::Fields(paths) => (false, paths.as_slice()),
        };
        let mut columns: Vec<(String, FieldPath)> = Vec::with_capacity(paths.len());
        for path in paths {
            let name = column_name(path);
            if columns.iter().all(|(known, _)| *known != name) {
                columns.push((name, path.clone()));
            }
        }
        Self { has_document, fields, columns }
    }

    /// The row of a document.
    pub(crate) fn row(&self, view: &DocumentView<'_>) -> Result<DocumentBuf> {
        if !self.has_document {
            return self.selected(view);
        }
        let provenance = provenance(view.content);
        let expires_at = view.version.entry.expiry().map(Timestamp::from_micros);
        let mut fields: Vec<(&str, Value)> = mirror_fields(view.id(), Some(&provenance), expires_at)?;
        if self.fields == RowFields::System {
            fields.push(("_seq", view.seq().get().into()));
            fields.push(("_ts", view.committed_at()?.into()));
        }
        if let Some(score) = view.score {
            fields.push(("_score", Float::new(score)?.into()));
        }
        for (name, path) in &self.columns {
            let value = read_value(view, path)?;
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some(field) => field.1 = value,
                None => fields.push((name, value)),
            }
        }
        DocumentBuf::with_fields(&view.document, &fields)
    }

    fn selected(&self, view: &DocumentView<'_>) -> Result<DocumentBuf> {
        let mut builder = DocumentBuilder::new();
        builder.begin_object()?;
        for (name, path) in &self.columns {
            builder.key(name)?;
            builder.value(&read_value(view, path)?)?;
        }
        builder.end()?;
        builder.finish()
    }

    /// The row of a group, whose columns are named already.
    pub(crate) fn group_row(&self, columns: &[String], values: Vec<Value>) -> Result<DocumentBuf> {
        let mut row = Object::new();
        for (name, value) in columns.iter().zip(values) {
            row.insert(name.as_str(), value);
        }
        if self.has_document {
            return DocumentBuf::from_object(&row);
        }
        let mut selected = Object::new();
        for (name, _) in &self.columns {
            selected.insert(name.as_str(), row.get(name).cloned().unwrap_or_default());
        }
        DocumentBuf::from_object(&selected)
    }
}
