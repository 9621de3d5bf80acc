//! A visible version of a document, read in place.
//!
//! Promises: nothing is copied; a field is read when it is asked for. What is visible is decided where every read decides
//! it, in `read::version`. Leaves to others: what is asked of the fields.

use std::cell::OnceCell;

use nedb_log::{Address, OpKind, Record, Scratch};
use nedb_types::{DocumentRef, Error, Result, Seq, Timestamp, Value};

use crate::read::Snapshot;

/// Where a version lies that a query has found; small enough to keep by the million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) version: Address,
    /// What a search gave it.
    pub(crate) score: Option<f64>,
}

/// One visible version of a document.
pub(crate) struct DocumentView<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) version: &'a Record<'a>,
    pub(crate) content: &'a Record<'a>,
    pub(crate) document: DocumentRef<'a>,
    pub(crate) score: Option<f64>,
    /// System fields that do not lie in the log as they are shown, made when they are asked for.
    pub(super) made_expires_at: OnceCell<Value>,
    pub(super) made_caused_by: OnceCell<Value>,
}

impl<'a> DocumentView<'a> {
    /// The document's id.
    pub(crate) fn id(&self) -> &'a [u8] {
        self.version.id()
    }

    /// The collection that holds it.
    pub(crate) fn collection(&self) -> &'a str {
        self.version.entry.collection()
    }

    pub(crate) fn seq(&self) -> Seq {
        self.version.seq
    }

    /// When the version was committed.
    pub(crate) fn committed_at(&self) -> Result<Timestamp> {
        self.snapshot.reader().frame(self.version.frame).map(|frame| Timestamp::from_micros(frame.commit_time))
    }

    /// Where to find it again.
    pub(crate) fn found(&self) -> Found {
        Found { version: self.version.address, score: self.score }
    }
}

/// Calls `visit` with the document of the version that the snapshot sees, given the record of the newest one; false when
/// there is none.
#[inline]
pub(crate) fn visit_newest(
    snapshot: &Snapshot,
    newest: &Record<'_>,
    visit: &mut dyn FnMut(&DocumentView<'_>) -> Result<()>,
) -> Result<bool> {
    visit_scored(snapshot, newest, None, visit)
}

/// As [`visit_newest`], for a document to which a search gave a score.
#[inline]
pub(crate) fn visit_scored(
    snapshot: &Snapshot,
    newest: &Record<'_>,
    score: Option<f64>,
    visit: &mut dyn FnMut(&DocumentView<'_>) -> Result<()>,
) -> Result<bool> {
    let visited = snapshot.with_version(newest, |version| {
        let is_visible = visit_version(snapshot, version, score, visit)?;
        Ok(is_visible.then_some(()))
    })?;
    Ok(visited.is_some())
}

/// As [`visit_newest`], but a document that has expired and was not deleted yet is visited too.
pub(crate) fn visit_kept(
    snapshot: &Snapshot,
    newest: &Record<'_>,
    visit: &mut dyn FnMut(&DocumentView<'_>) -> Result<()>,
) -> Result<bool> {
    let visited = snapshot.with_version(newest, |version| {
        let is_kept = matches!(version.entry.kind(), OpKind::Put | OpKind::Expire);
        if is_kept {
            visit_content_of(snapshot, version, None, visit)?;
        }
        Ok(is_kept.then_some(()))
    })?;
    Ok(visited.is_some())
}

/// Calls `visit` with the document of a version; false when that is a deletion or has expired.
#[inline]
pub(crate) fn visit_version(
    snapshot: &Snapshot,
    version: &Record<'_>,
    score: Option<f64>,
    visit: &mut dyn FnMut(&DocumentView<'_>) -> Result<()>,
) -> Result<bool> {
    if !snapshot.is_live(version)? {
        return Ok(false);
    }
    visit_content_of(snapshot, version, score, visit)?;
    Ok(true)
}

#[inline]
fn visit_content_of(
    snapshot: &Snapshot,
    version: &Record<'_>,
    score: Option<f64>,
    visit: &mut dyn FnMut(&DocumentView<'_>) -> Result<()>,
) -> Result<()> {
    match version.payload_pointer {
        None => visit_content(snapshot, version, version, score, visit),
        Some(pointer) => {
            let mut scratch = Scratch::new();
            visit_content(snapshot, version, &snapshot.reader().record(pointer, &mut scratch)?, score, visit)
        }
    }
}

#[inline]
fn visit_content(
    snapshot: &Snapshot,
    version: &Record<'_>,
    content: &Record<'_>,
    score: Option<f64>,
    visit: &mut dyn FnMut(&DocumentView<'_>) -> Result<()>,
) -> Result<()> {
    let Some(document) = content.document() else {
        return Err(Error::corrupt(format!("seq {} is a version with content, but has none", version.seq)));
    };
    let document = DocumentRef::new(document)?;
    let (made_expires_at, made_caused_by) = (OnceCell::new(), OnceCell::new());
    visit(&DocumentView { snapshot, version, content, document, score, made_expires_at, made_caused_by })
}
