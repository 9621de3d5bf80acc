//! The handle that programs hold.
//!
//! Its methods are thin: each names a use and hands it to the module that does it. Reads are those of a [`Snapshot`] of
//! the head; writes all go through [`Database::write`].

use std::{path::Path, sync::Arc};

use nedb_index::Merging;
use nedb_log::LogStore;
use nedb_types::{DatabaseId, Result, Seq};

use crate::{
    commit,
    engine::{Engine, Head},
    open::{self, OpenReport},
    options::Options,
    read::{AsOf, Direction, Neighbor, Row, Snapshot},
    request::{Body, Op, Receipt, WriteBatch},
    turns::Turns,
};

/// An open database. Clones are handles on the same one; the last to go closes it.
///
/// ```
/// use nedb::{AsOf, Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("packages", "bash", Body::json(r#"{"version": "5.2.15"}"#))?;
/// let seq = db.head().seq().expect("something was written");
/// db.put("packages", "bash", Body::json(r#"{"version": "5.2.37"}"#))?;
///
/// let now = db.get("packages", "bash")?.expect("it exists");
/// let then = db.get_at("packages", "bash", AsOf::Seq(seq))?.expect("it existed");
/// assert_eq!(now.to_json()?, r#"{"version":"5.2.37"}"#);
/// assert_eq!(then.to_json()?, r#"{"version":"5.2.15"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    handle: Arc<Handle>,
}

