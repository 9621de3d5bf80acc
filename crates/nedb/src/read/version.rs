//! From the newest version of a key to the one a snapshot sees.

use nedb_log::{Address, LogReader, OpKind, Record, Scratch};
use nedb_types::{Error, Place, Result};

use super::{row::Row, snapshot::Snapshot};

/// The newest version that is older than this one and below `size`.
fn follow(reader: &LogReader, newest: &Record<'_>, size: u64) -> Result<Option<Address>> {
    let mut scratch = Scratch::new();
    let (mut at, mut chain) = (newest.address, newest.chain);
    while let Some(pointers) = chain {
        let next = pointers.toward(size);
        if next >= at {
            return Err(forward(at));
        }
        let (seq, further) = reader.chain(next, size, &mut scratch)?;
        if seq.get() < size {
            return Ok(Some(next));
        }
        (at, chain) = (next, further);
    }
    Ok(None)
}

/// The error for a pointer that does not lead back: no hash covers it, and following it might never end.
pub(crate) fn forward(at: Address) -> Error {
    Error::corrupt("the version chain does not lead back").at(Place::at_offset(at.get()))
}

impl Snapshot {
    /// The version of a key that the snapshot sees, whatever its kind, given the record of the newest one.
    pub(crate) fn version_of(&self, newest: &Record<'_>) -> Result<Option<Address>> {
        if newest.seq.get() < self.size() {
            return Ok(Some(newest.address));
        }
        follow(self.reader(), newest, self.size())
    }

    /// Calls `found` with the record of the version that the snapshot sees.
    pub(crate) fn with_version<T>(
        &self,
        newest: &Record<'_>,
        found: impl FnOnce(&Record<'_>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        if newest.seq.get() < self.size() {
            return found(newest);
        }
        let Some(address) = follow(self.reader(), newest, self.size())? else { return Ok(None) };
        let mut scratch = Scratch::new();
        found(&self.reader().record(address, &mut scratch)?)
    }

    /// Whether a version is a live one at the snapshot's time.
    pub(crate) fn is_live(&self, version: &Record<'_>) -> Result<bool> {
        if !matches!(version.entry.kind(), OpKind::Put | OpKind::Link | OpKind::Expire) {
            return Ok(false);
        }
        match version.entry.expiry() {
            None => Ok(true),
            Some(expiry_us) => Ok(expiry_us > self.read_time_us()?),
        }
    }

    /// The row of a version of a document; `None` when it is a deletion or has expired.
    pub(crate) fn row_of(&self, version: &Record<'_>) -> Result<Option<Row>> {
        self.visible(version, Row::of)
    }

    /// Hands a live version of a document and the record of its content to `make`; `None` for one that is not live.
    pub(crate) fn visible<T>(
        &self,
        version: &Record<'_>,
        make: impl FnOnce(&Record<'_>, &Record<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        if !self.is_live(version)? {
            return Ok(None);
        }
        match version.payload_pointer {
            None => make(version, version).map(Some),
            Some(pointer) => {
                let mut scratch = Scratch::new();
                make(version, &self.reader().record(pointer, &mut scratch)?).map(Some)
            }
        }
    }
}
