//! How large a database is, on disk and in memory, and how its upkeep goes.
//!
//! Promises: numbers of one moment, taken without stopping writers, so those of a busy database need not add up exactly.
//! Leaves to others: what a query costs, and verification.

use std::{path::Path, sync::atomic::Ordering};

use nedb_io::{CacheFigures, Io, PathKind};
use nedb_log::LogStore;
use nedb_types::{DatabaseId, Error, Result, Value};

use crate::{
    clock_watch::ClockSteps,
    commit::CommitFigures,
    database::Database,
    engine::Head,
    open::INDEX_DIR,
    options::{Access, Durability},
    proof::JsonFields,
    secondary::IndexInfo,
    sweep,
};

/// The segment files of the log.
pub(crate) const LOG_DIR: &str = "log";

/// The size and state of a database at one moment.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let stats = db.stats()?;
/// assert_eq!(stats.head.size, 1);
/// assert_eq!(stats.collections, [("users".to_owned(), 1)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Stats {
    /// The id of the database.
    pub database: DatabaseId,
    /// The origin line of its checkpoints; `None` when the log names no readable key.
    pub origin: Option<String>,
    /// Number of times it was opened for writing.
    pub epoch: u64,
    /// The newest visible state.
    pub head: Head,
    /// Number of operations that are known to be on the disk.
    pub durable_size: u64,
    /// When writes are acknowledged.
    pub durability: Durability,
    /// Whether this handle may write.
    pub access: Access,
    /// What this handle committed, and how long the disk took for it.
    pub commits: CommitFigures,
    /// What this handle found in its caches, by their names: the last operations of `clients`, which every write asks for and
    /// the log knows too, and the `index_nodes` of files of secondary indexes.
    pub caches: Vec<(&'static str, CacheFigures)>,
    /// Why this handle takes no more writes, after a failed sync.
    pub poison: Option<String>,
    /// The collections by name with their numbers of documents, expired ones that were not swept yet included.
    pub collections: Vec<(String, u64)>,
    /// Length of the log in addresses: what all operations take.
    pub log_bytes: u64,
    /// Bytes of the log's files, room that was made ahead included.
    pub log_bytes_on_disk: u64,
    /// Number of the log's files.
    pub log_segments: u64,
    /// Bytes of the files in `index/`, which can be rebuilt from the log.
    pub index_bytes_on_disk: u64,
    /// Keys in the index: documents and edges, deleted ones included, and second keys; a key in several layers counts
    /// several times.
    pub index_entries: u64,
    /// Bytes in memory for keys that were written since the last checkpoint.
    pub delta_bytes: u64,
    /// Bytes in memory for the key index as a whole; mapped files are not in it.
    pub index_memory_bytes: u64,
    /// The secondary indexes, by collection and field.
    pub indexes: Vec<IndexInfo>,
    /// Operations that the ready ones do not cover yet; a query reads them first.
    pub index_lag: u64,
    /// Number of operations that the newest checkpoint covers.
    pub checkpoint_size: u64,
    /// Microseconds since the last checkpoint of this handle, or since it was opened.
    pub checkpoint_age_us: u64,
    /// Steps of the wall clock by more than 60 s against the monotonic clock, as this handle saw them. A machine that slept
    /// counts too. Commit times never decrease, whatever the clock does.
    pub clock_steps: ClockSteps,
    /// The last failure in the background that nobody has asked for yet. Asking takes it.
    pub background_failure: Option<Error>,
}

