//! What a call reads: the documents of one moment that a filter keeps, within the bounds of the call.

use std::sync::Arc;

use nedb::{AsOf, Database, IndexKind, IndexState, Params, QueryBounds, QueryOptions, QueryRow, Rows, Seq, Snapshot};
use nedb_nql::{Aggregate, Grouping, Plan, Query};
use nedb_types::{Collection, Error, ErrorCode, FieldPath, Result};

use super::{document::Found, filter::Filter, memory::Budget, narrow::narrow};

/// The least page of a plan: what an answer of few rows may cost more does not count.
const PAGE_ROWS_MIN: u64 = 16;

/// How a call reads: as of which moment, for how long, and with how much memory.
///
/// ```
/// use nedb::{AsOf, CancelToken, Database, ErrorCode, QueryOptions};
/// use nedb_compat::mongo::{Client, ReadOptions};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("people", "ada", nedb::Body::json("{}"))?;
/// let token = CancelToken::new();
/// let options = ReadOptions::from(AsOf::Head).within(QueryOptions::new().deadline_us(1_000_000).cancel(token.clone()));
/// let mut all = Client::new(&db).collection("people").aggregate(&[], options)?;
/// token.cancel();
/// assert_eq!(all.next().expect("an error comes").unwrap_err().code(), ErrorCode::Cancelled);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    as_of: AsOf,
    bounds: QueryOptions,
}

impl From<AsOf> for ReadOptions {
    fn from(as_of: AsOf) -> Self {
        Self { as_of, bounds: QueryOptions::new() }
    }
}

impl ReadOptions {
    /// The present, without a deadline.
    pub fn new() -> Self {
        Self::default()
    }

    /// The moment that is asked.
    #[must_use]
    pub fn as_of(mut self, moment: impl Into<AsOf>) -> Self {
        self.as_of = moment.into();
        self
    }

    /// The deadline, the cancellation and the memory of a query, which hold for the call: its time runs from the call on, and each
    /// stage that keeps documents has the memory for itself.
    #[must_use]
    pub fn within(mut self, bounds: QueryOptions) -> Self {
        self.bounds = bounds;
        self
    }
}

/// Reads at one moment; all reads of a call go through the same.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    db: Database,
    snapshot: Snapshot,
    bounds: Arc<QueryBounds>,
}

impl Reader {
    pub(super) fn new(db: &Database, options: &ReadOptions) -> Result<Self> {
        let snapshot = match options.as_of {
            AsOf::Head => db.snapshot(),
            past => db.snapshot_at(past)?,
        };
        let bounds = Arc::new(QueryBounds::begin(&snapshot, &options.bounds));
        bounds.check()?;
        Ok(Self { db: db.clone(), snapshot, bounds })
    }

    /// The deadline and the cancellation of the call.
    pub(super) fn bounds(&self) -> &Arc<QueryBounds> {
        &self.bounds
    }

    /// The account of a part of the call that keeps documents.
    pub(super) fn budget(&self, holder: &'static str) -> Budget {
        Budget::within(holder, &self.bounds)
    }

    /// The last operation that is seen.
    pub(super) fn seq(&self) -> Option<Seq> {
        self.snapshot.seq()
    }

    /// The documents of a collection that a filter keeps, by id, of which about so many will be taken.
    pub(super) fn find(&self, collection: &str, filter: Filter, wanted: Option<u64>) -> Result<Matches> {
        let mut query = Query::all_of(Collection::new(collection)?);
        query.filter = narrow(&filter);
        // A scan is read as rows are taken, so nothing has to be known of their number.
        let wanted = wanted.filter(|_| query.filter.is_some());
        self.run(query.plan(&Params::new())?, filter, wanted)
    }

    /// The rows of a plan that the filter keeps, of which about so many will be taken.
    pub(super) fn run(&self, mut plan: Plan, filter: Filter, wanted: Option<u64>) -> Result<Matches> {
        plan.limit = wanted.map(|wanted| wanted.max(PAGE_ROWS_MIN));
        let rows = self.rows(&plan)?;
        Ok(Matches { reader: self.clone(), plan, filter, rows, seen: 0 })
    }

    fn rows(&self, plan: &Plan) -> Result<Rows> {
        self.snapshot.execute(plan, &self.bounds.remaining()).map_err(|error| self.told(error))
    }

    fn next(&self, rows: &mut Rows) -> Result<Option<QueryRow>> {
        rows.next().transpose().map_err(|error| self.told(error))
    }

    /// The error of a query of this call; when its time was over, that of the call.
    fn told(&self, error: Error) -> Error {
        match (error.code(), self.bounds.check()) {
            (ErrorCode::QueryTimeout, Err(of_the_call)) => of_the_call,
            _ => error,
        }
    }

    /// Whether an index on a field is ready that has its values in order.
    pub(super) fn has_index(&self, collection: &str, field: &FieldPath) -> bool {
        let field = field.to_string();
        self.db.indexes().iter().any(|index| {
            let is_on_values = matches!(index.kind, IndexKind::Eq | IndexKind::Ordered);
            is_on_values && index.state == IndexState::Ready && index.collection == collection && index.field == field
        })
    }

    /// How many documents a collection has.
    pub(super) fn count(&self, collection: &str) -> Result<u64> {
        let mut query = Query::all_of(Collection::new(collection)?);
        query.grouping = Some(Grouping { by: Vec::new(), aggregates: vec![Aggregate::Count], having: None });
        let mut rows = self.rows(&query.plan(&Params::new())?)?;
        let Some(row) = self.next(&mut rows)? else { return Ok(0) };
        let count = row.document().as_document().to_value()?;
        let count = count.as_object().and_then(|row| row.get(&Aggregate::Count.column())?.as_i64());
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// Whether a collection has a document with an id of the engine.
    pub(super) fn has(&self, collection: &str, key: &[u8]) -> Result<bool> {
        self.snapshot.get(collection, key).map(|row| row.is_some())
    }
}

/// The documents that a filter keeps, as they are asked for.
///
/// The planner is told how many rows will be taken. When the filter dismissed some of them, it is asked for the next ones, twice as many.
pub(super) struct Matches {
    reader: Reader,
    plan: Plan,
    filter: Filter,
    rows: Rows,
    /// How many rows of this page were looked at.
    seen: u64,
}

impl Matches {
    fn step(&mut self) -> Result<Option<Found>> {
        loop {
            match self.reader.next(&mut self.rows)? {
                Some(row) => {
                    self.seen += 1;
                    let found = Found::of(&row)?;
                    if self.filter.matches(&found.fields) {
                        return Ok(Some(found));
                    }
                }
                None if self.plan.limit != Some(self.seen) => return Ok(None),
                None => {
                    self.plan.offset += self.seen;
                    self.plan.limit = Some(self.seen.saturating_mul(2));
                    self.rows = self.reader.rows(&self.plan)?;
                    self.seen = 0;
                }
            }
        }
    }
}

impl Iterator for Matches {
    type Item = Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
