//! SELECT: what a row shows of a document.
//!
//! Promises: every row of a query has the same selected columns; what a document lacks is null. Columns that were named
//! twice stand once.

use nedb_nql::{Selection, column_name};
use nedb_types::{DocumentBuf, FieldPath, Float, Object, Result, Timestamp, Value, document::DocumentBuilder};

use crate::{
    mirror::{is_reserved, mirror_fields},
    query::{field::read_value, join::JoinedRow, options::RowFields, view::DocumentView},
    read::{has_provenance, provenance},
};

/// What rows of documents show.
#[derive(Debug)]
pub(crate) struct Projection {
    /// Whether the document itself is shown.
    has_document: bool,
    fields: RowFields,
    columns: Vec<(String, FieldPath)>,
    /// Its buffers serve one row after the other.
    builder: DocumentBuilder,
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
        Self { has_document, fields, columns, builder: DocumentBuilder::new() }
    }

    /// The row of a document.
    pub(crate) fn row(&mut self, view: &DocumentView<'_>) -> Result<DocumentBuf> {
        self.builder.clear();
        self.builder.begin_object()?;
        if self.has_document {
            self.document(view)?;
        }
        for (name, path) in &self.columns {
            self.builder.key(name)?;
            self.builder.value(&read_value(view, path)?)?;
        }
        self.builder.end()?;
        self.builder.finish()
    }

    /// The row of a join: the documents under the names of their inputs, or the columns that were selected.
    pub(crate) fn joined_row(&mut self, row: &JoinedRow) -> Result<DocumentBuf> {
        self.builder.clear();
        self.builder.begin_object()?;
        if self.has_document {
            row.write_into(&mut self.builder)?;
        }
        for (name, path) in &self.columns {
            self.builder.key(name)?;
            self.builder.value(&read_value(row, path)?)?;
        }
        self.builder.end()?;
        self.builder.finish()
    }

    /// The fields of the document, behind them those that the engine makes.
    fn document(&mut self, view: &DocumentView<'_>) -> Result<()> {
        let Self { fields, columns, builder, .. } = self;
        let is_column = |name: &str| columns.iter().any(|(column, _)| column == name);
        let is_left_out =
            |name: &[u8]| is_reserved(name) || columns.iter().any(|(column, _)| column.as_bytes() == name);
        builder.fields_of(&view.document, is_left_out)?;
        if !is_column("_id") {
            builder.key("_id")?;
            match std::str::from_utf8(view.id()) {
                Ok(text) => builder.string(text)?,
                Err(_not_text) => builder.bytes(view.id())?,
            }
        }
        let expires_at = view.version.entry.expiry().map(Timestamp::from_micros);
        if expires_at.is_some() || has_provenance(view.content) {
            let mirrored = mirror_fields(view.id(), Some(&provenance(view.content)), expires_at)?;
            for (name, value) in mirrored.iter().filter(|(name, _)| *name != "_id" && !is_column(name)) {
                builder.key(name)?;
                builder.value(value)?;
            }
        }
        if *fields == RowFields::System && !is_column("_seq") {
            builder.key("_seq")?;
            builder.value(&view.seq().get().into())?;
        }
        if *fields == RowFields::System && !is_column("_ts") {
            builder.key("_ts")?;
            builder.date_time(view.committed_at()?)?;
        }
        if let Some(score) = view.score.filter(|_| !is_column("_score")) {
            builder.key("_score")?;
            builder.float(Float::new(score)?)?;
        }
        Ok(())
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