impl Database {
    /// Measures the database.
    ///
    /// It looks at every file of `log/` and `index/`, so it is for people and metrics, not for hot paths. A failure in the
    /// background is told once: see [`Stats::background_failure`].
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let stats = db.stats()?;
    /// assert_eq!((stats.head.size, stats.collections), (1, vec![("users".to_owned(), 1)]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stats(&self) -> Result<Stats> {
        let engine = self.engine();
        engine.check_open()?;
        let (log_segments, log_bytes_on_disk) = files_in(&engine.io, &engine.dir.join(LOG_DIR))?;
        let (_, index_bytes_on_disk) = files_in(&engine.io, &engine.dir.join(INDEX_DIR))?;
        let since_us = engine.maintenance.checkpoint_time_us.load(Ordering::Relaxed);
        Ok(Stats {
            database: engine.id,
            origin: engine.public_key().map(|key| key.name().to_owned()).ok(),
            epoch: engine.log.epoch(),
            head: engine.published.head(),
            durable_size: engine.log.durable().size,
            durability: engine.durability,
            access: engine.access,
            commits: engine.commits.figures(),
            caches: vec![
                ("clients", engine.commits.clients.figures()),
                ("index_nodes", engine.secondary.nodes.figures()),
            ],
            poison: engine.log.poison().map(str::to_owned),
            collections: self.collection_sizes()?,
            log_bytes: engine.log.position().end.get(),
            log_bytes_on_disk,
            log_segments,
            index_bytes_on_disk,
            index_entries: engine.keys.entry_count(),
            delta_bytes: engine.keys.delta_bytes(),
            index_memory_bytes: engine.keys.memory_bytes(),
            indexes: engine.index_infos(),
            index_lag: engine.index_lag(),
            checkpoint_size: engine.maintenance.checkpoint_size.load(Ordering::Relaxed),
            checkpoint_age_us: engine.io.clock.monotonic_us().saturating_sub(since_us),
            clock_steps: engine.clock_watch.steps(engine.io.clock.as_ref()),
            background_failure: engine.maintenance.take_failure(),
        })
    }

    /// The collections by name with their numbers of documents, expired ones that were not swept yet included: these are known, nothing
    /// is counted.
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// assert_eq!(db.collection_sizes()?, [("users".to_owned(), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn collection_sizes(&self) -> Result<Vec<(String, u64)>> {
        self.engine().check_open()?;
        let collections = self.engine().collections.read();
        let live = collections.iter().map(|(name, live)| (name.to_string(), live.max(0).cast_unsigned()));
        Ok(live.filter(|(_, live)| *live > 0).collect())
    }

    /// How many documents have a lifetime, expired ones that were not swept yet included.
    ///
    /// It walks over their keys in the index, and ends at `max`; behind four times as many keys too, as those of lifetimes that ended stay for a
    /// while: then there may be more.
    ///
    /// ```
    /// use nedb::{Body, Database, Op, Timestamp, WriteBatch};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let end = Timestamp::from_micros(i64::MAX);
    /// for id in ["a", "b", "c"] {
    ///     db.write(WriteBatch::new().op(Op::put("c", id, Body::json("{}")).expires_at(end)))?;
    /// }
    /// db.put("c", "c", Body::json(r#"{"stays": true}"#))?;
    /// assert_eq!((db.count_expiring(10)?, db.count_expiring(1)?), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn count_expiring(&self, max: u64) -> Result<u64> {
        self.engine().check_open()?;
        sweep::count_expiring(self.engine(), max)
    }
}

/// Number and bytes of the files in a directory.
pub(crate) fn files_in(io: &Io, dir: &Path) -> Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for name in io.disk.list(dir)? {
        // A file that went away since it was listed is no longer part of the size.
        if let Some(PathKind::File { len_bytes }) = io.disk.kind(&dir.join(name))? {
            files += 1;
            bytes += len_bytes;
        }
    }
    Ok((files, bytes))
}

impl Stats {
    /// The numbers as one JSON object; digests in hex, times as RFC 3339.
    pub fn to_json(&self) -> Result<String> {
        let collections = self
            .collections
            .iter()
            .map(|(name, documents)| JsonFields::new().text("name", name).number("documents", *documents).into_value());
        let caches = self.caches.iter().map(|(name, figures)| {
            JsonFields::new()
                .text("name", name)
                .number("hits", figures.hits)
                .number("misses", figures.misses)
                .into_value()
        });
        let (durability, interval_us) = match self.durability {
            Durability::Sync => ("sync", None),
            Durability::Group { interval_us } => ("group", Some(interval_us)),
            Durability::None => ("none", None),
        };
        JsonFields::new()
            .text("database", self.database)
            .maybe_text("origin", self.origin.as_ref())
            .number("epoch", self.epoch)
            .number("size", self.head.size)
            .text("head", self.head.root)
            .text("committed_at", self.head.committed_at)
            .number("durable_size", self.durable_size)
            .text("durability", durability)
            .maybe_number("durability_interval_us", interval_us)
            .value("read_only", self.access == Access::ReadOnly)
            .maybe_text("poison", self.poison.as_ref())
            .value("collections", collections.collect::<Vec<Value>>())
            .number("log_bytes", self.log_bytes)
            .number("log_bytes_on_disk", self.log_bytes_on_disk)
            .number("log_segments", self.log_segments)
            .number("index_bytes_on_disk", self.index_bytes_on_disk)
            .number("index_entries", self.index_entries)
            .number("delta_bytes", self.delta_bytes)
            .number("index_memory_bytes", self.index_memory_bytes)
            .value("indexes", self.indexes.iter().map(IndexInfo::to_value).collect::<Vec<Value>>())
            .number("index_lag", self.index_lag)
            .number("commit_groups", self.commits.groups)
            .number("commit_requests", self.commits.requests)
            .number("syncs", self.commits.syncs)
            .number("sync_us", self.commits.sync_us)
            .value("caches", caches.collect::<Vec<Value>>())
            .number("checkpoint_size", self.checkpoint_size)
            .number("checkpoint_age_us", self.checkpoint_age_us)
            .number("clock_steps", self.clock_steps.count)
            .value("clock_step_last_us", self.clock_steps.last.map_or(Value::Null, |step| Value::from(step.by_us)))
            .maybe_text("clock_step_noticed_at", self.clock_steps.last.map(|step| step.noticed_at))
            .maybe_text("background_failure", self.background_failure.as_ref())
            .finish()
    }
}
