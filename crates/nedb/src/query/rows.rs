//! The rows that answer a query.
//!
//! Promises: rows come in the defined order, one by one; what a query has to collect first (an order, groups, a walk) it
//! collected when it was begun, the rest is read as rows are taken. The first error ends the rows.

use std::{collections::VecDeque, sync::atomic::Ordering};

use nedb_types::{Collection, DocumentBuf, Object, Result, Seq};

use super::{
    course::{Course, QueryCourse, Way},
    guard::Guard,
    operator::{Source, history, project::Projection, scan::Visited},
};
use crate::{
    feed::Diff,
    read::{History, Snapshot},
    secondary::Wished,
};

/// How many candidates the first batch has; each further one has twice as many, up to the most.
const CANDIDATES_MIN: usize = 16;
const CANDIDATES_MAX: usize = 1024;

/// From how many visited documents on an index is worth a wish.
const WISHED_ROWS_MIN: u64 = 1_000;

/// One row of an answer.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// db.put("users", "ada", Body::json(r#"{"born": 1815}"#))?;
/// let row = db.query("FROM users")?.next().expect("there is one")?;
/// assert_eq!(row.to_json()?, r#"{"born":1815,"_id":"ada"}"#);
/// assert_eq!(row.seq().map(|seq| seq.get()), Some(0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QueryRow {
    document: DocumentBuf,
    origin: Option<(Collection, Seq)>,
}

impl QueryRow {
    pub(crate) fn made(document: DocumentBuf) -> Self {
        Self { document, origin: None }
    }

    fn of_object(object: &Object) -> Result<Self> {
        DocumentBuf::from_object(object).map(Self::made)
    }

    /// The fields of the row, in order.
    pub fn document(&self) -> &DocumentBuf {
        &self.document
    }

    /// The fields by value.
    pub fn into_document(self) -> DocumentBuf {
        self.document
    }

    /// The row as compact JSON.
    pub fn to_json(&self) -> Result<String> {
        self.document.as_document().to_json()
    }

    /// The version that the row shows; `None` for a group, a change, or a step of a plan.
    pub fn seq(&self) -> Option<Seq> {
        self.origin.as_ref().map(|(_, seq)| *seq)
    }

    /// The collection of the document that the row shows.
    pub fn collection(&self) -> Option<&Collection> {
        self.origin.as_ref().map(|(collection, _)| collection)
    }
}

/// Where rows come from.
pub(crate) enum RowSource {
    /// Documents, shown as the projection says.
    Documents { source: Box<dyn Source>, projection: Projection },
    /// Rows that are made already.
    Made(std::vec::IntoIter<QueryRow>),
    /// The rows of a join, shown already.
    Joined(Box<dyn Iterator<Item = Result<DocumentBuf>> + Send>),
    /// The versions of a document.
    History(History),
    /// The differences of two moments.
    Diff(Box<Diff>),
}

/// What an index would have been good for, told to the engine when the query is over.
pub(crate) struct Wish {
    snapshot: Snapshot,
    collection: Collection,
    wished: Wished,
    visited: Visited,
}

impl Wish {
    pub(crate) fn new(snapshot: &Snapshot, collection: Collection, wished: Wished, visited: Visited) -> Self {
        Self { snapshot: snapshot.clone(), collection, wished, visited }
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        let visited = self.visited.load(Ordering::Relaxed);
        if visited >= WISHED_ROWS_MIN {
            self.snapshot.engine().wish(&self.collection, &self.wished, visited);
        }
    }
}

/// The rows of an answer; an iterator.
///
/// ```
/// use nedb::{Body, Database};
/// # fn main() -> nedb::Result<()> {
/// let db = Database::in_memory()?;
/// for year in [1815, 1906, 1912] {
///     db.put("people", format!("p{year}"), Body::json(format!(r#"{{"born": {year}}}"#)))?;
/// }
/// let rows = db.query("FROM people WHERE born > 1900 ORDER BY born DESC SELECT _id")?;
/// let rows: Vec<String> = rows.map(|row| row?.to_json()).collect::<Result<_, _>>()?;
/// assert_eq!(rows, [r#"{"_id":"p1912"}"#, r#"{"_id":"p1906"}"#]);
/// # Ok(())
/// # }
/// ```
pub struct Rows {
    source: RowSource,
    guard: Guard,
    skip: u64,
    remaining: u64,
    candidates: usize,
    ready: VecDeque<QueryRow>,
    is_done: bool,
    /// That of the last row, which is nearly always that of the next one.
    collection: Option<Collection>,
    /// Told when the rows end, one way or another.
    wish: Option<Wish>,
    course: Option<Course>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Rows")
            .field("skip", &self.skip)
            .field("remaining", &self.remaining)
            .field("is_done", &self.is_done)
            .finish_non_exhaustive()
    }
}

