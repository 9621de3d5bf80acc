//! The versions of one document, newest first, as far as an index needs them.

use nedb_log::{Address, LogReader, OpKind, Record, Scratch};
use nedb_types::{DocumentRef, Result, Seq};

use crate::read::forward;

/// Walks back from a version over the puts before it, up to the deletion that ended an earlier life of the document.
pub(super) struct Puts<'a> {
    reader: &'a LogReader,
    at: Address,
    next: Option<Address>,
}

impl<'a> Puts<'a> {
    /// Begins before a version.
    pub(super) fn before(reader: &'a LogReader, version: &Record<'_>) -> Self {
        Self { reader, at: version.address, next: version.chain.map(|chain| chain.previous) }
    }

    /// Shows the put before; false when there is none in this life of the document.
    pub(super) fn step(
        &mut self,
        scratch: &mut Scratch,
        show: impl FnOnce(Seq, &DocumentRef<'_>) -> Result<()>,
    ) -> Result<bool> {
        while let Some(address) = self.next.take() {
            if address >= self.at {
                return Err(forward(self.at));
            }
            self.at = address;
            let record = self.reader.record(address, scratch)?;
            match record.entry.kind() {
                // A new lifetime keeps the content.
                OpKind::Expire => self.next = record.chain.map(|chain| chain.previous),
                OpKind::Put => {
                    self.next = record.chain.map(|chain| chain.previous);
                    show(record.seq, &document_of(&record)?)?;
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// The content of a put.
pub(super) fn document_of<'a>(put: &Record<'a>) -> Result<DocumentRef<'a>> {
    let missing = || nedb_types::Error::corrupt(format!("seq {} is a put, but has no document", put.seq));
    DocumentRef::new(put.document().ok_or_else(missing)?)
}
