//! What keeps a query within its bounds: cancellation, deadline and memory.
//!
//! Promises: every loop of an operator passes here, so that a query ends soon after it was cancelled or its time is over,
//! and never holds more memory than it was given. Leaves to others: what an operator does when it is stopped; it drops
//! what it has.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use nedb_io::{Clock, Mutex};
use nedb_types::{Detail, Error, ErrorCode, Result};

use super::options::QueryOptions;
use crate::memory_pool::{MemoryPool, MemoryShare};

/// How many rows pass between two looks at the clock: some microseconds of work.
const ROWS_PER_LOOK: u32 = 64;

/// A handle that ends a running query from another thread.
///
/// ```
/// use nedb::{Body, CancelToken, Database, ErrorCode, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json("{}"))?;
/// let token = CancelToken::new();
/// token.cancel();
/// let refused = db.query_with("FROM users", &QueryOptions::new().cancel(token));
/// assert_eq!(refused.unwrap_err().code(), ErrorCode::Cancelled);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    is_cancelled: Arc<AtomicBool>,
    asks: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asks = self.asks.is_some();
        formatter.debug_struct("CancelToken").field("is_cancelled", &self.is_cancelled).field("asks", &asks).finish()
    }
}

impl CancelToken {
    /// A token that nobody has used yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that also asks: the query ends when the answer is yes. For a caller whose own thread must look at something while it works,
    /// such as the signals of an interpreter.
    ///
    /// It is asked some thousand times a second, by every thread that works on the query, and without a lock of the engine being held.
    ///
    /// ```
    /// use nedb::{Body, CancelToken, Database, ErrorCode, QueryOptions};
    /// # fn main() -> nedb::Result<()> {
    /// let db = Database::in_memory()?;
    /// db.put("users", "ada", Body::json("{}"))?;
    /// let refused = db.query_with("FROM users", &QueryOptions::new().cancel(CancelToken::asking(|| true)));
    /// assert_eq!(refused.unwrap_err().code(), ErrorCode::Cancelled);
    /// # Ok(())
    /// # }
    /// ```
    pub fn asking(ask: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_cancelled: Arc::default(), asks: Some(Arc::new(ask)) }
    }

    /// Ends every query that was given this token or a clone of it.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called, or who is asked says so.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed) || self.asks.as_ref().is_some_and(|asks| asks())
    }
}

/// The bounds of one running query.
#[derive(Debug)]
pub(crate) struct Guard {
    clock: Arc<dyn Clock>,
    cancel: CancelToken,
    started_us: u64,
    deadline_us: Option<u64>,
    memory_bytes_max: u64,
    memory_bytes: AtomicU64,
    /// What it holds of the memory that it shares with others.
    share: Option<Share>,
}

/// What a query holds of the memory that it shares, a step ahead of what it keeps, so that rows alone cost no look at it.
#[derive(Debug)]
struct Share {
    held: Mutex<MemoryShare>,
    /// Up to how many bytes it is counted.
    counted: AtomicU64,
}

/// How far ahead a query is counted.
const SHARE_STEP_BYTES: u64 = 64 << 10;

impl Guard {
    pub(crate) fn new(clock: &Arc<dyn Clock>, options: &QueryOptions) -> Self {
        Self {
            clock: Arc::clone(clock),
            cancel: options.cancel.clone(),
            started_us: clock.monotonic_us(),
            deadline_us: options.deadline_us,
            memory_bytes_max: options.memory_bytes_max,
            memory_bytes: AtomicU64::new(0),
            share: options.memory_pool.as_ref().map(Share::new),
        }
    }

    /// Microseconds since the query began.
    pub(crate) fn elapsed_us(&self) -> u64 {
        self.clock.monotonic_us().saturating_sub(self.started_us)
    }

    /// Refuses to go on when the query was cancelled or its time is over.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "the query was cancelled"));
        }
        let Some(deadline_us) = self.deadline_us else { return Ok(()) };
        let elapsed_us = self.elapsed_us();
        if elapsed_us < deadline_us {
            return Ok(());
        }
        let message = format!("the query ran for {elapsed_us} µs, its deadline deadline_us is {deadline_us}");
        let limit = Detail::Limit { name: "deadline_us".into(), max: deadline_us, actual: elapsed_us };
        Err(Error::new(ErrorCode::QueryTimeout, message).with_detail(limit))
    }

    /// Accounts for memory that an operator is about to keep.
    pub(crate) fn grow(&self, bytes: usize) -> Result<()> {
        let bytes = bytes as u64;
        let held = self.memory_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held <= self.memory_bytes_max {
            return self.share.as_ref().map_or(Ok(()), |share| share.grow(&self.memory_bytes));
        }
        let max = self.memory_bytes_max;
        Err(Error::over_limit(ErrorCode::QueryMemoryExceeded, "memory of the query", "memory_bytes_max", max, held))
    }

    /// Takes memory off the account.
    pub(crate) fn shrink(&self, bytes: usize) {
        self.memory_bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
        if let Some(share) = &self.share {
            share.shrink(&self.memory_bytes);
        }
    }
}

impl Share {
    fn new(pool: &MemoryPool) -> Self {
        Self { held: Mutex::new(pool.share()), counted: AtomicU64::new(SHARE_STEP_BYTES / 8) }
    }

    fn grow(&self, kept: &AtomicU64) -> Result<()> {
        if kept.load(Ordering::Relaxed) <= self.counted.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.count(&mut self.held.lock(), kept)
    }

    fn shrink(&self, kept: &AtomicU64) {
        if kept.load(Ordering::Relaxed) + 4 * SHARE_STEP_BYTES < self.counted.load(Ordering::Relaxed) {
            // It is less than before, which nobody is refused.
            let _less = self.count(&mut self.held.lock(), kept);
        }
    }

    /// Counts what is kept now, and a step; the lock decides who counts last.
    fn count(&self, held: &mut MemoryShare, kept: &AtomicU64) -> Result<()> {
        let counted = kept.load(Ordering::Relaxed) + SHARE_STEP_BYTES;
        held.set(usize::try_from(counted).unwrap_or(usize::MAX))?;
        self.counted.store(counted, Ordering::Relaxed);
        Ok(())
    }
}

/// Counts the rows of one loop, so that the clock is asked now and then only.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    rows: u32,
}

impl Pace {
    /// Lets one row pass.
    #[inline]
    pub(crate) fn row(&mut self, guard: &Guard) -> Result<()> {
        self.rows += 1;
        if self.rows < ROWS_PER_LOOK {
            return Ok(());
        }
        self.rows = 0;
        guard.check()
    }
}