/// What closes the engine when the last handle goes.
struct Handle {
    engine: Arc<Engine>,
    report: OpenReport,
    turns: Turns,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A failure to tidy up cannot be reported from here; nothing acknowledged depends on it. `close` reports it.
        let _untidy = self.engine.close();
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Database")
            .field("dir", &self.engine().dir)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database in a directory, and creates it when there is none and the options allow it.
    ///
    /// Errors: `locked` when another handle writes, `not_a_database`, `old_format`, `newer_format`, `corrupt` and
    /// `rollback` with the place, `io`.
    ///
    /// ```
    /// use nedb::{Body, Database, Options};
    /// # fn main() -> nedb::Result<()> {
    /// let dir = std::env::temp_dir().join(format!("nedb-open-{}", std::process::id()));
    /// let db = Database::open(&dir, Options::new())?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// db.close()?;
    ///
    /// let db = Database::open(&dir, Options::new())?;
    /// assert!(db.get("users", "ada")?.is_some());
    /// # drop(db);
    /// # drop(std::fs::remove_dir_all(&dir));
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let (engine, report) = open::open(path.as_ref(), options)?;
        Ok(Self::of(engine, report))
    }

    /// The first handle of an engine.
    pub(crate) fn of(engine: Arc<Engine>, report: OpenReport) -> Self {
        Self { handle: Arc::new(Handle { engine, report, turns: Turns::new() }) }
    }

    /// Opens an empty database that lives in memory and ends with its last handle: the same engine over another disk.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// assert_eq!(db.head().size, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_memory() -> Result<Self> {
        Self::in_memory_with(Options::new(), 4 << 30)
    }

    /// Opens an empty database in memory with options and at most this many bytes of files, taken in pieces of 1 MiB.
    ///
    /// Beyond it writes are refused with `full`, and reads go on. A history only grows, so deleting documents makes no room,
    /// and a deletion that needs a new piece is refused as well.
    ///
    /// ```
    /// use nedb::{Body, Database, Durability, Options};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory_with(Options::new().durability(Durability::None), 64 << 20)?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// assert_eq!(db.head().size, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_memory_with(options: Options, bytes_max: u64) -> Result<Self> {
        Self::open("/memory", options.io(nedb_io::Io::memory(bytes_max)))
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.handle.engine
    }

    /// What opening found and did.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// assert_eq!(db.open_report().replayed_operations, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn open_report(&self) -> &OpenReport {
        &self.handle.report
    }

    /// The turns that writers of this database take who would otherwise repeat their work; all handles share them.
    pub fn turns(&self) -> &Turns {
        &self.handle.turns
    }

    /// The directory of the database.
    pub fn path(&self) -> &Path {
        &self.engine().dir
    }

    /// What tells this database from all others, also from one that is made later in the same directory.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// assert_ne!(Database::in_memory()?.id(), Database::in_memory()?.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn id(&self) -> DatabaseId {
        self.engine().id
    }

    /// Why this handle takes no more writes, after a failed sync; none while it takes them. Reads go on.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// assert_eq!(Database::in_memory()?.poison(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poison(&self) -> Option<&str> {
        self.engine().log.poison()
    }

    /// Whether the next write waits for a checkpoint: the changes that none has written yet take all the memory that they may.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// assert!(!Database::in_memory()?.is_checkpoint_awaited());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_checkpoint_awaited(&self) -> bool {
        self.engine().is_checkpoint_awaited()
    }

    /// The newest visible state: size, root and time.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let empty = db.head();
    /// db.put("users", "ada", Body::json("{}"))?;
    /// assert_eq!(db.head().size, 1);
    /// assert_ne!(db.head().root, empty.root);
    /// # Ok(())
    /// # }
    /// ```
    pub fn head(&self) -> Head {
        self.engine().published.head()
    }

    /// The last operation that is known to be on the disk; feeds, proofs and signatures stop there.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let written = db.put("users", "ada", Body::json("{}"))?;
    /// // The default mode, `sync`, answers a write when it is durable.
    /// assert_eq!(db.durable_seq(), written.seq());
    /// # Ok(())
    /// # }
    /// ```
    pub fn durable_seq(&self) -> Option<Seq> {
        self.engine().log.durable().size.checked_sub(1).map(Seq::new)
    }

    /// Writes a batch as a whole: all of it or none.
    ///
    /// ```
    /// use nedb::{Body, Database, Op, WriteBatch};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let mut batch = WriteBatch::new().client("bank").idempotency_key("transfer-17");
    /// batch.push(Op::put("accounts", "ada", Body::json(r#"{"balance": 90}"#)));
    /// batch.push(Op::put("accounts", "bob", Body::json(r#"{"balance": 110}"#)));
    /// let first = db.write(batch.clone())?;
    /// // The same key again: the first result, and no second effect.
    /// let again = db.write(batch)?;
    /// assert_eq!((first.last_seq, db.head().size), (again.last_seq, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn write(&self, batch: impl Into<WriteBatch>) -> Result<Receipt> {
        commit::commit(self.engine(), batch.into())
    }

    /// Writes batches that have nothing to do with each other, as many threads would do it, in the order given: each is atomic and has its own
    /// answer, and together they cost one sync. For those who collect the writes of many callers.
    ///
    /// ```
    /// use nedb::{Body, Database, ErrorCode, Expected, Op, WriteBatch};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let put = || WriteBatch::new().op(Op::put("users", "ada", Body::json("{}")).if_seq(Expected::Missing));
    /// let answers = db.write_each([put(), put()]);
    /// assert!(answers[0].is_ok());
    /// // The second one saw what the first one did, and was refused alone.
    /// assert_eq!(answers[1].as_ref().map_err(|error| error.code()).err(), Some(ErrorCode::PreconditionFailed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_each(&self, batches: impl IntoIterator<Item = WriteBatch>) -> Vec<Result<Receipt>> {
        commit::commit_each(self.engine(), batches.into_iter().collect())
    }

    /// Writes a new version of a document.
    ///
    /// ```
    /// use nedb::{Body, Database, Seq};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let written = db.put("users", "ada", Body::json(r#"{"city": "London"}"#))?;
    /// assert_eq!(written.seq(), Some(Seq::new(0)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn put(&self, collection: &str, id: impl AsRef<[u8]>, body: impl Into<Body>) -> Result<Receipt> {
        self.write(Op::put(collection, id, body))
    }

    /// Deletes a document; the receipt says whether there was one.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// db.delete("users", "ada")?;
    /// assert!(db.get("users", "ada")?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Receipt> {
        self.write(Op::delete(collection, id))
    }

    /// Writes the content of an earlier version again, as a new version.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let first = db.put("users", "ada", Body::json(r#"{"city": "London"}"#))?.seq().expect("it was written");
    /// db.delete("users", "ada")?;
    /// db.restore("users", "ada", first)?;
    /// assert_eq!(db.get("users", "ada")?.expect("it is there again").to_json()?, r#"{"city":"London"}"#);
    /// assert_eq!(db.head().size, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn restore(&self, collection: &str, id: impl AsRef<[u8]>, version: Seq) -> Result<Receipt> {
        self.write(Op::restore(collection, id, version))
    }

    /// Adds an edge between two nodes, each written `collection:id`.
    ///
    /// ```
    /// use nedb::{Database, Direction};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.link("packages:bash", "depends", "packages:libc6")?;
    /// let found = db.neighbors("packages:libc6", "depends", Direction::Inbound)?;
    /// assert_eq!(found.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn link(&self, from: &str, relation: &str, to: &str) -> Result<Receipt> {
        self.write(Op::link(from, relation, to))
    }

    /// Removes an edge.
    ///
    /// ```
    /// use nedb::{Database, Direction};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.link("packages:bash", "depends", "packages:libc6")?;
    /// db.unlink("packages:bash", "depends", "packages:libc6")?;
    /// assert!(db.neighbors("packages:bash", "depends", Direction::Outbound)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn unlink(&self, from: &str, relation: &str, to: &str) -> Result<Receipt> {
        self.write(Op::unlink(from, relation, to))
    }

    /// A snapshot of the head.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let snapshot = db.snapshot();
    /// db.delete("users", "ada")?;
    /// assert!(snapshot.get("users", "ada")?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::head(Arc::clone(self.engine()))
    }

    /// A snapshot of any moment.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let first = db.put("users", "ada", Body::json("{}"))?.seq().expect("it was written");
    /// db.put("users", "bob", Body::json("{}"))?;
    /// assert!(db.snapshot_at(first)?.get("users", "bob")?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot_at(&self, as_of: impl Into<AsOf>) -> Result<Snapshot> {
        Snapshot::at(Arc::clone(self.engine()), as_of.into())
    }

    /// Reads one document.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json(r#"{"city": "London"}"#))?;
    /// assert_eq!(db.get("users", "ada")?.expect("it exists").to_json()?, r#"{"city":"London"}"#);
    /// assert!(db.get("users", "bob")?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, collection: &str, id: impl AsRef<[u8]>) -> Result<Option<Row>> {
        self.snapshot().get(collection, id)
    }

    /// Reads one document as it was at a moment.
    ///
    /// ```
    /// use nedb::{AsOf, Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let first = db.put("users", "ada", Body::json("{}"))?.seq().expect("it was written");
    /// db.delete("users", "ada")?;
    /// assert!(db.get_at("users", "ada", first)?.is_some());
    /// assert!(db.get_at("users", "ada", AsOf::Head)?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_at(&self, collection: &str, id: impl AsRef<[u8]>, as_of: impl Into<AsOf>) -> Result<Option<Row>> {
        self.snapshot_at(as_of)?.get(collection, id)
    }

    /// Reads many documents of one collection.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let rows = db.multi_get("users", &["ada", "bob"])?;
    /// assert_eq!(rows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn multi_get<I: AsRef<[u8]>>(&self, collection: &str, ids: &[I]) -> Result<Vec<Option<Row>>> {
        self.snapshot().multi_get(collection, ids)
    }

    /// Makes an object id: the time in seconds, five random bytes of this handle, and a number that ascends.
    ///
    /// Ids that one handle makes ascend with the seconds and within one.
    ///
    /// ```
    /// use nedb::Database;
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// assert!(db.new_object_id() < db.new_object_id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new_object_id(&self) -> [u8; 12] {
        self.engine().object_ids.make(&self.engine().io)
    }

    /// The neighbours of a node at the head; see [`Snapshot::neighbors`].
    ///
    /// ```
    /// use nedb::{Database, Direction};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.link("packages:bash", "depends", "packages:libc6")?;
    /// let [needed] = db.neighbors("packages:bash", "depends", Direction::Outbound)?.try_into().expect("one");
    /// assert_eq!(needed.node.to_string(), "packages:libc6");
    /// # Ok(())
    /// # }
    /// ```
    pub fn neighbors(&self, node: &str, relation: &str, direction: Direction) -> Result<Vec<Neighbor>> {
        self.snapshot().neighbors(node, relation, direction)
    }

    /// Deletes every document that a collection has when the call begins, and returns how many it deleted.
    ///
    /// Each deletion is an operation: history stays. A collection larger than one transaction is dropped in several, so
    /// readers in between see a part of it; after a crash the same call completes the work. Others may write meanwhile:
    /// a document that is written again before its turn is deleted as well, and one that is new stays.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let written = db.put("users", "ada", Body::json("{}"))?.seq().expect("it was written");
    /// assert_eq!(db.drop_collection("users")?, 1);
    /// assert!(db.get("users", "ada")?.is_none());
    /// assert!(db.get_at("users", "ada", written)?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn drop_collection(&self, collection: &str) -> Result<u64> {
        crate::sweep::drop_collection(self, collection)
    }

    /// Deletes the documents whose lifetime has ended, and returns how many.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// assert_eq!(db.sweep()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep(&self) -> Result<u64> {
        self.engine().check_writable()?;
        crate::sweep::sweep(self.engine())
    }

    /// Makes everything written so far durable, whatever the durability mode; returns the durable seq.
    ///
    /// ```
    /// use nedb::{Body, Database, Durability, Options};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory_with(Options::new().durability(Durability::None), 64 << 20)?;
    /// let written = db.put("users", "ada", Body::json("{}"))?;
    /// assert_eq!(db.durable_seq(), None);
    /// assert_eq!(db.flush()?, written.seq());
    /// # Ok(())
    /// # }
    /// ```
    pub fn flush(&self) -> Result<Option<Seq>> {
        self.engine().check_writable()?;
        Ok(self.engine().sync_log()?.checked_sub(1).map(Seq::new))
    }

    /// Writes a checkpoint, from which the next open starts; writers go on meanwhile.
    ///
    /// Unlike those that come by themselves, it also takes the time to merge the files of the key index for later reads, unless
    /// little is new in a large database.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// assert_eq!(db.checkpoint()?.size, 1);
    /// assert_eq!(db.stats()?.checkpoint_size, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn checkpoint(&self) -> Result<Head> {
        self.engine().check_writable()?;
        self.engine().checkpoint_with(Merging::Deep)
    }

    /// Ends writing for all handles: sync, checkpoint, head, and another writer may open it. Reads go on and see the last head.
    ///
    /// It happens once: a call while another thread closes waits for that, and every call returns what came of it.
    /// Also done, without a report, when the last handle goes.
    ///
    /// ```
    /// use nedb::{Body, Database, ErrorCode};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// db.close()?;
    /// assert_eq!(db.put("users", "bob", Body::json("{}")).unwrap_err().code(), ErrorCode::Closed);
    /// assert!(db.get("users", "ada")?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) -> Result<()> {
        self.engine().close()
    }
}
