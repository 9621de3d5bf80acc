//! One operation of the history, as feeds and listings show it.

use std::sync::Arc;

use nedb_log::{Address, FrameHeader, LogReader, LogStore, OpKind, Record, Scratch};
use nedb_types::{Client, Collection, Digest, DocId, DocumentBuf, NodeRef, Object, Relation, Result, Seq, Timestamp};

use crate::{database::Database, engine::Engine, mirror::Provenance, query::entry_object, read::provenance};

/// What an operation did.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryKind {
    /// A new version of a document.
    Put(DocumentBuf),
    /// The end of a document.
    Delete,
    /// A new lifetime for the content of an earlier version.
    Expire {
        /// The version whose content goes on.
        content: Seq,
    },
    /// A new edge from the document.
    Link {
        /// Its name.
        relation: Relation,
        /// Where it leads.
        to: NodeRef,
    },
    /// The end of an edge from the document.
    Unlink {
        /// Its name.
        relation: Relation,
        /// Where it led.
        to: NodeRef,
    },
    /// Nothing: the trace of a request with an idempotency key.
    Noop,
}

impl EntryKind {
    /// The name that outputs use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Put(_) => "put",
            Self::Delete => "delete",
            Self::Expire { .. } => "expire",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::Noop => "noop",
        }
    }
}

/// One operation of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its seq.
    pub seq: Seq,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// What it did.
    pub kind: EntryKind,
    /// The collection of the document (of an edge: of where it starts).
    pub collection: Collection,
    /// The document's id.
    pub id: DocId,
    /// Who wrote it.
    pub client: Client,
    /// The writer's number for it.
    pub nonce: u64,
    /// The digest of the request's idempotency key, at its first operation; the log keeps no more of the key.
    pub idempotency: Option<Digest>,
    /// The previous version of the same document or edge.
    pub previous: Option<Seq>,
    /// When the version expires.
    pub expires_at: Option<Timestamp>,
    /// What the write said about itself.
    pub provenance: Provenance,
    /// Whether it is the last operation of its transaction.
    pub is_last_in_transaction: bool,
}

impl Entry {
    pub(crate) fn of(record: &Record<'_>, committed_at_us: i64) -> Result<Self> {
        let entry = &record.entry;
        Ok(Self {
            seq: record.seq,
            committed_at: Timestamp::from_micros(committed_at_us),
            kind: kind_of(record)?,
            collection: Collection::new(entry.collection())?,
            id: DocId::new(record.id())?,
            client: Client::new(entry.client())?,
            nonce: entry.nonce(),
            idempotency: entry.idempotency(),
            previous: entry.previous(),
            expires_at: entry.expiry().map(Timestamp::from_micros),
            provenance: provenance(record),
            is_last_in_transaction: entry.is_last_in_transaction(),
        })
    }

    /// The operation as every face prints it: `seq kind ts coll id client nonce`, what belongs to its kind, and what the write said
    /// about itself.
    pub fn to_object(&self) -> Result<Object> {
        entry_object(self)
    }
}

fn kind_of(record: &Record<'_>) -> Result<EntryKind> {
    let edge = || -> Result<(Relation, NodeRef)> {
        let Some(target) = record.payload.and_then(|payload| payload.relation()) else {
            return Err(missing(record, "relation"));
        };
        let to = NodeRef::new(Collection::new(target.to_collection)?, DocId::new(target.to_id)?);
        Ok((Relation::new(target.relation)?, to))
    };
    Ok(match record.entry.kind() {
        OpKind::Put => {
            let document = record.document().ok_or_else(|| missing(record, "document"))?;
            EntryKind::Put(DocumentBuf::from_bytes(document.to_vec())?)
        }
        OpKind::Delete => EntryKind::Delete,
        OpKind::Expire => {
            EntryKind::Expire { content: record.entry.target().ok_or_else(|| missing(record, "target"))? }
        }
        OpKind::Link => edge().map(|(relation, to)| EntryKind::Link { relation, to })?,
        OpKind::Unlink => edge().map(|(relation, to)| EntryKind::Unlink { relation, to })?,
        _ => EntryKind::Noop,
    })
}

fn missing(record: &Record<'_>, what: &str) -> nedb_types::Error {
    nedb_types::Error::corrupt(format!("seq {} should have a {what}, but has none", record.seq))
}

/// The entries of a stretch of the history, in order.
pub struct Entries {
    engine: Arc<Engine>,
    reader: Arc<LogReader>,
    scratch: Scratch,
    frame: Option<FrameHeader>,
    next: Option<Address>,
    next_seq: u64,
    end: u64,
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Entries")
            .field("next_seq", &self.next_seq)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Entries {
    /// The entries from this seq up to a size.
    pub(crate) fn new(engine: Arc<Engine>, from: u64, end: u64) -> Self {
        let reader = engine.log.reader();
        Self { engine, reader, scratch: Scratch::new(), frame: None, next: None, next_seq: from, end }
    }

    fn step(&mut self) -> Result<Option<Entry>> {
        if self.next_seq >= self.end {
            return Ok(None);
        }
        let address = if let Some(address) = self.next {
            address
        } else {
            let found = self.engine.address_of(&self.reader, Seq::new(self.next_seq))?;
            found.ok_or_else(|| beyond(self.next_seq))?
        };
        let record = self.reader.record(address, &mut self.scratch)?;
        let frame = match self.frame.filter(|frame| frame.address == record.frame) {
            Some(frame) => frame,
            None => *self.frame.insert(self.reader.frame(record.frame)?),
        };
        let entry = Entry::of(&record, frame.commit_time)?;
        self.next_seq += 1;
        self.next = if self.next_seq < frame.size_after() { Some(record.end()) } else { None };
        Ok(Some(entry))
    }
}

fn beyond(seq: u64) -> nedb_types::Error {
    nedb_types::Error::corrupt(format!("seq {seq} is below the head, but the log has no such operation"))
}

impl Iterator for Entries {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.step().transpose();
        if matches!(entry, Some(Err(_))) {
            self.end = 0;
        }
        entry
    }
}

impl Database {
    /// The operations after a seq (`None`: all), up to the durable end at the time of the call.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// db.delete("users", "ada")?;
    /// let kinds: Vec<_> = db.since(None).map(|entry| entry.map(|entry| entry.kind.as_str())).collect::<Result<_, _>>()?;
    /// assert_eq!(kinds, ["put", "delete"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn since(&self, after: Option<Seq>) -> Entries {
        let from = after.map_or(0, |seq| seq.get().saturating_add(1));
        let end = self.engine().log.durable().size.min(self.head().size);
        Entries::new(Arc::clone(self.engine()), from, end)
    }
}