impl Rows {
    pub(crate) fn new(source: RowSource, guard: Guard, offset: u64, limit: Option<u64>) -> Self {
        Self {
            source,
            guard,
            skip: offset,
            remaining: limit.unwrap_or(u64::MAX),
            candidates: CANDIDATES_MIN,
            ready: VecDeque::new(),
            is_done: false,
            collection: None,
            wish: None,
            course: None,
        }
    }

    /// Tells the engine at the end what would have helped.
    pub(crate) fn wishing(mut self, wish: Option<Wish>) -> Self {
        self.wish = wish;
        self
    }

    /// Says which way the rows come.
    pub(crate) fn along(mut self, course: Course) -> Self {
        self.course = Some(course);
        self
    }

    /// The way of a query, for the join that it belongs to.
    pub(crate) fn way(&self) -> Option<&Way> {
        match &self.course {
            Some(Course::Query(way)) => Some(way),
            _ => None,
        }
    }

    /// How the documents are reached, and how many were looked at so far; `None` for what is no query of documents.
    pub fn course(&self) -> Option<QueryCourse> {
        self.course.as_ref().map(Course::so_far)
    }

    pub(crate) fn elapsed_us(&self) -> u64 {
        self.guard.elapsed_us()
    }

    fn step(&mut self) -> Result<Option<QueryRow>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                self.remaining -= 1;
                return Ok(Some(row));
            }
            if self.is_done || self.remaining == 0 {
                return Ok(None);
            }
            self.is_done = !self.fetch()?;
        }
    }

    /// Makes the next rows ready; false when there are no more behind them.
    fn fetch(&mut self) -> Result<bool> {
        self.guard.check()?;
        let Self { source, guard, skip, remaining, candidates, ready, collection, .. } = self;
        match source {
            RowSource::Documents { source, projection } => {
                let wanted = usize::try_from(skip.saturating_add(*remaining)).unwrap_or(usize::MAX);
                let batch = wanted.clamp(1, *candidates);
                *candidates = (*candidates * 2).min(CANDIDATES_MAX);
                source.advance(guard, batch, &mut |view| {
                    // A batch of look-ups may be wider than what was asked for.
                    if ready.len() as u64 == *remaining {
                        return Ok(());
                    }
                    if *skip > 0 {
                        *skip -= 1;
                    } else {
                        if collection.as_ref().is_none_or(|known| known.as_str() != view.collection()) {
                            *collection = Some(Collection::new(view.collection())?);
                        }
                        let origin = collection.clone().map(|collection| (collection, view.seq()));
                        ready.push_back(QueryRow { document: projection.row(view)?, origin });
                    }
                    Ok(())
                })
            }
            RowSource::Made(rows) => {
                ready.extend(rows.nth(skip_all(skip)));
                Ok(!ready.is_empty())
            }
            RowSource::Joined(rows) => {
                for _ in 0..skip_all(skip) {
                    if rows.next().transpose()?.is_none() {
                        return Ok(false);
                    }
                }
                ready.extend(rows.next().transpose()?.map(QueryRow::made));
                Ok(!ready.is_empty())
            }
            RowSource::History(versions) => {
                if let Some(version) = versions.nth(skip_all(skip)).transpose()? {
                    ready.push_back(QueryRow::of_object(&history::version_object(&version)?)?);
                }
                Ok(!ready.is_empty())
            }
            RowSource::Diff(changes) => {
                // Documents may have been touched in great number and be as they were.
                if let Some(change) = changes.step(&mut || guard.check())? {
                    ready.push_back(QueryRow::of_object(&history::change_object(&change)?)?);
                }
                Ok(!ready.is_empty())
            }
        }
    }
}

/// How many rows to pass over now, which is then done.
fn skip_all(skip: &mut u64) -> usize {
    usize::try_from(std::mem::take(skip)).unwrap_or(usize::MAX)
}

impl Iterator for Rows {
    type Item = Result<QueryRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.step().transpose();
        if let Some(Err(_)) = &row {
            self.is_done = true;
            self.ready.clear();
        }
        if row.is_none() {
            self.wish = None;
        }
        row
    }
}
