//! Documents by the values of their join fields.
//!
//! Equal values have equal keys. The keys of very long values are cut: documents under such a key are compared with the row.

use std::sync::Arc;

use hashbrown::HashMap;
use nedb_nql::Fields;
use nedb_types::{
    DocumentBuf, FieldPath, Result, Value,
    key::{has_whole_value, value_key},
};

use super::{JoinOn, JoinedRow};
use crate::query::{
    field::read_value,
    guard::{Guard, Pace},
    rows::Rows,
};

/// What a document costs in the table beside its bytes and its key.
const ENTRY_BYTES: usize = 96;

/// The documents of one input, or of a part of it.
pub(super) struct MatchTable {
    lists: HashMap<Box<[u8]>, usize>,
    documents: Vec<Vec<Arc<DocumentBuf>>>,
    /// Bytes on the account of the query.
    bytes: usize,
}

/// The key of a row, or of a document.
struct MatchKey {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl MatchTable {
    /// Takes the documents of an input in the order in which they come.
    pub(super) fn read(rows: Rows, on: &[JoinOn], guard: &Guard) -> Result<Self> {
        let mut table = Self { lists: HashMap::new(), documents: Vec::new(), bytes: 0 };
        let mut pace = Pace::default();
        for row in rows {
            pace.row(guard)?;
            let document = row?.into_document();
            let Some(key) = key_of(&document.as_document(), on.iter().map(|on| &on.right))? else { continue };
            let bytes = ENTRY_BYTES + key.bytes.len() + document.as_bytes().len();
            guard.grow(bytes)?;
            table.bytes += bytes;
            let position = *table.lists.entry(key.bytes.into_boxed_slice()).or_insert(table.documents.len());
            match table.documents.get_mut(position) {
                Some(list) => list.push(Arc::new(document)),
                None => table.documents.push(vec![Arc::new(document)]),
            }
        }
        Ok(table)
    }

    /// Gives the memory back to the account.
    pub(super) fn release(&self, guard: &Guard) {
        guard.shrink(self.bytes);
    }

    /// The place of the documents that a row may belong to, and whether each of them has to be compared.
    pub(super) fn find(&self, row: &JoinedRow, on: &[JoinOn]) -> Result<Option<(usize, bool)>> {
        let Some(key) = key_of(row, on.iter().map(|on| &on.left))? else { return Ok(None) };
        Ok(self.lists.get(key.bytes.as_slice()).map(|position| (*position, !key.is_whole)))
    }

    /// One of the documents of a place.
    pub(super) fn document(&self, position: usize, next: usize) -> Option<&Arc<DocumentBuf>> {
        self.documents.get(position)?.get(next)
    }
}

/// Whether a row and a document agree in all join fields.
pub(super) fn agree(row: &JoinedRow, document: &DocumentBuf, on: &[JoinOn]) -> Result<bool> {
    for on in on {
        let (left, right) = (read_value(row, &on.left)?, read_value(&document.as_document(), &on.right)?);
        if left == Value::Null || left.cmp_total(&right).is_ne() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The key of the join fields; `None` where one of them is null or missing, and without any field.
fn key_of<'p>(row: &impl Fields, paths: impl Iterator<Item = &'p FieldPath>) -> Result<Option<MatchKey>> {
    let (mut bytes, mut is_whole) = (Vec::new(), true);
    for path in paths {
        let value = read_value(row, path)?;
        if value == Value::Null {
            return Ok(None);
        }
        let key = value_key(&value);
        is_whole &= has_whole_value(&key);
        bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&key);
    }
    Ok((!bytes.is_empty()).then_some(MatchKey { bytes, is_whole }))
}
