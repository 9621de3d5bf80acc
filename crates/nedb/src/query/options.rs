//! How a query is run: its parameters, its bounds, and what its rows show.

use nedb_nql::Params;

use super::guard::CancelToken;
use crate::memory_pool::MemoryPool;

/// Memory that one query may hold unless it is told otherwise, in bytes: room to sort a million short rows.
pub const QUERY_MEMORY_BYTES_MAX: u64 = 512 << 20;

/// Which fields a row has when the query selects none, or selects `*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowFields {
    /// The document, `_id`, what the write said about itself, and `_score` after SEARCH.
    #[default]
    Document,
    /// `_seq` and `_ts` as well.
    System,
}

/// How to run a query. The defaults need no change.
///
/// ```
/// use nedb::{Body, Database, QueryOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let options = QueryOptions::new().param("year", 1800).deadline_us(2_000_000);
/// let rows: Vec<_> = db.query_with("FROM users WHERE born > $year", &options)?.collect::<Result<_, _>>()?;
/// assert_eq!(rows[0].to_json()?, r#"{"born":1815,"_id":"ada"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct QueryOptions {
    pub(crate) params: Params,
    pub(crate) deadline_us: Option<u64>,
    pub(crate) memory_bytes_max: u64,
    pub(crate) memory_pool: Option<MemoryPool>,
    pub(crate) cancel: CancelToken,
    pub(crate) row_fields: RowFields,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            params: Params::default(),
            deadline_us: None,
            memory_bytes_max: QUERY_MEMORY_BYTES_MAX,
            memory_pool: None,
            cancel: CancelToken::new(),
            row_fields: RowFields::default(),
        }
    }
}

impl QueryOptions {
    /// The defaults: no parameters, no deadline, 512 MiB of memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a parameter its value.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<nedb_types::Value>) -> Self {
        self.params = self.params.with(name, value);
        self
    }

    /// Gives all parameters at once.
    #[must_use]
    pub fn params(mut self, params: Params) -> Self {
        self.params = params;
        self
    }

    /// Ends the query with `query_timeout` this many microseconds after it began.
    #[must_use]
    pub fn deadline_us(mut self, deadline_us: u64) -> Self {
        self.deadline_us = Some(deadline_us);
        self
    }

    /// Ends the query at the latest this many microseconds after it began: an earlier deadline stays.
    #[must_use]
    pub fn deadline_us_max(mut self, deadline_us: u64) -> Self {
        self.deadline_us = Some(self.deadline_us.map_or(deadline_us, |earlier| earlier.min(deadline_us)));
        self
    }

    /// Ends the query with `query_memory_exceeded` when sorting, grouping or walking would hold more than this.
    #[must_use]
    pub fn memory_bytes_max(mut self, bytes: u64) -> Self {
        self.memory_bytes_max = bytes;
        self
    }

    /// Ends the query with `busy` when it would hold more than others leave of a pool.
    #[must_use]
    pub fn memory_pool(mut self, pool: MemoryPool) -> Self {
        self.memory_pool = Some(pool);
        self
    }

    /// Ends the query with `cancelled` once the token is used.
    #[must_use]
    pub fn cancel(mut self, token: CancelToken) -> Self {
        self.cancel = token;
        self
    }

    /// Which fields rows have when the query does not say so.
    #[must_use]
    pub fn row_fields(mut self, fields: RowFields) -> Self {
        self.row_fields = fields;
        self
    }
}
