//! The state of a database at one moment, for any number of reads.

use std::sync::{Arc, OnceLock};

use nedb_log::{LogReader, LogStore};
use nedb_types::{Collection, Result, Seq, Timestamp, key};

use super::{AsOf, ScanRange, row::Row};
use crate::engine::Engine;

/// The database as it was at one moment; it never changes, blocks no writer and is cheap to clone.
///
/// ```
/// use nedb::{AsOf, Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let first = db.put("users", "ada", Body::json(r#"{"age": 36}"#))?.last_seq.expect("a put is logged");
/// let before = db.snapshot();
/// db.put("users", "ada", Body::json(r#"{"age": 37}"#))?;
/// assert_eq!(before.get("users", "ada")?.expect("it is there").to_json()?, r#"{"age":36}"#);
/// let past = db.snapshot_at(AsOf::Seq(first))?;
/// assert_eq!(past.get("users", "ada")?.expect("it was there").to_json()?, r#"{"age":36}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Snapshot {
    engine: Arc<Engine>,
    reader: Arc<LogReader>,
    size: u64,
    /// The newest catalogue record of a look at the head; AS OF has those before its seq.
    catalogue_number: Option<u64>,
    /// Looked up at first need for a snapshot of a seq: most reads meet no lifetime.
    read_time_us: OnceLock<i64>,
}

/// A collection and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionInfo {
    /// Its name.
    pub name: Collection,
    /// Number of documents visible in it.
    pub documents: u64,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("size", &self.size)
            .field("read_time_us", &self.read_time_us)
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) fn at(engine: Arc<Engine>, as_of: AsOf) -> Result<Self> {
        let moment = engine.resolve(as_of)?;
        // The reader is taken after the size is known, so that it reaches at least that far.
        let reader = engine.log.reader();
        let read_time_us = moment.read_time_us.map_or_else(OnceLock::new, OnceLock::from);
        Ok(Self { engine, reader, size: moment.size, catalogue_number: None, read_time_us })
    }

    pub(crate) fn head(engine: Arc<Engine>) -> Self {
        let head = engine.published.head();
        let read_time_us = engine.io.clock.wall_us().max(head.committed_at.as_micros());
        let catalogue_number = Some(engine.secondary.catalogue_number());
        let reader = engine.log.reader();
        Self { engine, reader, size: head.size, catalogue_number, read_time_us: OnceLock::from(read_time_us) }
    }

    /// Another moment of the same database.
    pub(crate) fn at_moment(&self, as_of: AsOf) -> Result<Self> {
        Self::at(Arc::clone(&self.engine), as_of)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn reader(&self) -> &LogReader {
        &self.reader
    }

    pub(crate) fn catalogue_number(&self) -> Option<u64> {
        self.catalogue_number
    }

    pub(crate) fn read_time_us(&self) -> Result<i64> {
        if let Some(known) = self.read_time_us.get() {
            return Ok(*known);
        }
        let last = self.seq().unwrap_or_default();
        let read_time_us = self.engine.commit_time_of(last)?;
        Ok(*self.read_time_us.get_or_init(|| read_time_us))
    }

    /// Number of operations that the snapshot includes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The last operation that the snapshot includes.
    pub fn seq(&self) -> Option<Seq> {
        self.size.checked_sub(1).map(Seq::new)
    }

    /// The time against which lifetimes are judged.
    pub fn read_time(&self) -> Result<Timestamp> {
        self.read_time_us().map(Timestamp::from_micros)
    }

    /// Reads one document; `None` when it does not exist, was deleted or has expired.
    pub fn get(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Option<Row>> {
        self.point(collection, id.as_ref())
    }

    /// Reads many documents of one collection; the answers are in the order of the ids. Much cheaper than single reads.
    pub fn multi_get<I: AsRef<[u8]>>(&self, collection: &str, ids: &[I]) -> Result<Vec<Option<Row>>> {
        self.points(collection, ids)
    }

    /// Says which documents of one collection will be read next, one by one: what these reads need from memory is then on its way, all at
    /// once. It is worth its while for some tens of them; for [`multi_get`](Self::multi_get) it is not needed.
    ///
    /// Errors: as a read of them.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let (snapshot, ids) = (db.snapshot(), ["ada", "bob"]);
    /// snapshot.prefetch("users", &ids)?;
    /// let known = ids.map(|id| snapshot.get("users", id).is_ok_and(|row| row.is_some()));
    /// assert_eq!(known, [true, false]);
    /// assert!(snapshot.prefetch("", &ids).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefetch<I: AsRef<[u8]>>(&self, collection: &str, ids: &[I]) -> Result<()> {
        self.prefetch_points(collection, ids)
    }

    /// The seq of the newest version that a read of this document sees.
    pub fn last_seq(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Option<Seq>> {
        Ok(self.get(collection, id)?.map(|row| row.seq()))
    }

    /// The collections that have at least one visible document, by name, with their numbers of documents.
    ///
    /// It counts, so it costs a walk over the keys of every collection.
    pub fn collections(&self) -> Result<Vec<CollectionInfo>> {
        let mut collections = Vec::new();
        for name in self.collection_names()? {
            let mut documents = 0;
            for row in self.scan(name.as_str(), &ScanRange::all())? {
                row?;
                documents += 1;
            }
            if documents > 0 {
                collections.push(CollectionInfo { name, documents });
            }
        }
        Ok(collections)
    }

    /// The names under which any document was ever written up to the head, in order: cheap, one look-up for each.
    ///
    /// Collections of which nothing is visible at this moment are among them.
    pub fn collection_names(&self) -> Result<Vec<Collection>> {
        let mut names = Vec::new();
        let mut from = vec![key::SPACE_DOCUMENT];
        while let Some(name) = self.next_collection(&from)? {
            let prefix = key::document_prefix(&name);
            names.push(name);
            match key::prefix_successor(&prefix) {
                Some(next) => from = next,
                None => break,
            }
        }
        Ok(names)
    }
}
