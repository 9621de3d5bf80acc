//! What a call reads: the documents of one moment that a filter keeps.

use nedb::{AsOf, Database, IndexKind, IndexState, Params, QueryOptions, Rows, Seq, Snapshot};
use nedb_nql::{Aggregate, Grouping, Plan, Query};
use nedb_types::{Collection, FieldPath, Result};

use super::{document::Found, filter::Filter, narrow::narrow};

/// The least page of a plan: what an answer of few rows may cost more does not count.
const PAGE_ROWS_MIN: u64 = 16;

/// Reads at one moment; all reads of a call go through the same.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    db: Database,
    snapshot: Snapshot,
}

impl Reader {
    pub(super) fn new(db: &Database, as_of: AsOf) -> Result<Self> {
        let snapshot = match as_of {
            AsOf::Head => db.snapshot(),
            past => db.snapshot_at(past)?,
        };
        Ok(Self { db: db.clone(), snapshot })
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
        self.snapshot.execute(plan, &QueryOptions::new())
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
        let Some(row) = rows.next().transpose()? else { return Ok(0) };
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
            match self.rows.next().transpose()? {
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
