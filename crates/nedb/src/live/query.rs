//! A query that is answered again and again.

use std::sync::Arc;

use nedb_crypto::sha256;
use nedb_nql::{BoundStatement, Plan};
use nedb_types::{Digest, Error, ErrorCode, Result};

use super::{LiveChange, LiveWatch, edits::Edits};
use crate::{
    database::Database,
    query::{QueryOptions, QueryRow, Rows},
};

/// How many rows a live query has at most: it keeps a digest of each.
pub const LIVE_ROWS_MAX: usize = 100_000;

/// A query whose rows are followed: first all of them, then what is different.
///
/// It answers at the head whenever it is asked and due; commits between two answers are one change. It keeps a digest of each row, no
/// rows. Rows are compared by their fields.
///
/// ```
/// use nedb::{Body, Database, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// let mut live = db.live("FROM orders WHERE state = 'open' COUNT", &QueryOptions::new())?;
/// let first = live.next_within(1_000_000)?.expect("the first answer is always there");
/// assert_eq!(first.inserted[0].1.to_json()?, r#"{"count":0}"#);
/// db.put("orders", "17", Body::json(r#"{"state": "open"}"#))?;
/// let next = live.next_within(1_000_000)?.expect("an order was opened");
/// assert_eq!((next.removed, next.inserted[0].1.to_json()?), (vec![0], r#"{"count":1}"#.to_owned()));
/// assert!(live.next_within(0)?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LiveQuery {
    db: Database,
    plan: Box<Plan>,
    options: QueryOptions,
    watch: LiveWatch,
    /// The digests of the rows of the last answer.
    rows: Vec<Digest>,
    is_answered: bool,
    answers: u64,
}

impl Database {
    /// Follows the rows of a query from now on.
    ///
    /// Deadline and memory of the options are those of each answer; the rows of an answer count for the memory too.
    ///
    /// Errors: `unsupported` for a query AS OF a moment, EXPLAIN, HISTORY and DIFF; `query_syntax`, `query_parameter`.
    ///
    /// ```
    /// use nedb::{Database, ErrorCode, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let past = db.live("FROM users AS OF 3", &QueryOptions::new());
    /// assert_eq!(past.unwrap_err().code(), ErrorCode::Unsupported);
    /// # Ok(())
    /// # }
    /// ```
    pub fn live(&self, nql: &str, options: &QueryOptions) -> Result<LiveQuery> {
        let plan = match nedb_nql::parse(nql)?.bind(&options.params)? {
            BoundStatement::Query(plan) => plan,
            BoundStatement::Explain(_) => return Err(refused("EXPLAIN")),
            BoundStatement::History { .. } => return Err(refused("HISTORY")),
            BoundStatement::Diff { .. } => return Err(refused("DIFF")),
        };
        if plan.as_of.is_some() {
            return Err(refused("a query AS OF a moment"));
        }
        let watch = LiveWatch::new(Arc::clone(self.engine()), &plan);
        let options = options.clone();
        Ok(LiveQuery { db: self.clone(), plan, options, watch, rows: Vec::new(), is_answered: false, answers: 0 })
    }
}

fn refused(what: &str) -> Error {
    Error::new(ErrorCode::Unsupported, format!("{what} cannot be followed: a live query is FROM without AS OF"))
}

impl LiveQuery {
    /// What is different now; `None` when nothing is. The first time it is all rows, also when there are none.
    ///
    /// Errors: those of the query; `query_memory_exceeded` also when there are more rows than [`LIVE_ROWS_MAX`]; `closed`. The query may be
    /// asked again, and then goes on from its last answer.
    pub fn try_next(&mut self) -> Result<Option<LiveChange>> {
        if !self.watch.is_due()? {
            return Ok(None);
        }
        let is_first = !self.is_answered;
        let change = self.answer(is_first)?;
        Ok(Some(change).filter(|change| is_first || !change.removed.is_empty() || !change.inserted.is_empty()))
    }

    /// What is different, as soon as something is; `None` when nothing was within this time.
    pub fn next_within(&mut self, timeout_us: u64) -> Result<Option<LiveChange>> {
        let engine = Arc::clone(self.db.engine());
        let begun_us = engine.io.clock.monotonic_us();
        loop {
            let size = engine.published.size();
            if let Some(change) = self.try_next()? {
                return Ok(Some(change));
            }
            let waited_us = engine.io.clock.monotonic_us().saturating_sub(begun_us);
            let Some(left_us) = timeout_us.checked_sub(waited_us).filter(|left_us| *left_us > 0) else {
                return Ok(None);
            };
            // A lifetime that ends now is over at the next microsecond.
            let wait_us = self.watch.due_in_us().map_or(left_us, |due_us| left_us.min(due_us.max(1)));
            engine.published.wait(wait_us, || engine.published.size() != size || engine.check_open().is_err());
        }
    }

    /// Goes on with another handle of the same database, such as a read-only one that was opened later and sees what others wrote since.
    ///
    /// The next change is what is different from the last answer. Watches that were taken before are those of the handle before.
    ///
    /// ```
    /// use nedb::{Body, Database, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// let mut live = db.live("FROM users COUNT", &QueryOptions::new())?;
    /// live.try_next()?;
    /// live.go_on_with(&db);
    /// assert!(live.try_next()?.is_none(), "nothing is different");
    /// # Ok(())
    /// # }
    /// ```
    pub fn go_on_with(&mut self, db: &Database) {
        self.watch = LiveWatch::new(Arc::clone(db.engine()), &self.plan);
        self.db = db.clone();
    }

    /// Tells, on any thread, whether the query is due.
    pub fn watch(&self) -> LiveWatch {
        self.watch.clone()
    }

    /// How often the query was answered.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Bytes that it keeps between two answers.
    pub fn memory_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Digest>()
    }

    fn answer(&mut self, is_first: bool) -> Result<LiveChange> {
        let snapshot = self.db.snapshot();
        let rows = collect(snapshot.execute(&self.plan, &self.options)?, self.options.memory_bytes_max)?;
        let digests: Vec<Digest> = rows.iter().map(|row| sha256(&[row.document().as_bytes()])).collect();
        let edits = Edits::between(&self.rows, &digests);
        self.watch.answered(&snapshot)?;
        (self.rows, self.is_answered) = (digests, true);
        self.answers += 1;
        let mut wanted = edits.inserted.into_iter().peekable();
        let inserted = rows.into_iter().enumerate().filter(|(at, _)| wanted.next_if_eq(at).is_some()).collect();
        Ok(LiveChange { seq: snapshot.seq(), is_whole: is_first, removed: edits.removed, inserted })
    }
}

/// Collects the rows of an answer within the limits of one that is live.
fn collect(answer: Rows, bytes_max: u64) -> Result<Vec<QueryRow>> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    let over = |what, name: &'static str, max, actual| {
        Err(Error::over_limit(ErrorCode::QueryMemoryExceeded, what, name, max, actual))
    };
    for row in answer {
        let row = row?;
        bytes += (row.document().as_bytes().len() + size_of::<QueryRow>()) as u64;
        rows.push(row);
        if rows.len() > LIVE_ROWS_MAX {
            return over("number of rows of a live query", "LIVE_ROWS_MAX", LIVE_ROWS_MAX as u64, rows.len() as u64);
        }
        if bytes > bytes_max {
            return over("memory of the rows of a live query", "memory_bytes_max", bytes_max, bytes);
        }
    }
    Ok(rows)
}
