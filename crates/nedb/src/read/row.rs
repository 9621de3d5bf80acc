//! One visible version of a document, as a reader gets it.

use std::ops::Range;
use std::sync::Arc;

use nedb_log::{PayloadView, Record};
use nedb_types::{DocId, DocumentBuf, DocumentRef, Error, Result, Seq, Timestamp, Value, ValueRef};

use crate::mirror::{self, Provenance};

/// Longest id and document together that share an allocation with the rows of their batch, in bytes: a kept row keeps
/// at most a batch of them.
const SHARED_BYTES_MAX: usize = 1024;

/// What a row of a batch may well have, in bytes: room for it is made at once.
const SMALL_ROW_BYTES: usize = 192;

/// A document as one snapshot sees it.
///
/// It owns its bytes, a small one of a `multi_get` together with its neighbours, and stays valid after the snapshot is gone.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let row = db.get("users", "ada")?.expect("it was put on the line above");
/// assert_eq!(row.to_json()?, r#"{"born":1815}"#);
/// assert_eq!(row.mirrored()?.as_document().to_json()?, r#"{"born":1815,"_id":"ada"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Row {
    bytes: RowBytes,
    about: About,
}

/// The id, directly followed by the document.
#[derive(Clone, Debug)]
enum RowBytes {
    Own(Box<[u8]>),
    /// A part of the bytes of a batch: one allocation for many small rows.
    Shared(Arc<[u8]>, Range<usize>),
}

/// What a row is besides its bytes.
#[derive(Clone, Debug)]
struct About {
    id_bytes: usize,
    seq: Seq,
    expires_at: Option<Timestamp>,
    provenance: Option<Box<Provenance>>,
}

impl About {
    fn of(version: &Record<'_>, content: &Record<'_>) -> Self {
        Self {
            id_bytes: content.id().len(),
            seq: version.seq,
            expires_at: version.entry.expiry().map(Timestamp::from_micros),
            provenance: has_provenance(content).then(|| Box::new(provenance(content))),
        }
    }
}

/// Rows whose small documents will share one allocation; greater ones have their own, so that a row that is kept never
/// keeps much of its neighbours.
#[derive(Debug)]
pub(crate) struct RowBatch {
    bytes: Vec<u8>,
    rows: Vec<Option<Draft>>,
}

#[derive(Debug)]
enum Draft {
    Done(Row),
    Shared(About, Range<usize>),
}

impl RowBatch {
    /// Makes room for so many rows with small documents.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self { bytes: Vec::with_capacity(rows * SMALL_ROW_BYTES), rows: Vec::with_capacity(rows) }
    }

    /// Adds the row of a version, which `content` is the record of as in [`Row::of`].
    pub(crate) fn push(&mut self, version: &Record<'_>, content: &Record<'_>) -> Result<()> {
        let document = document_of(version, content)?;
        let id = content.id();
        if id.len() + document.len() > SHARED_BYTES_MAX {
            self.push_done(Some(Row::of(version, content)?));
            return Ok(());
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(id);
        self.bytes.extend_from_slice(document);
        self.rows.push(Some(Draft::Shared(About::of(version, content), start..self.bytes.len())));
        Ok(())
    }

    /// Adds a row that is ready, or the answer that there is none.
    pub(crate) fn push_done(&mut self, row: Option<Row>) {
        self.rows.push(row.map(Draft::Done));
    }

    /// Moves the rows behind what `rows` holds and begins the next batch.
    pub(crate) fn finish_into(&mut self, rows: &mut Vec<Option<Row>>) {
        let batch: Arc<[u8]> = Arc::from(self.bytes.as_slice());
        rows.extend(self.rows.drain(..).map(|draft| match draft? {
            Draft::Done(row) => Some(row),
            Draft::Shared(about, range) => Some(Row { bytes: RowBytes::Shared(Arc::clone(&batch), range), about }),
        }));
        self.bytes.clear();
    }
}

impl Row {
    /// Makes the row of a version, whose content is that of another record when it only changed the lifetime: then the
    /// provenance is that of the content, and seq and expiry are those of the version.
    pub(crate) fn of(version: &Record<'_>, content: &Record<'_>) -> Result<Self> {
        let document = document_of(version, content)?;
        let id = content.id();
        let mut bytes = Vec::with_capacity(id.len() + document.len());
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(document);
        Ok(Self { bytes: RowBytes::Own(bytes.into_boxed_slice()), about: About::of(version, content) })
    }

