//! One visible version of a document, as a reader gets it.

use nedb_log::{PayloadView, Record};
use nedb_types::{DocId, DocumentBuf, DocumentRef, Error, Result, Seq, Timestamp, ValueRef};

use crate::mirror::{self, Provenance};

/// A document as one snapshot sees it.
///
/// It owns its bytes and stays valid after the snapshot is gone.
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
    /// The id, directly followed by the document.
    bytes: Box<[u8]>,
    id_bytes: usize,
    seq: Seq,
    expires_at: Option<Timestamp>,
    provenance: Option<Box<Provenance>>,
}

impl Row {
    /// Makes the row of a version, whose content is that of another record when it only changed the lifetime: then the
    /// provenance is that of the content, and seq and expiry are those of the version.
    pub(crate) fn of(version: &Record<'_>, content: &Record<'_>) -> Result<Self> {
        let Some(document) = content.document() else {
            return Err(Error::corrupt(format!("seq {} is a version with content, but has none", version.seq)));
        };
        let id = content.id();
        let mut bytes = Vec::with_capacity(id.len() + document.len());
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(document);
        Ok(Self {
            bytes: bytes.into_boxed_slice(),
            id_bytes: id.len(),
            seq: version.seq,
            expires_at: version.entry.expiry().map(Timestamp::from_micros),
            provenance: has_provenance(content).then(|| Box::new(provenance(content))),
        })
    }

    fn split(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.id_bytes).unwrap_or((&[], &[]))
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
        self.seq
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
        self.provenance.as_deref()
    }

    /// When the version stops being visible.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The document with `_id` and the provenance and lifetime fields that apply, behind its own fields.
    pub fn mirrored(&self) -> Result<DocumentBuf> {
        mirror::mirrored(&self.document()?, self.id_bytes(), self.provenance(), self.expires_at)
    }
}

/// Whether the write of this record said anything about itself; most do not, and a read need not look further.
fn has_provenance(record: &Record<'_>) -> bool {
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
