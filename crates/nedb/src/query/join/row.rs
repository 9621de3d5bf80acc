//! A row of a join: one document for each input, none where a left join found none.

use std::sync::Arc;

use nedb_nql::{FieldRef, Fields};
use nedb_types::{DocumentBuf, FieldPath, PathStep, Result, ValueRef, document::DocumentBuilder};

/// The documents of a row under the names of their inputs.
#[derive(Clone, Debug)]
pub(crate) struct JoinedRow {
    names: Arc<[String]>,
    parts: Vec<Option<Arc<DocumentBuf>>>,
}

impl JoinedRow {
    /// Begins with the document of the first input.
    pub(super) fn new(names: Arc<[String]>, first: DocumentBuf) -> Self {
        Self { names, parts: vec![Some(Arc::new(first))] }
    }

    /// The row with the document of the next input.
    pub(super) fn with(&self, next: Option<Arc<DocumentBuf>>) -> Self {
        let mut parts = Vec::with_capacity(self.parts.len() + 1);
        parts.extend(self.parts.iter().cloned());
        parts.push(next);
        Self { names: Arc::clone(&self.names), parts }
    }

    /// About how much memory the row takes, beside documents that others share.
    pub(super) fn bytes(&self) -> usize {
        let first = self.parts.first().and_then(Option::as_ref).map_or(0, |first| first.as_bytes().len());
        size_of::<Self>() + self.parts.len() * size_of::<usize>() + first
    }

    /// Writes the documents under their names into the object at hand.
    pub(crate) fn write_into(&self, builder: &mut DocumentBuilder) -> Result<()> {
        for (name, part) in self.names.iter().zip(&self.parts) {
            builder.key(name)?;
            match part {
                None => builder.null()?,
                Some(document) => {
                    builder.begin_object()?;
                    builder.fields_of(&document.as_document(), |_| false)?;
                    builder.end()?;
                }
            }
        }
        Ok(())
    }
}

impl Fields for JoinedRow {
    fn field(&self, path: &FieldPath) -> Result<Option<FieldRef<'_>>> {
        let Some((PathStep::Field(input), inner)) = path.steps().split_first() else { return Ok(None) };
        let position = self.names.iter().position(|name| name == input);
        match position.and_then(|position| self.parts.get(position)) {
            Some(Some(document)) => {
                Ok(ValueRef::Object(document.as_document().root()).at(inner)?.map(FieldRef::Stored))
            }
            _ => Ok(None),
        }
    }
}