    fn split(&self) -> (&[u8], &[u8]) {
        let bytes = match &self.bytes {
            RowBytes::Own(bytes) => bytes,
            RowBytes::Shared(batch, range) => batch.get(range.clone()).unwrap_or_default(),
        };
        bytes.split_at_checked(self.about.id_bytes).unwrap_or((&[], &[]))
    }

    /// The document's id as bytes.
    pub fn id_bytes(&self) -> &[u8] {
        self.split().0
    }

    /// The document's id.
    pub fn id(&self) -> Result<DocId> {
        DocId::new(self.id_bytes())
    }

    /// The seq of the version.
    pub fn seq(&self) -> Seq {
        self.about.seq
    }

    /// The document as it was put.
    pub fn document(&self) -> Result<DocumentRef<'_>> {
        DocumentRef::new(self.split().1)
    }

    /// One top-level field, without reading the others.
    pub fn field(&self, name: &str) -> Result<Option<ValueRef<'_>>> {
        self.document()?.get(name)
    }

    /// The document as JSON text.
    pub fn to_json(&self) -> Result<String> {
        self.document()?.to_json()
    }

    /// What the write of the content said about itself; `None` when it said nothing.
    ///
    /// A change of the lifetime alone leaves it as it is: what an expire said about itself is in
    /// [`Version::provenance`](crate::Version::provenance), which history gives, and in the feed.
    pub fn provenance(&self) -> Option<&Provenance> {
        self.about.provenance.as_deref()
    }

    /// When the version stops being visible.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.about.expires_at
    }

    /// The fields that [`mirrored`](Self::mirrored) adds: `_id`, and those of provenance and lifetime that apply.
    pub fn mirror(&self) -> Result<Vec<(&'static str, Value)>> {
        mirror::mirror_fields(self.id_bytes(), self.provenance(), self.expires_at())
    }

    /// The document with `_id` and the provenance and lifetime fields that apply, behind its own fields.
    pub fn mirrored(&self) -> Result<DocumentBuf> {
        mirror::mirrored(&self.document()?, self.id_bytes(), self.provenance(), self.expires_at())
    }
}

/// The stored document of a version, which is that of another record when it only changed the lifetime.
fn document_of<'a>(version: &Record<'_>, content: &Record<'a>) -> Result<&'a [u8]> {
    let missing = || Error::corrupt(format!("seq {} is a version with content, but has none", version.seq));
    content.document().ok_or_else(missing)
}

/// Whether the write of this record said anything about itself; most do not, and a read need not look further.
pub(crate) fn has_provenance(record: &Record<'_>) -> bool {
    record.entry.has_provenance() || record.payload.is_some_and(|payload| payload.has_provenance())
}

/// What the write of this record said about itself.
pub(crate) fn provenance(record: &Record<'_>) -> Provenance {
    let (entry, payload) = (&record.entry, record.payload.as_ref());
    let text = |text: Option<&str>| text.map(str::to_owned);
    Provenance {
        causes: entry.causes().collect(),
        evidence: text(payload.and_then(PayloadView::evidence)),
        confidence: entry.confidence(),
        valid_from: text(payload.and_then(PayloadView::valid_from_text)),
        valid_to: text(payload.and_then(PayloadView::valid_to_text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Database};

    #[test]
    fn a_batch_gives_what_single_reads_give_and_only_small_rows_share_bytes() {
        let db = Database::in_memory().unwrap();
        for (id, letters) in [("a", 10), ("great", 5000), ("gone", 1), ("d", 900)] {
            let json = format!(r#"{{"text":"{}"}}"#, id.repeat(letters / id.len()));
            db.put("c", id, Body::json(json)).unwrap();
        }
        db.delete("c", "gone").unwrap();
        let (snapshot, ids) = (db.snapshot(), ["a", "great", "never", "gone", "d", "a"]);
        let rows = snapshot.multi_get("c", &ids).unwrap();
        let shown = |row: &Row| (row.id_bytes().to_vec(), row.seq(), row.to_json().unwrap());
        for (id, row) in ids.iter().zip(&rows) {
            let single = snapshot.get("c", id).unwrap();
            assert_eq!(row.as_ref().map(shown), single.as_ref().map(shown), "{id}");
        }
        let are_shared = rows.iter().flatten().map(|row| matches!(row.bytes, RowBytes::Shared(..)));
        assert_eq!(are_shared.collect::<Vec<_>>(), [true, false, true, true]);
    }
}
