//! All versions of one document, newest first.

use nedb_log::{Address, OpKind, Record, Scratch};
use nedb_types::{Client, DocumentBuf, Object, Result, Seq, Timestamp, Value};

use super::{row, snapshot::Snapshot, version::forward};
use crate::{
    keys::{Key, is_document_of},
    mirror::{Provenance, mirror_fields},
    query::version_object,
};

/// What a version did to the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionKind {
    /// It wrote content.
    Put,
    /// It removed the document.
    Delete,
    /// It changed the lifetime and kept the content.
    Expire,
}

impl VersionKind {
    /// The name that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Delete => "delete",
            Self::Expire => "expire",
        }
    }
}

/// One version of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its seq.
    pub seq: Seq,
    /// What it did.
    pub kind: VersionKind,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// Who wrote it.
    pub client: Client,
    /// The writer's number for it.
    pub nonce: u64,
    /// The content; `None` for a deletion.
    pub document: Option<DocumentBuf>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// What the write said about itself.
    pub provenance: Provenance,
}

impl Version {
    /// The version as every face prints it: `seq kind ts client nonce document`, and what the write said about itself.
    pub fn to_object(&self) -> Result<Object> {
        version_object(self)
    }

    /// The fields that reads of this version add to the content of the document with this id, as [`Row::mirror`](crate::Row::mirror) does.
    pub fn mirror(&self, id: impl AsRef<[u8]>) -> Result<Vec<(&'static str, Value)>> {
        mirror_fields(id.as_ref(), Some(&self.provenance), self.expires_at)
    }
}

impl Snapshot {
    /// The versions of a document up to this snapshot, newest first; empty when it never existed.
    ///
    /// ```
    /// use nedb::{Body, Database, VersionKind};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json(r#"{"age": 36}"#))?;
    /// db.delete("users", "ada")?;
    /// let kinds: Vec<_> = db.snapshot().history("users", "ada")?.map(|v| v.map(|v| v.kind)).collect::<Result<_, _>>()?;
    /// assert_eq!(kinds, [VersionKind::Delete, VersionKind::Put]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn history(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<History> {
        let id = id.as_ref();
        let key = Key::document(collection, id)?.index_key();
        let (hash, mut scratch, mut first) = (self.engine().keys.hash(&key), Scratch::new(), None);
        self.engine().keys.newest(hash, |address| {
            let record = self.reader().record(address, &mut scratch)?;
            let is_match = is_document_of(&record, collection, id);
            if is_match {
                first = self.version_of(&record)?;
            }
            Ok(is_match)
        })?;
        Ok(History { snapshot: self.clone(), next: first })
    }

    /// The version that one record is.
    pub(crate) fn version_from(&self, record: &Record<'_>) -> Result<Version> {
        let mut scratch = Scratch::new();
        let content = match record.payload_pointer {
            Some(pointer) => self.reader().record(pointer, &mut scratch)?,
            None => *record,
        };
        let kind = match record.entry.kind() {
            OpKind::Delete => VersionKind::Delete,
            OpKind::Expire => VersionKind::Expire,
            _ => VersionKind::Put,
        };
        let document = content.document().filter(|_| kind != VersionKind::Delete);
        Ok(Version {
            seq: record.seq,
            kind,
            committed_at: Timestamp::from_micros(self.reader().frame(record.frame)?.commit_time),
            client: Client::new(record.entry.client())?,
            nonce: record.entry.nonce(),
            document: document.map(|bytes| DocumentBuf::from_bytes(bytes.to_vec())).transpose()?,
            expires_at: record.entry.expiry().map(Timestamp::from_micros),
            provenance: row::provenance(record),
        })
    }
}

/// The versions of one document, newest first.
#[derive(Debug)]
pub struct History {
    snapshot: Snapshot,
    next: Option<Address>,
}

impl History {
    fn step(&mut self) -> Result<Option<Version>> {
        let Some(address) = self.next.take() else { return Ok(None) };
        let mut scratch = Scratch::new();
        let record = self.snapshot.reader().record(address, &mut scratch)?;
        self.next = record.chain.map(|chain| chain.previous);
        if self.next.is_some_and(|previous| previous >= address) {
            return Err(forward(address));
        }
        self.snapshot.version_from(&record).map(Some)
    }
}

impl Iterator for History {
    type Item = Result<Version>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
