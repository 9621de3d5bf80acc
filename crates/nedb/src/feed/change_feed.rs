//! A feed of operations that goes on as the database does.

use std::sync::Arc;

use nedb_log::LogStore;
use nedb_types::{Result, Seq};

use super::{Entries, Entry};
use crate::{database::Database, engine::Engine};

/// All operations from one seq on, past and to come, each exactly once and in order.
///
/// It is a place in the log, not a queue: it never overflows, never expires, and a reader that comes back after a restart
/// with the last seq it handled misses nothing. It tells only what is durable.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let mut feed = db.subscribe(None);
/// db.put("users", "ada", Body::json("{}"))?;
/// let entry = feed.next_within(1_000_000)?.expect("the put is durable");
/// assert_eq!(entry.id.as_str(), Some("ada"));
/// assert!(feed.try_next()?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ChangeFeed {
    entries: Entries,
    engine: FeedEngine,
    next_seq: u64,
}

struct FeedEngine(Arc<Engine>);

impl std::fmt::Debug for FeedEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("FeedEngine").field(&self.0.dir).finish()
    }
}

impl FeedEngine {
    fn durable_size(&self) -> u64 {
        self.0.log.durable().size.min(self.0.published.size())
    }
}

impl ChangeFeed {
    /// The next operation, when there is one already.
    pub fn try_next(&mut self) -> Result<Option<Entry>> {
        if let Some(entry) = self.entries.next() {
            return self.count(entry).map(Some);
        }
        let end = self.engine.durable_size();
        if self.next_seq >= end {
            return Ok(None);
        }
        self.entries = Entries::new(Arc::clone(&self.engine.0), self.next_seq, end);
        match self.entries.next() {
            Some(entry) => self.count(entry).map(Some),
            None => Ok(None),
        }
    }

    /// The next operation; `None` when none has become durable within this time. Error `closed` once the database is closed
    /// and everything was told.
    pub fn next_within(&mut self, timeout_us: u64) -> Result<Option<Entry>> {
        if let Some(entry) = self.try_next()? {
            return Ok(Some(entry));
        }
        self.engine.0.check_open()?;
        let next_seq = self.next_seq;
        self.engine
            .0
            .published
            .wait(timeout_us, || self.engine.durable_size() > next_seq || self.engine.0.check_open().is_err());
        self.try_next()
    }

    /// The seq that comes next.
    pub fn position(&self) -> Seq {
        Seq::new(self.next_seq)
    }

    fn count(&mut self, entry: Result<Entry>) -> Result<Entry> {
        let entry = entry?;
        self.next_seq = entry.seq.get() + 1;
        Ok(entry)
    }
}

impl Database {
    /// Follows the history from after a seq (`None`: from its beginning).
    ///
    /// ```
    /// use nedb::{Body, Database};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let mut feed = db.subscribe(None);
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let first = feed.next_within(1_000_000)?.expect("it is durable");
    /// assert_eq!(first.collection.as_str(), "users");
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe(&self, after: Option<Seq>) -> ChangeFeed {
        let next_seq = after.map_or(0, |seq| seq.get().saturating_add(1));
        let engine = FeedEngine(Arc::clone(self.engine()));
        ChangeFeed { entries: Entries::new(Arc::clone(&engine.0), 0, 0), engine, next_seq }
    }
}
